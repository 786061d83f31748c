"""A whole training on a tiny design: files, scores, resuming, refusals."""

from __future__ import annotations

import errno
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcn_hw.design import Design, Network
from fcn_hw.errors import ConfigError, DataError
from fcn_hw.frontend.model_file import load_model
from fcn_hw.results import read_result
from fcn_hw.train.datasets.base import DataSet, empty_split
from fcn_hw.train.networks import build_float
from fcn_hw.train.precision import PrecisionTable
from fcn_hw.train.predict import predict
from fcn_hw.train.run import train
from fcn_hw.train.store import save_model
from fcn_hw.train.topology import Shape, build_topology


@pytest.fixture
def mixed_design(tiny_design: Callable[..., Design]) -> Design:
    return tiny_design(
        precision={
            "layers": {
                "conv1_1": {"weight": 8, "activation": {"bits": 5, "integer": 1}},
                "conv2_1": {"weight": "ternary"},
                "score_pool1": {"weight": "binary"},
            }
        }
    )


def test_a_training_leaves_all_its_files(
    mixed_design: Any, squares: DataSet, tmp_path: Path
) -> None:
    result = train(mixed_design, squares, tmp_path, progress=False)
    names = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    pictures = [
        f"epochs/{phase}-{epoch:03}.png" for phase in ("float", "retrain") for epoch in (1, 2)
    ]
    assert names == [
        *("checkpoints/float.npz", "checkpoints/retrain.npz"),
        *(
            "direct.h5",
            "epochs.csv",
            *pictures,
            "float.h5",
            "precision.json",
            "quantized.h5",
            "training.json",
        ),
    ]
    report = json.loads((tmp_path / "training.json").read_text())
    for name, scores in (
        ("float", result.float),
        ("direct", result.direct),
        ("retrained", result.retrained),
    ):
        assert report[name]["miou"] == scores.miou
        assert 0 <= scores.miou <= scores.pixel_accuracy <= 1
        assert list(report[name]["iou"]) == ["ground", "green", "blue"]
    assert report["epochs"] == {"float": 2, "retrain": 2}
    assert report["parameters"] == result.parameters > 0
    assert result.retrained.miou >= result.direct.miou  # the direct state is the first candidate
    table = read_result(tmp_path / "precision.json", PrecisionTable)
    assert str(table.layers["conv1_1"].activation) == "ufixed<5,1,RND_CONV,SAT>"
    assert str(table.layers["conv2_1"].weight).startswith("ternary(2^")
    # Saved models predict what was scored.
    maps = predict(load_model(tmp_path / "quantized.h5"), squares.val.images, batch=4)
    valid = squares.val.masks != squares.void
    accuracy = np.mean((maps == squares.val.masks)[valid])
    assert accuracy == pytest.approx(result.retrained.pixel_accuracy)
    assert maps.dtype == np.uint8 and maps.shape == squares.val.masks.shape
    # The checkpoint keeps float shadow weights, the model holds the grid.
    kernel = load_model(tmp_path / "quantized.h5").get_layer("conv2_1").get_weights()[0]
    assert len(np.unique(np.abs(kernel))) <= 2
    files = np.load(tmp_path / "checkpoints" / "retrain.npz")
    shadows = [files[name] for name in files if name.startswith("best_")]
    shadow = next(array for array in shadows if array.shape == kernel.shape)
    assert len(np.unique(shadow)) > 100


