"""Several levels of precision from several seeds."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import call
from rich.console import Console

from fcn_hw.flow import open_workspace
from fcn_hw.flow.progress import Progress
from fcn_hw.results import read_result
from fcn_hw.studies.levels import Levels, Row, levels_stage
from fcn_hw.train.precision import PrecisionTable

DESIGN = """
name: mini
dataset: {kind: digit_scenes, height: 16, width: 24, train_images: 12, val_images: 5, seed: 3}
network: {kind: fcn16s, filters: [2, 3], upsampling: nearest}
precision: {default: {weight: 5, activation: 6}}
training: {seed: 3, batch_size: 4, float_epochs: 1, retrain_epochs: 1, calibration_images: 4}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_root(tmp_path_factory.mktemp("levels"))


def make_root(folder: Path) -> Path:
    (folder / "hls_projects" / "mini").mkdir(parents=True)
    (folder / "hls_projects" / "mini" / "design.yaml").write_text(DESIGN)
    return folder


def train_levels(root: Path, bits: tuple[int, ...], seeds: tuple[int, ...]) -> Levels:
    quiet = Progress(Console(file=io.StringIO()), quiet=True)
    return levels_stage(open_workspace("mini", root), quiet, bits=bits, seeds=seeds)


@pytest.fixture(scope="module")
def found(root: Path) -> Levels:
    return train_levels(root, (2,), (3, 4))


def test_a_row_for_each_level_and_seed(root: Path, found: Levels) -> None:
    assert [(row.level, row.seed) for row in found.rows] == [
        ("design", 3), ("2", 3), ("design", 4), ("2", 4),
    ]  # fmt: skip
    own, low, other, _ = found.rows
    assert own.scores["float"] == low.scores["float"] != other.scores["float"]
    assert own.weight_bits * 2 == low.weight_bits * 5
    model = root / "hls_projects" / "mini" / "model"
    assert json.loads((model / "levels.json").read_text())["rows"][1]["level"] == "2"
    stored = json.loads((model / "training.json").read_text())
    assert stored["retrained"]["miou"] == own.scores["retrained"]


def test_uniform_levels_hold_their_bits(root: Path, found: Levels) -> None:
    folder = root / "hls_projects" / "mini" / "model" / "levels" / "seed4" / "2"
    table = read_result(folder / "precision.json", PrecisionTable)
    assert {formats.weight_bits for formats in table.layers.values()} == {2}
    widths = {name: formats.activation.width for name, formats in table.layers.items()}
    assert {name for name, width in widths.items() if width == 8} == {"score_fr", "score_pool1"}
    assert set(widths.values()) == {2, 8}


def test_levels_of_a_seed_share_its_float_training(root: Path, found: Levels) -> None:
    model = root / "hls_projects" / "mini" / "model"
    for own, level in ((model, "seed3/2"), (model / "levels" / "seed4" / "design", "seed4/2")):
        files = (own, model / "levels" / level)
        first, second = (np.load(folder / "checkpoints" / "float.npz") for folder in files)
        assert all(np.array_equal(first[name], second[name]) for name in first.files)


@pytest.mark.parametrize("change", ["float_epochs: 2", ""])
def test_what_is_left_in_a_level_does_not_train_it_in_float_again(
    tmp_path: Path, change: str
) -> None:
    """A checkpoint of an earlier design, or of a training that was cut off."""
    root = make_root(tmp_path)
    train_levels(root, (2,), (3,))
    model = root / "hls_projects" / "mini" / "model"
    own, level = (model / place / "checkpoints" / "float.npz" for place in ("", "levels/seed3/2"))
    if change:
        path = root / "hls_projects" / "mini" / "design.yaml"
        path.write_text(DESIGN.replace("float_epochs: 1", change))
    else:
        level.unlink()
        level.write_bytes(own.read_bytes()[:1000])
        (model / "levels" / "seed3" / "2" / ".level.stage.json").unlink()
    train_levels(root, (2,), (3,))
    assert own.samefile(level)  # so it was not trained twice


def test_an_interrupted_seed_keeps_its_float_training(root: Path, found: Levels) -> None:
    del found  # trained
    folder = root / "hls_projects" / "mini" / "model" / "levels" / "seed4" / "design"
    (folder / ".level.stage.json").unlink()  # as if it had been cut off while it retrained
    before = (folder / "checkpoints" / "float.npz").stat()
    train_levels(root, (), (4,))
    after = (folder / "checkpoints" / "float.npz").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_is_finished_is_not_repeated(root: Path, found: Levels) -> None:
    model = root / "hls_projects" / "mini" / "model"
    stamps = {path: path.stat().st_mtime_ns for path in model.rglob("*.h5")}
    called = call("levels", "mini", "--bits", "2", "--seeds", "3,4", "--root", str(root))
    assert called.status == 0
    assert "2 bits" in called.out and "±" in called.out
    assert {path: path.stat().st_mtime_ns for path in model.rglob("*.h5")} == stamps


