"""Who trains together: ``TF_CONFIG``, and the meeting of all workers before TensorFlow starts.

``TF_CONFIG`` is what TensorFlow's cluster tools set for each worker (a JSON text, tensorflow.org,
"Multi-worker training with Keras")::

    {"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}

Worker 0 is the chief. TensorFlow itself waits for ever for a worker that does not come, and trains
whatever each worker was told to. So the workers meet first, at the chief's address: all are there
within a time, and all train the same, or each of them gets an error.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from fcn_hw.errors import ConfigError, FcnHwError

VARIABLE = "TF_CONFIG"

JOIN_TIMEOUT_S = 300.0
"""How long workers wait for one another at the start; loading data may take minutes."""

_RETRY_S = 0.2
_WORD_TIMEOUT_S = 5.0
_MESSAGE_BYTES = 4096
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


def meet(cluster: Cluster, subject: str, timeout_s: float = JOIN_TIMEOUT_S) -> None:
    """Returns when all workers are there and have the same ``subject``.

    Args:
        cluster: all of them.
        subject: a digest of what this worker is about to do.
        timeout_s: how long to wait.

    Raises:
        FcnHwError: a worker did not come in time, or came with another subject; the chief and all
            workers that are there get an error.
    """
    deadline = time.monotonic() + timeout_s
    if cluster.chief:
        _receive(cluster, subject, deadline, timeout_s)
    else:
        _report(cluster, subject, deadline, timeout_s)


def _receive(cluster: Cluster, subject: str, deadline: float, timeout_s: float) -> None:
    """The chief's part: waits for all others, then tells them to go on."""
    port = int(cluster.workers[0].rpartition(":")[2])
    there: dict[int, socket.socket] = {}
    with ExitStack() as sockets:
        try:
            server = sockets.enter_context(socket.create_server(("", port)))
        except OSError as error:
            raise FcnHwError(
                f"the chief can't listen on port {port}: {os.strerror(error.errno or 0)}",
                hint=f"give worker 0 another port in {VARIABLE}, on every worker",
            ) from error
        problem = ""
        while len(there) < len(cluster.workers) - 1 and not problem:
            server.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                connection, _ = server.accept()
            except TimeoutError:
                missing = sorted(set(range(1, len(cluster.workers))) - set(there))
                names = ", ".join(f"{index} ({cluster.workers[index]})" for index in missing)
                problem = f"worker {names} did not report within {timeout_s:g} s"
                break
            sockets.enter_context(connection)
            index, theirs = _said(connection, len(cluster.workers))
            if index in there:
                problem = f"two processes say that they are worker {index}"
            elif index and theirs != subject:
                problem = (
                    f"worker {index} ({cluster.workers[index]}) has another design, other data, "
                    "or another version of fcn_hw"
                )
            if index:
                there[index] = connection
        for connection in there.values():
            try:
                connection.sendall(json.dumps(problem).encode())
                connection.settimeout(_WORD_TIMEOUT_S)
                connection.recv(1)  # the worker closes first: the port is free for TensorFlow
            except OSError:
                continue  # it died; TensorFlow will say so
    if problem:
        raise FcnHwError(
            f"training can't start: {problem}",
            hint="start the same command on every worker, with the same design and data",
        )


def _said(connection: socket.socket, size: int) -> tuple[int, str]:
    """A worker's index and subject; index 0: no worker, or one that died and will be missed."""
    connection.settimeout(_WORD_TIMEOUT_S)
    try:
        index, subject = json.loads(connection.recv(_MESSAGE_BYTES))
    except (OSError, ValueError, TypeError):
        return 0, ""
    known = isinstance(index, int) and 0 < index < size and isinstance(subject, str)
    return (index, subject) if known else (0, "")


def _report(cluster: Cluster, subject: str, deadline: float, timeout_s: float) -> None:
    """A worker's part: reports to the chief, and waits for its word."""
    host, _, port = cluster.workers[0].rpartition(":")
    lost = FcnHwError(
        f"training can't start: the chief, worker 0 ({cluster.workers[0]}), did not answer within "
        f"{timeout_s:g} s",
        hint="start worker 0 too; a chief whose model is up to date has nothing to do",
    )
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise lost
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=left) as chief:
                chief.sendall(json.dumps([cluster.index, subject]).encode())
                chief.settimeout(max(0.01, deadline - time.monotonic()) + 1.0)
                answer = chief.recv(_MESSAGE_BYTES)
        except TimeoutError as error:
            raise lost from error
        except OSError:
            answer = b""  # nobody listens there yet
        if answer:
            break
        time.sleep(_RETRY_S)
    problem = json.loads(answer)
    if problem:
        raise FcnHwError(f"training can't start: {problem}")
