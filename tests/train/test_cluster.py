"""TF_CONFIG, and the errors of workers that can't start."""

from __future__ import annotations

import json

import pytest

from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.train.cluster import Cluster, check_subjects, cluster_of, not_joined

GOOD = {
    "cluster": {"worker": ["one:2222", "10.0.0.2:2222"]},
    "task": {"type": "worker", "index": 1},
}


def test_a_good_text() -> None:
    cluster = cluster_of({"TF_CONFIG": json.dumps(GOOD)})
    assert cluster == Cluster(("one:2222", "10.0.0.2:2222"), 1)
    assert not cluster.chief and Cluster(cluster.workers, 0).chief


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "TF_CONFIG is not set: it names the workers"),
        ("  ", "TF_CONFIG is not set: it names the workers"),
        ("{", "TF_CONFIG is not JSON: Expecting property name"),
        ("[]", "TF_CONFIG: it is no object"),
        ('{"cluster": {}}', "TF_CONFIG: it needs the keys 'cluster' and 'task'"),
    ],
)
def test_what_is_no_such_text_is_one_clear_line(text: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cluster_of({} if text is None else {"TF_CONFIG": text})
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)
    assert '"task": {"type": "worker", "index": 0}' in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"cluster": {"worker": ["a:1"], "ps": ["b:1"]}},
            "the cluster may hold workers only (it holds ps, worker); worker 0 is the chief",
        ),
        (
            {"cluster": {}},
            "the cluster may hold workers only (it holds nothing); worker 0 is the chief",
        ),
        ({"cluster": {"worker": "a:1"}}, "cluster.worker is no list of addresses"),
        ({"cluster": {"worker": []}}, "cluster.worker is no list of addresses"),
        ({"cluster": {"worker": ["a"]}}, "'a' is no address: write host:port"),
        ({"cluster": {"worker": ["a:0"]}}, "'a:0' is no address: write host:port"),
        ({"cluster": {"worker": ["a:70000"]}}, "'a:70000' is no address: write host:port"),
        ({"cluster": {"worker": [3]}}, "'3' is no address: write host:port"),
        ({"cluster": {"worker": ["a:1", "a:1"]}}, "two workers have the same address"),
        ({"task": {"type": "chief", "index": 0}}, "task.type is 'chief', not 'worker'"),
        ({"task": {"index": 0}}, "task.type is 'None', not 'worker'"),
        ({"task": {"type": "worker"}}, "task.index None is none of 0 to 1"),
        ({"task": {"type": "worker", "index": 2}}, "task.index 2 is none of 0 to 1"),
        ({"task": {"type": "worker", "index": -1}}, "task.index -1 is none of 0 to 1"),
        ({"task": {"type": "worker", "index": True}}, "task.index True is none of 0 to 1"),
        ({"task": {"type": "worker", "index": "0"}}, "task.index '0' is none of 0 to 1"),
    ],
)
def test_each_wrong_entry_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cluster_of({"TF_CONFIG": json.dumps(GOOD | changes)})
    assert str(caught.value) == f"TF_CONFIG: {message}"


# --- what TensorFlow says of workers that are missing, as it was seen with 2.21 ------------------

WORKERS = ("one:2222", "two:2222", "three:2222")

MISSING = """Barrier timed out. Id: [Init]Wait_for_all_tasks_to_register::0. This usually happens \
because a task triggered the barrier too early or too slowly.
# of tasks that reached the barrier: 1/3.
The first task at the barrier: /job:worker/replica:0/task:0. Some timed out task names:
/job:worker/replica:0/task:2
/job:worker/replica:0/task:1

Additional GRPC error information from remote target /job:worker/replica:0/task:0 while calling \
/tensorflow.CoordinationService/RegisterTask
"""


@pytest.mark.parametrize(
    ("index", "said", "message", "hint"),
    [
        (
            0, MISSING,
            "training can't start: worker 1 (two:2222), 2 (three:2222) did not report within 0.5 s",
            "start the same command on every worker",
        ),
        (
            1, "Deadline Exceeded\nAdditional GRPC error information from remote target "
            "/job:worker/replica:0/task:0 while calling /tensorflow.CoordinationService",
            "training can't start: the chief, worker 0 (one:2222), did not answer within 0.5 s",
            "start worker 0 too",
        ),
        (
            0, "Could not start gRPC server", "worker 0 can't listen at one:2222",
            "perhaps by another process that was told to be worker 0",
        ),
    ],
)  # fmt: skip
def test_who_is_missing_is_named(index: int, said: str, message: str, hint: str) -> None:
    error = not_joined(Cluster(WORKERS, index), said, 0.5)
    assert str(error) == message
    assert hint in error.hint


def test_a_worker_with_something_else_is_named() -> None:
    cluster = Cluster(WORKERS, 1)
    check_subjects(cluster, ["a", "a", "a"])
    with pytest.raises(FcnHwError) as caught:
        check_subjects(cluster, ["a", "a", "b"])
    assert str(caught.value) == (
        "training can't start: worker 2 (three:2222) has another design, other data, or another "
        "version of fcn_hw"
    )
