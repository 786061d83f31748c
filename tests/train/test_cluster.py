"""TF_CONFIG, and how workers meet."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.train.cluster import Cluster, cluster_of, meet

GOOD = {
    "cluster": {"worker": ["one:2222", "10.0.0.2:2222"]},
    "task": {"type": "worker", "index": 1},
}


def test_a_good_text():
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
def test_what_is_no_such_text_is_one_clear_line(text, message):
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
def test_each_wrong_entry_is_named(changes, message):
    with pytest.raises(ConfigError) as caught:
        cluster_of({"TF_CONFIG": json.dumps(GOOD | changes)})
    assert str(caught.value) == f"TF_CONFIG: {message}"


# --- meeting ------------------------------------------------------------------------------------


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def met(subjects, timeout_s=20.0, absent=()):
    """What each worker got: "there" or the error's text."""
    workers = tuple(f"127.0.0.1:{port}" for port in free_ports(len(subjects)))
    found = {}

    def work(index):
        try:
            meet(Cluster(workers, index), subjects[index], timeout_s)
            found[index] = "there"
        except FcnHwError as error:
            found[index] = str(error).replace(workers[0], "chief").replace(workers[-1], "last")

    threads = [
        threading.Thread(target=work, args=(index,))
        for index in range(len(subjects))
        if index not in absent
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_workers_of_one_subject_meet_twice():
    for _ in range(2):
        assert met(["a", "a", "a"]) == {0: "there", 1: "there", 2: "there"}
    assert met(["alone"]) == {0: "there"}


def test_a_worker_with_something_else_stops_all():
    message = (
        "training can't start: worker 2 (last) has another design, other data, or another version "
        "of fcn_hw"
    )
    found = met(["a", "a", "b"], timeout_s=3.0)
    assert found[0] == found[2] == message
    assert found[1].startswith("training can't start: ")


def test_two_processes_of_one_index_stop_all():
    workers = tuple(f"127.0.0.1:{port}" for port in free_ports(3))
    texts = []

    def work(index):
        with pytest.raises(FcnHwError) as caught:
            meet(Cluster(workers, index), "a", 3.0)
        texts.append(str(caught.value))

    threads = [threading.Thread(target=work, args=(index,)) for index in (0, 1, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert "training can't start: two processes say that they are worker 1" in texts
    assert len(texts) == 3


def test_a_missing_worker_is_named():
    message = "training can't start: worker 2 (last) did not report within 0.5 s"
    assert met(["a", "a", "a"], timeout_s=0.5, absent=[2])[0] == message


def test_a_missing_chief_is_named():
    assert met(["a", "a"], timeout_s=0.5, absent=[0]) == {
        1: "training can't start: the chief, worker 0 (chief), did not answer within 0.5 s"
    }


def test_a_port_in_use_is_named():
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FcnHwError) as caught:
            meet(Cluster((f"127.0.0.1:{port}", "127.0.0.1:1"), 0), "a", 1.0)
    assert str(caught.value) == f"the chief can't listen on port {port}: Address already in use"


def test_strangers_at_the_port_are_ignored():
    (port,) = free_ports(1)
    workers = (f"127.0.0.1:{port}", "127.0.0.1:1")
    results = []
    chief = threading.Thread(target=lambda: results.append(meet(Cluster(workers, 0), "a", 20.0)))
    chief.start()
    for words in (b"GET / HTTP/1.1\r\n\r\n", b"", b"[]", b'["x", "a"]', b'[7, "a"]'):
        for _ in range(100):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
                    stranger.sendall(words)
                break
            except ConnectionRefusedError:
                threading.Event().wait(0.05)
    meet(Cluster(workers, 1), "a", 20.0)
    chief.join(30)
    assert results == [None]
