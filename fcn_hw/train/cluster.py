"""Who trains together: ``TF_CONFIG``, and the errors of workers that can't start.

``TF_CONFIG`` is what TensorFlow's cluster tools set for each worker (a JSON text, tensorflow.org,
"Multi-worker training with Keras")::

    {"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}

Worker 0 is the chief. The workers wait for one another in TensorFlow (``train/team.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fcn_hw.errors import ConfigError, FcnHwError

VARIABLE = "TF_CONFIG"

JOIN_TIMEOUT_S = 300.0
"""How long workers wait for one another at the start; loading data may take minutes."""

_MISSING = r"timed out task names:(\s*/job:\S+)+"
_IN_USE = "Could not start gRPC server"
"""Of TensorFlow's errors (2.21)."""

_SAME = "start the same command on every worker, with the same design and data"
_HOW_TO = (
    'each worker needs for instance {"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
    '"task": {"type": "worker", "index": 0}}, with its own index'
)


@dataclass(frozen=True)
class Cluster:
    """The workers of a training.

    Args:
        workers: ``host:port`` of each; the first one is the chief.
        index: of this process.
    """

    workers: tuple[str, ...]
    index: int

    @property
    def chief(self) -> bool:
        return self.index == 0


def cluster_of(environment: Mapping[str, str]) -> Cluster:
    """The cluster that ``TF_CONFIG`` describes.

    Raises:
        ConfigError: it is missing or malformed; says what is wrong.
    """
    text = environment.get(VARIABLE, "").strip()
    if not text:
        raise ConfigError(f"{VARIABLE} is not set: it names the workers", hint=_HOW_TO)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{VARIABLE} is not JSON: {error}", hint=_HOW_TO) from error
    problem = _problem(content)
    if problem:
        raise ConfigError(f"{VARIABLE}: {problem}", hint=_HOW_TO)
    return Cluster(tuple(content["cluster"]["worker"]), content["task"]["index"])


def _problem(content: object) -> str:
    """What is wrong with the content of ``TF_CONFIG``, or an empty text."""
    if not isinstance(content, dict):
        return "it is no object"
    cluster, task = content.get("cluster"), content.get("task")
    if not isinstance(cluster, dict) or not isinstance(task, dict):
        return "it needs the keys 'cluster' and 'task'"
    if set(cluster) != {"worker"}:
        kinds = ", ".join(map(str, sorted(cluster))) or "nothing"
        return f"the cluster may hold workers only (it holds {kinds}); worker 0 is the chief"
    workers = cluster["worker"]
    if not isinstance(workers, list) or not workers:
        return "cluster.worker is no list of addresses"
    for address in workers:
        match = re.fullmatch(r"\S+:(\d+)", address) if isinstance(address, str) else None
        if match is None or not 0 < int(match[1]) < 65536:
            return f"'{address}' is no address: write host:port"
    if len(set(workers)) < len(workers):
        return "two workers have the same address"
    index = task.get("index")
    if task.get("type") != "worker":
        return f"task.type is '{task.get('type')}', not 'worker'"
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(workers):
        return f"task.index {index!r} is none of 0 to {len(workers) - 1}"
    return ""


def not_joined(cluster: Cluster, said: str, timeout_s: float) -> FcnHwError:
    """The error for workers that TensorFlow waited for in vain.

    Args:
        cluster: all workers.
        said: the text of TensorFlow's error, which names tasks where the chief was there.
        timeout_s: how long was waited.
    """
    if _IN_USE in said:
        return FcnHwError(
            f"worker {cluster.index} can't listen at {cluster.workers[cluster.index]}",
            hint="its port is in use, perhaps by another process that was told to be worker "
            f"{cluster.index}; give each worker its own index, or another port, in {VARIABLE}",
        )
    missing = re.search(_MISSING, said)
    numbers = sorted({int(n) for n in re.findall(r"/task:(\d+)", missing[0] if missing else "")})
    if not numbers:
        return FcnHwError(
            f"training can't start: the chief, worker 0 ({cluster.workers[0]}), did not answer "
            f"within {timeout_s:g} s",
            hint="start worker 0 too; a chief whose model is up to date has nothing to do",
        )
    names = ", ".join(f"{number} ({cluster.workers[number]})" for number in numbers)
    return FcnHwError(
        f"training can't start: worker {names} did not report within {timeout_s:g} s",
        hint=_SAME,
    )


def check_subjects(cluster: Cluster, subjects: Sequence[str]) -> None:
    """Checks that all workers are about to do the same.

    Args:
        cluster: all workers.
        subjects: a digest of what each of them is about to do.

    Raises:
        FcnHwError: one is about to do something else than the chief. Every worker finds the same.
    """
    others = [index for index, subject in enumerate(subjects) if subject != subjects[0]]
    if others:
        names = ", ".join(f"{index} ({cluster.workers[index]})" for index in others)
        raise FcnHwError(
            f"training can't start: worker {names} has another design, other data, or another "
            "version of fcn_hw",
            hint=_SAME,
        )
