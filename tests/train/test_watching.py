"""What a training shows of itself while it runs."""

from __future__ import annotations

import csv
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.loop import Phase, PhaseState
from fcn_hw.train.predict import Bytes
from fcn_hw.train.watching import Watching


def phase(name: str, epochs: int) -> Phase:
    return Phase(name, epochs, 0.01, batch_size=4, patience=9, seed=1, augmentation=None)


def row(loss: float) -> dict[str, float]:
    return {"loss": loss, "score": 1 - loss, "learning_rate": 0.01, "seconds": 90.0}


def all_of(value: int, shape: tuple[int, int]) -> Callable[[Bytes], Bytes]:
    return lambda images: np.full((len(images), *shape), value, np.uint8)


def run(watch: Any, name: str, losses: list[float], epochs: int, shape: tuple[int, int]) -> None:
    """A phase from its start."""
    history: list[dict[str, float]] = []
    watch(phase(name, epochs), PhaseState(), all_of(0, shape))
    for epoch, loss in enumerate(losses, start=1):
        history.append(row(loss))
        state = PhaseState(epoch, best_epoch=1, history=history, finished=epoch == len(losses))
        watch(phase(name, epochs), state, all_of(epoch, shape))


def test_a_row_a_line_and_a_picture_for_each_epoch(squares: DataSet, tmp_path: Path) -> None:
    lines: list[str] = []
    shape = squares.val.masks.shape[1:]
    watch = Watching(tmp_path, squares, say=lines.append)
    run(watch, "float", [0.5, 0.25], 3, shape)
    run(watch, "retrain", [0.125], 1, shape)
    with (tmp_path / "epochs.csv").open() as file:
        assert [(r["phase"], r["epoch"], r["loss"], r["score"]) for r in csv.DictReader(file)] == [
            ("float", "1", "0.5", "0.5"), ("float", "2", "0.25", "0.75"),
            ("retrain", "1", "0.125", "0.875"),
        ]  # fmt: skip
    assert not (tmp_path / "tensorboard").exists()  # nobody asked for it
    assert lines == [
        "float 1/3: loss 0.5, mIoU 50.00 %; at most 3 min left",
        "float 2/3: loss 0.25, mIoU 75.00 %; ended with epoch 1",
        "retrain 1/1: loss 0.125, mIoU 87.50 %; ended with epoch 1",
    ]
    pictures = sorted((tmp_path / "epochs").iterdir())
    assert [path.name for path in pictures] == [
        "float-001.png", "float-002.png", "retrain-001.png",
    ]  # fmt: skip
    pixels = [np.asarray(Image.open(path)) for path in pictures]
    count = min(4, len(squares.val))
    assert pixels[0].shape[0] > count * shape[0] and pixels[0].shape[1] > 3 * shape[1]
    assert (pixels[0] != pixels[1]).any()  # another epoch, another class map
    assert (pixels[0] == pixels[2]).all()


def test_a_training_that_begins_anew_drops_the_pictures_of_the_last(
    squares: DataSet, tmp_path: Path
) -> None:
    shape = squares.val.masks.shape[1:]
    run(Watching(tmp_path, squares), "float", [0.5, 0.4, 0.3], 3, shape)
    (tmp_path / "epochs" / "mine.txt").write_text("not ours")
    run(Watching(tmp_path, squares), "float", [0.5], 1, shape)
    assert {path.name for path in (tmp_path / "epochs").iterdir()} == {"float-001.png", "mine.txt"}


def test_a_training_that_is_taken_up_goes_on_with_table_and_pictures(
    squares: DataSet, tmp_path: Path
) -> None:
    shape = squares.val.masks.shape[1:]
    run(Watching(tmp_path, squares), "float", [0.5, 0.4], 3, shape)
    before = (tmp_path / "epochs" / "float-002.png").read_bytes()
    lines: list[str] = []
    watch = Watching(tmp_path, squares, say=lines.append)
    history = [row(0.5), row(0.4)]
    watch(phase("float", 3), PhaseState(2, history=history), all_of(7, shape))
    history.append(row(0.3))
    watch(phase("float", 3), PhaseState(3, history=history, finished=True), all_of(3, shape))
    assert (tmp_path / "epochs" / "float-002.png").read_bytes() == before
    assert (tmp_path / "epochs" / "float-003.png").exists()
    assert len((tmp_path / "epochs.csv").read_text().splitlines()) == 4
    assert [line.split(":")[0] for line in lines] == ["float 3/3"]


def test_a_classifier_has_no_pictures(tmp_path: Path) -> None:
    images, masks = np.zeros((3, 8, 8, 1), np.uint8), np.zeros((3, 1, 1), np.uint8)
    split = Split(images, masks, ("a", "b", "c"))
    data = DataSet("digits", ("a", "b"), None, split, split, split)
    run(Watching(tmp_path, data), "float", [0.5], 1, (1, 1))
    assert not (tmp_path / "epochs").exists()
    assert (tmp_path / "epochs.csv").exists()


def test_tensorboards_files(squares: DataSet, tmp_path: Path) -> None:
    """Scalars of each epoch, once each, as the records of a TFRecord file."""
    shape = squares.val.masks.shape[1:]
    run(Watching(tmp_path, squares, tensorboard=True), "float", [0.5, 0.25], 2, shape)
    (file,) = (tmp_path / "tensorboard" / "float").iterdir()
    data, tags = file.read_bytes(), []
    while data:  # length, CRC, the event, CRC
        (length,) = struct.unpack("<Q", data[:8])
        event = data[12 : 12 + length]
        tags += [tag for tag in (b"loss", b"score", b"learning_rate", b"seconds") if tag in event]
        data = data[16 + length :]
    assert tags == 2 * [b"loss", b"score", b"learning_rate", b"seconds"]
