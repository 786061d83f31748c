"""``fcn-hw evaluate``: metrics of a trained design against an independent count, and refusals."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from command_line import Called, call
from model_file_maker import LAMBDA
from PIL import Image
from rich.console import Console

import fcn_hw
from fcn_hw.errors import ConfigError
from fcn_hw.flow import emitted
from fcn_hw.flow import measuring as module
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import file_digest
from fcn_hw.harness import whole_set
from fcn_hw.results import result_data
from fcn_hw.train.datasets.streams import split_stream

DESIGN = """
name: squares
dataset:
  kind: list
  path: {data}
  height: 12
  width: 17
  train_list: train.txt
  val_list: val.txt
  classes: [ground, green, blue, "n[e]ver"]
network: {{kind: fcn16s, filters: [3, 4]}}
training: {{batch_size: 4, float_epochs: 1, retrain_epochs: 1, calibration_images: 4}}
hls: {{ReuseFactor: 100}}
"""
MNIST = """
name: digits
dataset: {{kind: mnist, path: {data}, val_images: 8}}
network: {{kind: cnn, filters: [2, 3]}}
training: {{batch_size: 8, float_epochs: 1, retrain_epochs: 0, calibration_images: 4}}
"""


def write_pair(folder: Path, name: str, seed: int, size: tuple[int, int] = (12, 17)) -> str:
    """An image and a mask of two squares; returns a line for a list."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 60, (*size, 3)).astype(np.uint8)
    mask = np.zeros(size, np.uint8)
    for label in (1, 2):
        row, column = rng.integers(0, 7), rng.integers(0, 11)
        image[row : row + 5, column : column + 5, label] += 150
        mask[row : row + 5, column : column + 5] = label
    mask[:, 0] = 255
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(folder / f"{name}.png")
    Image.fromarray(mask).save(folder / f"{name}_mask.png")
    return f"{name}.png {name}_mask.png"


def write_list(folder: Path, name: str, count: int, first_seed: int) -> Path:
    lines = [write_pair(folder, f"{name}{n}", first_seed + n) for n in range(count)]
    path = folder / f"{name}.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained design below a root whose name is odd."""
    folder = tmp_path_factory.mktemp("a root [x]")
    write_list(folder / "data", "train", 8, 0)
    path = folder / "data" / "train0_mask.png"
    mask = np.array(Image.open(path))
    mask[11, 16] = 3  # the only pixel of its class
    Image.fromarray(mask).save(path)
    write_list(folder / "data", "val", 5, 100)
    (folder / "hls_projects" / "squares").mkdir(parents=True)
    design = folder / "hls_projects" / "squares" / "design.yaml"
    design.write_text(DESIGN.format(data=json.dumps(str(folder / "data"))))
    refused = call("evaluate", "squares", "--root", str(folder), "--json")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err == "error: design 'squares' is not trained\nrun: fcn-hw train squares\n"
    assert call("train", "squares", "--root", str(folder)).status == 0
    return folder


def run(root: Path, *words: str) -> Called:
    return call("evaluate", "squares", "--root", str(root), *words)


def document(root: Path, *words: str) -> dict[str, Any]:
    called = run(root, *words, "--json")
    assert (called.status, called.err) == (0, "")
    assert "NaN" not in called.out
    found: dict[str, Any] = json.loads(called.out)
    return found


