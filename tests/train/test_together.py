"""Several processes train one design; workers are real processes that talk over the loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fcn_hw.design_yaml import load_design
from fcn_hw.train.datasets import load_dataset
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.run import train
from fcn_hw.train.stored_weights import read_weights

# 13 images in steps of 6: the last step has one image, and a worker that has none.
DESIGN = """
name: tiny
dataset: {kind: digit_scenes, height: 24, width: 32, train_images: 13, val_images: 4, seed: 1}
network: {kind: fcn16s, filters: [4, 6], head_filters: 8, upsampling: bilinear}
training:
  {batch_size: 6, float_epochs: 2, retrain_epochs: 2, learning_rate: 0.01,
   retrain_learning_rate: 0.005, calibration_images: 4}
"""

TOLERANCE = 2e-4
"""Of a weight after 12 steps. Two workers add float32 gradients in another order than one does, and
Adam divides small ones by their own size; nothing else may differ."""


def project(folder: Path, text: str = DESIGN) -> Path:
    design = folder / "hls_projects" / "tiny"
    design.mkdir(parents=True)
    (design / "design.yaml").write_text(text)
    return design


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def start(roots: list[Path]) -> list[subprocess.Popen[str]]:
    """A worker for each folder; the first is the chief."""
    workers = [f"127.0.0.1:{port}" for port in free_ports(len(roots))]
    processes = []
    for index, root in enumerate(roots):
        config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        processes.append(
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "fcn_hw", "train", "tiny"),
                    *("--root", str(root), "--strategy", "multi-worker"),
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "TF_CONFIG": json.dumps(config)},
            )
        )
    return processes


@pytest.fixture
def workers() -> Iterator[Callable[[list[Path]], list[subprocess.Popen[str]]]]:
    """Starts workers that do not outlive the test."""
    started = []

    def begin(roots: list[Path]) -> list[subprocess.Popen[str]]:
        processes = start(roots)
        started.extend(processes)
        return processes

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_two_workers_train_the_model_of_one(tmp_path: Path, workers: Any) -> None:
    chief, other = project(tmp_path / "chief"), project(tmp_path / "other")
    processes = workers([tmp_path / "chief", tmp_path / "other"])
    texts = [process.communicate(timeout=400)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], texts
    assert "worker 1 of 2, for the chief at 127.0.0.1:" in texts[1]
    assert [path.name for path in other.iterdir()] == ["design.yaml"]  # only the chief writes

    design = load_design(chief / "design.yaml")
    alone = tmp_path / "alone"
    result = train(design, load_dataset(design.dataset), alone, progress=False)
    stored = json.loads((chief / "model" / "training.json").read_text())
    expected = json.loads((alone / "training.json").read_text())
    assert stored["epochs"] == expected["epochs"] == {"float": 2, "retrain": 2}
    assert (chief / "model" / "precision.json").read_text() == (
        alone / "precision.json"
    ).read_text()
    for phase in ("float", "retrain"):
        ours, theirs = (
            npz(folder / "checkpoints" / f"{phase}.npz") for folder in (chief / "model", alone)
        )
        assert ours.keys() == theirs.keys() and len(ours) > 10
        for name in ours.keys() - {"json"}:
            np.testing.assert_allclose(ours[name], theirs[name], TOLERANCE, TOLERANCE, name)
    trained, reference = (
        read_weights(folder / "float.h5", design_topology(design))
        for folder in (chief / "model", alone)
    )
    for name, (kernel, _) in trained.items():
        np.testing.assert_allclose(kernel, reference[name][0], TOLERANCE, TOLERANCE)
    assert result.epochs == {"float": 2, "retrain": 2}


def npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def facts_of(path: Path) -> Any:
    return json.loads(npz(path)["json"].tobytes())["facts"]


def epochs_kept(path: Path) -> int:
    if not path.is_file():
        return 0
    return int(facts_of(path)["epoch"])


@pytest.mark.slow
def test_a_dead_worker_is_an_error_and_finished_epochs_are_kept(
    tmp_path: Path, workers: Any
) -> None:
    text = DESIGN.replace("{batch_size: 6, float_epochs: 2", "{batch_size: 6, float_epochs: 3000")
    text = text.replace("{batch_size", "{patience: 3000, batch_size")
    roots = [tmp_path / "chief", tmp_path / "other"]
    chief, _ = (project(root, text) for root in roots)
    processes = workers(roots)
    file = chief / "model" / "checkpoints" / "float.npz"
    deadline = time.monotonic() + 300
    while epochs_kept(file) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    processes[1].send_signal(signal.SIGKILL)
    said, _ = processes[0].communicate(timeout=120)
    assert processes[0].returncode == 2, said
    assert "error: a worker of this training is gone, and the others can't go on" in said
    assert "the chief's checkpoint holds every finished epoch" in said
    kept = epochs_kept(file)
    assert 2 <= kept < 3000

    processes = workers(roots)  # both again: the other one has no checkpoint of its own
    while epochs_kept(file) <= kept and time.monotonic() < deadline + 300:
        time.sleep(0.05)
    assert epochs_kept(file) > kept
    for process in processes:
        process.kill()
    assert len(facts_of(file)["history"]) == epochs_kept(file)


JOIN = """
import sys
from fcn_hw.errors import FcnHwError
from fcn_hw.train.cluster import Cluster
from fcn_hw.train.team import Team
workers, index, subject, seconds = sys.argv[1:]
try:
    team = Team(Cluster(tuple(workers.split(",")), int(index)), subject, float(seconds))
    print("there", team.agreed([int(index), "x" * 5]))
except FcnHwError as error:
    print(error)
"""


def joined(size: int, subjects: dict[int, str], seconds: float) -> tuple[list[str], list[str]]:
    """Addresses, and what the workers that come say; index and subject of each are given."""
    workers = [f"127.0.0.1:{port}" for port in free_ports(size)]
    processes = []
    for index, subject in subjects.items():
        config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        words = [",".join(workers), str(index), subject, str(seconds)]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", JOIN, *words], stdout=subprocess.PIPE, text=True,
                env={**os.environ, "TF_CONFIG": json.dumps(config)},
            )
        )  # fmt: skip
    return workers, [process.communicate(timeout=300)[0].strip() for process in processes]


@pytest.mark.slow
def test_a_worker_with_something_else_stops_all() -> None:
    workers, said = joined(2, {0: "a", 1: "b"}, 120.0)
    told = "has another design, other data, or another version of fcn_hw"
    assert said == [f"training can't start: worker 1 ({workers[1]}) {told}"] * 2


def test_a_missing_worker_is_named() -> None:
    workers, said = joined(2, {0: "a"}, 1.0)
    assert said == [f"training can't start: worker 1 ({workers[1]}) did not report within 1 s"]


@pytest.mark.slow
def test_a_missing_chief_is_named() -> None:
    workers, said = joined(2, {1: "a"}, 1.0)
    assert said == [
        f"training can't start: the chief, worker 0 ({workers[0]}), did not answer within 1 s"
    ]


def test_a_wrong_tf_config_is_one_line(tmp_path: Path) -> None:
    project(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "fcn_hw", "train", "tiny", "--root", str(tmp_path),
         "--strategy", "multi-worker"],
        capture_output=True, text=True, check=False, env={**os.environ, "TF_CONFIG": "{}"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "error: TF_CONFIG: it needs the keys 'cluster' and 'task'" in done.stderr
    assert "Traceback" not in done.stderr