def test_changed_precision_reuses_the_float_training(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    train(tiny_design(), squares, tmp_path, progress=False)
    before = (tmp_path / "checkpoints" / "float.npz").stat().st_mtime_ns
    weights = (tmp_path / "quantized.h5").read_bytes()
    wide = tiny_design(precision={"default": {"weight": 8, "activation": 8}})
    train(wide, squares, tmp_path, progress=False)
    assert (tmp_path / "checkpoints" / "float.npz").stat().st_mtime_ns == before
    assert (tmp_path / "quantized.h5").read_bytes() != weights


def test_the_teacher_may_be_another_network(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    settings = {"float_epochs": 1, "retrain_epochs": 1, "batch_size": 4}
    larger = Network(kind="fcn16s", filters=(8, 6))  # and of larger images
    folders = [tmp_path / name for name in ("larger", "own", "theirs", "from_the_start")]
    folders[0].mkdir()
    save_model(
        build_float(build_topology(larger, Shape(26, 40, 3), 3), batchnorm=False),
        folders[0] / "float.h5",
    )
    theirs = {"share": 0.9, "teacher": str(folders[0] / "float.h5")}
    for folder, given in zip(
        folders[1:], (0.9, theirs, {**theirs, "float_share": 0.9}), strict=True
    ):
        train(
            tiny_design(training={**settings, "distillation": given}),
            squares,
            folder,
            progress=False,
        )
    files = [np.load(folder / "checkpoints" / "retrain.npz") for folder in folders[1:]]
    assert not np.array_equal(files[0]["weights_0"], files[1]["weights_0"])
    floats = [np.load(folder / "checkpoints" / "float.npz")["weights_0"] for folder in folders[1:]]
    assert np.array_equal(floats[0], floats[1])
    assert not np.array_equal(floats[1], floats[2])


def test_a_teacher_that_does_not_fit(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    teacher = tmp_path / "float.h5"
    design = tiny_design(training={"distillation": {"teacher": str(teacher)}})

    def told() -> str:
        with pytest.raises(ConfigError) as caught:
            train(design, squares, tmp_path / "model", progress=False)
        return caught.value.message

    assert told() == f"{teacher}: there is no such model file"
    network = Network(kind="fcn16s", filters=(2, 2))
    save_model(build_float(build_topology(network, Shape(13, 18, 3), 4), batchnorm=False), teacher)
    assert told() == f"{teacher}: the model gives 4 scores a pixel, the data set has 3 classes"
    with pytest.raises(ValueError, match="greater than 0"):
        tiny_design(training={"distillation": {"share": 0, "teacher": "t.h5"}})


def test_several_workers_measure_no_normalizations(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    design = tiny_design(training={"norm_batches": 2})
    with pytest.raises(ConfigError) as caught:
        train(design, squares, tmp_path / "model", progress=False, team=object())  # type: ignore[arg-type]
    assert caught.value.message == (
        "training.norm_batches: one process measures normalizations, several workers can't"
    )


def test_distillation_is_a_matter_of_retraining_alone(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    settings = {"float_epochs": 1, "retrain_epochs": 1, "batch_size": 4}
    shadows, floats = [], set()
    for share in (0.0, 1.0, 0.0):
        design = tiny_design(training={**settings, "distillation": share})
        train(design, squares, tmp_path, progress=False)
        with np.load(tmp_path / "checkpoints" / "retrain.npz") as file:
            shadows.append(file["weights_0"])
        floats.add((tmp_path / "checkpoints" / "float.npz").stat().st_mtime_ns)
    assert len(floats) == 1
    assert not np.array_equal(shadows[0], shadows[1])
    assert np.array_equal(shadows[0], shadows[2])


def test_no_retraining_leaves_the_direct_network(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    design = tiny_design(training={"float_epochs": 1, "retrain_epochs": 0, "batch_size": 4})
    result = train(design, squares, tmp_path, progress=False)
    assert result.retrained == result.direct
    assert result.epochs == {"float": 1, "retrain": 0}


KILLED_IN_STEP = """
    import os, pickle, signal, sys
    from pathlib import Path
    from fcn_hw.train import loop, run

    steps, vary = [], loop.augment

    def augment(*arguments):
        steps.append(1)
        if len(steps) == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return vary(*arguments)

    loop.augment = augment
    design, data = pickle.loads(Path(sys.argv[1]).read_bytes())
    run.train(design, data, Path(sys.argv[2]), progress=False)
"""


def test_training_killed_by_the_system_ends_as_an_uninterrupted_one(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    design = tiny_design()  # 2 + 2 epochs of 3 steps: step 11 is in the middle of the last epoch
    whole = train(design, squares, tmp_path / "whole", progress=False)
    arguments = tmp_path / "arguments.pickle"
    arguments.write_bytes(pickle.dumps((design, squares)))
    command = [sys.executable, "-c", textwrap.dedent(KILLED_IN_STEP)]
    killed = subprocess.run(
        [*command, arguments, tmp_path / "part", "11"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "part" / "quantized.h5").exists()
    with np.load(tmp_path / "part" / "checkpoints" / "retrain.npz") as file:
        assert json.loads(file["json"].tobytes())["facts"]["epoch"] == 1
    resumed = train(design, squares, tmp_path / "part", progress=False)
    assert resumed.by_model() == whole.by_model()
    assert resumed.epochs == {"float": 2, "retrain": 2}
    pair = [load_model(tmp_path / run / "quantized.h5").get_weights() for run in ("part", "whole")]
    for a, b in zip(*pair, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_full_disk_keeps_the_last_whole_epoch(
    tiny_design: Callable[..., Design],
    squares: DataSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second checkpoint meets it: the first stays, and training goes on from there."""
    write, saved = Path.write_bytes, []

    def full(file: Path, content: bytes) -> int:
        if file.suffix == ".npz":
            saved.append(file)
            if len(saved) == 2:
                write(file, content[: len(content) // 2])
                raise OSError(errno.ENOSPC, "4096 requested and 10 written")
        return write(file, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError) as caught:
        train(tiny_design(), squares, tmp_path, progress=False)
    path = tmp_path / "checkpoints" / "float.npz"
    assert str(caught.value) == f"[Errno 28] No space left on device: '{path}'"
    assert [p for p in tmp_path.rglob("*.*") if p.suffix not in (".csv", ".png")] == [path]
    with np.load(path) as file:
        assert json.loads(file["json"].tobytes())["facts"]["epoch"] == 1
    result = train(tiny_design(), squares, tmp_path, progress=False)
    assert result.epochs == {"float": 2, "retrain": 2}
    assert len(saved) == 2 + 1 + 2  # epoch 1 was not repeated


def test_empty_split_is_an_error(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    empty = replace(squares, val=empty_split(13, 18, 3))
    with pytest.raises(DataError) as caught:
        train(tiny_design(), empty, tmp_path, progress=False)
    assert str(caught.value) == "data set 'squares': split 'val' is empty"


def test_other_image_size_is_an_error(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    design = tiny_design()
    other = design.model_copy(update={"dataset": design.dataset.model_copy(update={"height": 16})})
    with pytest.raises(ConfigError) as caught:
        train(other, squares, tmp_path, progress=False)
    assert str(caught.value) == ("dataset: the design says 16 x 18 pixels, the images have 13 x 18")


def test_a_repeated_class_is_one_of_the_data_set(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    design = tiny_design(training={"repeat": {"green": 2, "grond": 2}})
    with pytest.raises(ConfigError) as caught:
        train(design, squares, tmp_path, progress=False)
    assert str(caught.value) == "training.repeat: 'grond' is not a class of data set 'squares'"
    assert caught.value.hint.startswith("nearest: 'ground'")


def test_images_of_another_size_are_an_error(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path
) -> None:
    design = tiny_design(training={"float_epochs": 1, "retrain_epochs": 0})
    train(design, squares, tmp_path, progress=False)
    with pytest.raises(DataError) as caught:
        predict(load_model(tmp_path / "quantized.h5"), np.zeros((1, 8, 8, 3), np.uint8))
    assert str(caught.value).endswith("takes images of (13, 18, 3), not (8, 8, 3)")