def counted(
    folder: Path, model: Path, names: list[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """The confusion matrix, pixel by pixel, and the class maps."""
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.train.predict import predict

    images = np.stack([np.asarray(Image.open(folder / f"{name}.png")) for name in names])
    maps = predict(load_model(model), images)
    confusion = np.zeros((4, 4), np.int64)
    for name, found in zip(names, maps, strict=True):
        mask = np.asarray(Image.open(folder / f"{name}_mask.png"))
        for true, guess in zip(mask.ravel(), found.ravel(), strict=True):
            if true != 255:
                confusion[true, guess] += 1
    return confusion, maps


def test_the_validation_split(root: Path) -> None:
    found = document(root)
    folder = root / "hls_projects" / "squares"
    trained = json.loads((folder / "model" / "training.json").read_text())
    names = ("ground", "green", "blue", "n[e]ver")
    for key, file in (("float", "float"), ("direct", "direct"), ("retrained", "quantized")):
        metrics = found["models"][key]
        assert metrics["miou"] == trained[key]["miou"]
        assert metrics["pixel_accuracy"] == trained[key]["pixel_accuracy"]
        assert metrics["iou"] == trained[key]["iou"]
        valid = [f"val{n}" for n in range(5)]
        confusion, _ = counted(root / "data", folder / "model" / f"{file}.h5", valid)
        assert metrics["confusion"] == confusion.tolist()
        assert tuple(metrics["class_boundary_f1"]) == names
        assert metrics["class_boundary_f1"]["n[e]ver"] is metrics["iou"]["n[e]ver"] is None
        assert 0 <= metrics["boundary_f1"] <= 1
    assert found["absent"] == ["n[e]ver"]
    assert found["labelled_pixels"] == 5 * 12 * 16
    assert found["boundary_tolerance_px"] == 1
    assert found["hardware"] is None
    assert json.loads((folder / "evaluation" / "val.json").read_text()) == found
    picture = (folder / "evaluation" / "val.svg").read_text()
    assert picture.startswith("<?xml")
    assert "n[e]ver" in picture and "retrained" in picture
    api = fcn_hw.evaluate_design("squares", root)
    assert result_data(api) == found
    shown = run(root)
    assert shown.status == 0
    assert "up to date" in shown.out
    assert "n[e]ver" in shown.out and "absent from the masks: n[e]ver" in shown.out
    assert f"{100 * trained['direct']['miou']:.2f} %" in shown.out
    assert "\r" not in shown.out and "\x1b" not in shown.out


def test_one_image_at_a_time_gives_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = document(root, "--split", "train")
    assert whole["images"] == 8
    (root / "hls_projects/squares/evaluation/.evaluate_train.stage.json").unlink()
    sizes = []
    monkeypatch.setattr(module, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(module, "_BATCH_BYTES", 1)
    add = module.Tally.add

    def counting(self: Any, truth: Any, predicted: Any) -> None:
        sizes.append(len(truth))
        add(self, truth, predicted)

    monkeypatch.setattr(module.Tally, "add", counting)
    assert document(root, "--split", "train") == whole
    assert sizes == [1] * 8 * 3


@pytest.mark.parametrize("where", ["beside the list", "below FCN_HW_DATA", "in the data set"])
def test_a_list_finds_its_images(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    folder = {"in the data set": root / "data", "beside the list": tmp_path / "lists"}.get(
        where, tmp_path / "elsewhere"
    )
    if where == "below FCN_HW_DATA":
        monkeypatch.setenv("FCN_HW_DATA", str(folder))
    made = write_list(folder / "night", "dark", 2, 7)
    (tmp_path / "lists").mkdir(exist_ok=True)
    listed = tmp_path / "lists" / f"night {where.rsplit(maxsplit=1)[-1]}.txt"
    lines = [line.split() for line in made.read_text().splitlines()]
    listed.write_text("".join(f"night/{a}\tnight/{b}\n" for a, b in lines))
    found = document(root, "--list", str(listed))
    model = root / "hls_projects/squares/model/quantized.h5"
    confusion, _ = counted(folder / "night", model, ["dark0", "dark1"])
    assert found["models"]["retrained"]["confusion"] == confusion.tolist()
    assert found["name"] == f"list_{listed.stem}"
    assert (root / "hls_projects/squares/evaluation" / f"list_{listed.stem}.json").is_file()


def test_images_of_another_size_are_fitted_and_a_class_may_lack(root: Path, tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text(write_pair(tmp_path, "big", 3, size=(24, 34)) + "\n")
    found = document(root, "--list", str(tmp_path / "big.txt"))
    assert found["labelled_pixels"] == 12 * 17  # half a pixel of void: masks take the nearest
    mask = np.zeros((12, 17), np.uint8)
    Image.fromarray(mask).save(tmp_path / "big_mask.png")
    Image.fromarray(np.zeros((12, 17, 3), np.uint8)).save(tmp_path / "big.png")
    found = document(root, "--list", str(tmp_path / "big.txt"))  # the files are others now
    assert found["absent"] == ["green", "blue", "n[e]ver"]
    metrics = found["models"]["float"]
    assert metrics["iou"]["green"] is metrics["boundary_f1"] is None
    assert metrics["miou"] == metrics["iou"]["ground"]
    Image.fromarray(np.full((12, 17), 255, np.uint8)).save(tmp_path / "big_mask.png")
    found = document(root, "--list", str(tmp_path / "big.txt"))  # all void: nothing to say
    assert found["labelled_pixels"] == 0
    assert found["models"]["float"]["miou"] is found["models"]["float"]["pixel_accuracy"] is None


def test_class_maps_in_the_sizes_of_the_images(root: Path, tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text(write_pair(tmp_path, "big", 3, size=(24, 34)) + "\n")
    words = ("--list", str(tmp_path / "big.txt"))
    assert document(root, *words)["own_size"] is None
    found = document(root, *words, "--own-size")
    small, mask = tmp_path / "small.png", np.asarray(Image.open(tmp_path / "big_mask.png"))
    Image.open(tmp_path / "big.png").resize((17, 12), Image.Resampling.BOX).save(small)
    Image.fromarray(mask[1::2, 1::2]).save(tmp_path / "small_mask.png")
    model = root / "hls_projects/squares/model/quantized.h5"
    _, (classes,) = counted(tmp_path, model, ["small"])
    large = np.repeat(np.repeat(classes, 2, axis=0), 2, axis=1)
    confusion = np.zeros((4, 4), np.int64)
    np.add.at(confusion, (mask[mask != 255], large[mask != 255]), 1)
    assert found["own_size"]["retrained"]["confusion"] == confusion.tolist()
    assert found["models"]["retrained"]["confusion"] != confusion.tolist()
    assert "in the sizes of the images" in run(root, *words, "--own-size").out


def test_what_a_crop_cuts_off_has_no_score(root: Path) -> None:
    config = fcn_hw.load_design("squares", root).dataset
    cropped = config.model_copy(update={"fit": "crop"})
    with pytest.raises(ConfigError) as caught:
        module.measure(
            "d", "f", {}, split_stream(cropped, "val"), None, Progress(Console()), own_size=True
        )
    assert str(caught.value) == "dataset.fit is crop: nothing is predicted for what it cuts off"
    assert caught.value.hint == "leave --own-size out"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no such list of images"),
        ("", "the list is empty"),
        ("a.png\n", "expected 'image mask', found 1 fields"),
        ("a.png b.png\n", "b.png: no such mask, listed in"),
        ("a.png small.png\n", "small.png: the mask is 5x4, its image a.png is 17x12"),
        ("a.png seven.png\n", "seven.png: mask value 7 is no class; allowed are 0 to 3, and 255"),
        ("a.png text.txt\n", "text.txt: the mask can't be decoded"),
    ],
)
def test_a_wrong_list(root: Path, tmp_path: Path, content: str | None, told: str) -> None:
    write_pair(tmp_path, "a", 1)
    for name, mask in (("small", np.zeros((4, 5))), ("seven", np.full((12, 17), 7))):
        Image.fromarray(mask.astype(np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "text.txt").write_text("no picture")
    listed = tmp_path / "wrong.txt"
    if content is not None:
        listed.write_text(content)
    before = sorted((root / "hls_projects/squares").rglob("*"))
    called = run(root, "--list", str(listed), "--json")
    assert (called.status, called.out) == (2, "")
    assert told in called.err
    assert str(tmp_path) in called.err  # the file is named
    assert "Traceback" not in called.err
    after = set(root.joinpath("hls_projects/squares").rglob("*")) - set(before)
    # a record that says no more than that nothing was finished
    assert {path.name for path in after} <= {"evaluation", ".evaluate_list_wrong.stage.json"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--list", "a.txt", "--split", "val"), "both --list and --split are given"),
        (("--board", "pynq-z2"), "--board has no effect without --csim"),
        (("--csim",), "--csim needs --board"),
        (("--csim", "--board", "pynq-z3"), "unknown board 'pynq-z3'"),
        (("--split", "vall"), "'vall' is no split of a data set: train, val, test"),
        (("--split", "test"), "data set 'list' has no split 'test'"),
    ],
)
def test_wrong_words(root: Path, words: tuple[str, ...], told: str) -> None:
    called = run(root, *words)
    assert called.status == 2
    assert told in called.err


def test_models_of_another_design_are_refused(root: Path) -> None:
    path = root / "hls_projects/squares/design.yaml"
    text = path.read_text()
    try:
        path.write_text(text.replace("float_epochs: 1", "float_epochs: 2"))
        called = run(root)
        assert called.status == 2
        assert "changed since they were trained: training.float_epochs 1 -> 2" in called.err
        assert "run: fcn-hw train squares" in called.err
    finally:
        path.write_text(text)
    direct = root / "hls_projects/squares/model/direct.h5"
    direct.rename(direct.with_suffix(".away"))
    try:
        assert "is not trained" in run(root).err
    finally:
        direct.with_suffix(".away").rename(direct)


def test_another_run_at_work_is_named(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from fcn_hw.locks import locked\n"
        "with locked(Path(sys.argv[1]), 'fcn-hw evaluate'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    folder = root / "hls_projects/squares/evaluation"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    called = run(root)
    assert called.status == 1
    assert f"process {other.pid} (fcn-hw evaluate) is at work there" in called.err
    other.communicate()
    assert run(root).status == 0


@pytest.mark.gxx
def test_hardware(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emitted C++, two images at a time: exact; then what a wrong code would give."""
    software = document(root)
    firsts, compare = [], whole_set.compare_with_oracle

    def noting(*args: Any, first_frame: int, **kwargs: Any) -> Any:
        firsts.append(first_frame)
        return compare(*args, first_frame=first_frame, **kwargs)

    monkeypatch.setattr(whole_set, "compare_with_oracle", noting)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 2 * 12 * 17 * 3)
    called = run(root, "--csim", "--board", "pynq-z2")
    assert called.status == 0, called.err
    assert "exact: C++ for pynq-z2 = integer oracle" in " ".join(called.out.split())
    assert sorted(firsts) == [0, 2, 4]
    folder = root / "hls_projects/squares"
    found = json.loads((folder / "evaluation/val_pynq-z2.json").read_text())
    assert found["models"] == {
        **software["models"], "hardware": software["models"]["retrained"],
    }  # fmt: skip
    hardware = found["hardware"]
    assert (hardware["mismatches"], hardware["argmax_flips"]) == (0, 0)
    assert hardware["values_compared"] == sum(row["values"] for row in hardware["layers"])
    assert hardware["layers"][-1]["values"] == 5 * 12 * 17
    assert document(root) == software  # its own file
    assert "hardware" in (folder / "evaluation/val_pynq-z2.svg").read_text()
    assert not list((folder / "pynq-z2").rglob("*.u8"))
    assert not list((folder / "pynq-z2").rglob("part*"))

    simulate = whole_set.simulate_set

    def wrong(*args: Any, **kwargs: Any) -> whole_set.WholeSet:
        right = simulate(*args, **kwargs)
        (output,) = right.class_maps
        maps = np.array(right.class_maps[output])
        maps[0, 3, 4] = 3 - maps[0, 3, 4]
        name, *_ = right.compared
        bad = right.compared[name].extended(np.ones((1, 2)), np.zeros((1, 2)), 40)
        return replace(right, class_maps={output: maps}, compared={**right.compared, name: bad})

    monkeypatch.setattr(emitted, "simulate_set", wrong)
    (folder / "evaluation/.evaluate_val_pynq-z2.stage.json").unlink()
    called = run(root, "--csim", "--board", "pynq-z2")
    assert called.status == 1
    out = " ".join(called.out.split())
    assert "NOT exact: C++ for pynq-z2" in out
    assert "6 mismatches; 3 arg-max flips" in out  # three batches, each with two and one
    assert "first at (40,0): expected 1, got 0" in out
    again = run(root, "--csim", "--board", "pynq-z2")  # from its document, as wrong as before
    assert again.status == 1
    assert "up to date" in again.out
    assert call("clean", "squares", "--root", str(root)).status == 0
    assert sorted(path.name for path in folder.iterdir()) == ["design.yaml", "model"]


def test_a_classifier(tmp_path: Path) -> None:
    """Accuracy, no boundary; the test split is there, a list is not possible."""
    data, rng = tmp_path / "mnist", np.random.default_rng(1)
    data.mkdir()
    for part, count in (("train", 24), ("t10k", 12)):
        images = rng.integers(1, 256, (count, 28, 28)).astype(np.uint8)
        labels = (np.arange(count) % 9).astype(np.uint8)  # no digit 9
        head = np.array([0x803, count, 28, 28], ">u4").tobytes()
        (data / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = np.array([0x801, count], ">u4").tobytes()
        (data / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
    folder = tmp_path / "hls_projects" / "digits"
    folder.mkdir(parents=True)
    (folder / "design.yaml").write_text(MNIST.format(data=json.dumps(str(data))))
    words = ("digits", "--root", str(tmp_path))
    trained = call("train", *words)
    assert trained.status == 0
    warning = "warning: data set 'mnist': no mask holds class '9': not learned and not scored"
    assert warning in " ".join(trained.out.split())
    called = call("evaluate", *words, "--split", "test", "--json")
    assert called.status == 0, called.err
    found = json.loads(called.out)
    assert (found["metric"], found["images"], found["labelled_pixels"]) == ("accuracy", 12, 12)
    assert found["absent"] == ["9"]
    assert found["boundary_tolerance_px"] is found["models"]["float"]["boundary_f1"] is None
    right = sum(found["models"]["float"]["confusion"][c][c] for c in range(10))
    assert found["models"]["float"]["pixel_accuracy"] == right / 12
    shown = call("evaluate", *words, "--split", "test").out
    assert "accuracy by class" in shown and "boundaries" not in shown
    refused = call("evaluate", *words, "--own-size")
    assert (refused.status, refused.err) == (
        2,
        "error: the images of val have no size but that of the design's frame\n"
        "leave --own-size out\n",
    )
    refused = call("evaluate", *words, "--list", "any.txt")
    assert refused.status == 2
    assert "data set 'mnist' has one class for a whole image, a list has masks" in refused.err


def test_a_model_that_holds_code_is_refused(root: Path, tmp_path: Path) -> None:
    """A trained design from elsewhere, records and all: its models are files as any other."""
    folder = tmp_path / "hls_projects" / "squares"
    shutil.copytree(root / "hls_projects" / "squares", folder)
    with h5py.File(folder / "model" / "direct.h5", "a") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"].append(LAMBDA)
        file.attrs["model_config"] = json.dumps(config)
    path = folder / "model" / ".train.stage.json"
    record = json.loads(path.read_text())
    record["outputs"]["direct.h5"] = file_digest(folder / "model" / "direct.h5")
    path.write_text(json.dumps(record))
    called = call("evaluate", "squares", "--root", str(tmp_path))
    assert called.status == 2
    assert "layer 'evil': Lambda: it holds code" in called.err