def test_other_seeds_do_not_train_the_designs_own(tmp_path: Path) -> None:
    found = train_levels(make_root(tmp_path), (), (4,))
    assert [(row.level, row.seed) for row in found.rows] == [("design", 4)]
    model = tmp_path / "hls_projects" / "mini" / "model"
    assert not (model / "training.json").exists()  # of seed 3, which was not asked for


@pytest.fixture
def neighbour(root: Path) -> Callable[[str, str, str], str]:
    """Writes ``mini`` with another text in one place as a design of that name."""

    def write(name: str, old: str, new: str) -> str:
        folder = root / "hls_projects" / name
        folder.mkdir(exist_ok=True)
        text = DESIGN.replace("name: mini", f"name: {name}").replace(old, new)
        assert new in text
        (folder / "design.yaml").write_text(text)
        return str(folder)

    return write


def test_the_bits_of_another_design_are_a_level(
    root: Path, found: Levels, neighbour: Callable[[str, str, str], str]
) -> None:
    del found  # trained
    neighbour("mixed", "weight: 5", "weight: 3")
    words = ("--bits", "-", "--seeds", "4", "--precision-of", "mixed")
    called = call("levels", "mini", *words, "--root", str(root), "--json")
    assert called.status == 0, called.err
    own, mixed = json.loads(called.out)["rows"]
    assert (own["level"], mixed["level"]) == ("design", "mixed")
    assert mixed["weight_bits"] * 5 == own["weight_bits"] * 3
    assert mixed["scores"]["float"] == own["scores"]["float"]
    folder = root / "hls_projects" / "mini" / "model" / "levels" / "seed4" / "mixed"
    table = read_result(folder / "precision.json", PrecisionTable)
    assert {formats.weight_bits for formats in table.layers.values()} == {3}


@pytest.mark.parametrize(
    "name, old, new, said",
    [
        ("deeper", "[2, 3]", "[2, 3, 4]", "'deeper' has another network than 'mini'"),
        ("design", "weight: 5", "weight: 3", "'design' can't be the name of a design"),
    ],
)
def test_bits_of_other_layers_and_reserved_names_are_refused(
    root: Path, neighbour: Callable[[str, str, str], str], name: str, old: str, new: str, said: str
) -> None:
    path = neighbour(name, old, new)
    called = call("levels", "mini", "--precision-of", path, "--root", str(root))
    assert called.status == 2
    assert said in called.err


def test_means_are_over_seeds() -> None:
    rows = tuple(
        Row("4", seed, {"float": value, "direct": 0.0, "retrained": 1.0}, {}, value, 8, {})
        for seed, value in ((1, 0.5), (2, 0.7), (3, 0.9))
    )
    (mean,) = Levels("mIoU", rows).means
    assert mean.scores["float"] == pytest.approx((0.7, 0.2))
    assert (mean.seeds, mean.test) == (3, {})
    assert mean.zeros == pytest.approx(0.7)


@pytest.mark.parametrize(
    "option, text, said",
    [
        ("--bits", "8,x", "--bits: 'x' is no whole number from 2 to 16"),
        ("--bits", "1", "--bits: '1' is no whole number from 2 to 16"),
        ("--seeds", "1,,2", "--seeds: '' is no whole number from 0 to 2147483647"),
    ],
)
def test_wrong_lists_are_refused(root: Path, option: str, text: str, said: str) -> None:
    called = call("levels", "mini", option, text, "--root", str(root))
    assert called.status == 2
    assert said in called.err


def test_seeds_run_side_by_side_and_one_seed_only_once(root: Path, found: Levels) -> None:
    del found  # trained
    levels = root / "hls_projects" / "mini" / "model" / "levels"
    code = "import sys; from pathlib import Path; from fcn_hw.locks import locked\n"
    code += "with locked(Path(sys.argv[1]), 'fcn-hw levels'): print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(levels / "seed4")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        words = ("levels", "mini", "--root", str(root), "--bits", "2")
        assert call(*words, "--seeds", "3").status == 0
        taken = call(*words, "--seeds", "3,4")
        assert taken.status == 1
        assert f"{levels / 'seed4'}: process {other.pid} (fcn-hw levels) is at work" in taken.err
        other.communicate("\n")
    assert call(*words, "--seeds", "3,4").status == 0
