"""``fcn-hw sparsity`` on a tiny trained design: twice, its files, its refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from command_line import Called, call

import fcn_hw
from fcn_hw.frontend.model_file import load_model
from fcn_hw.ir.serialize import load
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.convolution import Convolution
from fcn_hw.results import read_result, result_data
from fcn_hw.studies.sparsity.result import SparsityRun
from fcn_hw.studies.sparsity.stage import kernels_of
from fcn_hw.studies.sparsity.sweep import PRECISIONS, PruningSweep
from fcn_hw.train.calibrate import weight_codes
from fcn_hw.train.precision import PrecisionTable

DESIGN = """
name: mini
dataset: {kind: digit_scenes, height: 12, width: 15, train_images: 12, val_images: 3, seed: 3}
network: {kind: fcn16s, filters: [2, 4], upsampling: transposed}
precision: {layers: {conv1_1: {weight: ternary}, conv2_1: {weight: 5}}}
training: {batch_size: 4, float_epochs: 1, retrain_epochs: 1, calibration_images: 4}
hls: {ReuseFactor: 8}
"""
WORDS = (
    "--board", "pynq-z2", "--score", "--prune", "0.5", "--block", "weight,fold", "--epochs", "2",
)  # fmt: skip


def write(root: Path, text: str) -> None:
    folder = root / "hls_projects" / "mini"
    folder.mkdir(parents=True)
    (folder / "design.yaml").write_text(text)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a root with spaces é")
    write(folder, DESIGN)
    return folder


@pytest.fixture(scope="module")
def first(root: Path) -> Called:
    assert call("train", "mini", "--root", str(root)).status == 0  # warns of missing classes
    return call("sparsity", "mini", "--root", str(root), "--json", *WORDS)


pytestmark = pytest.mark.gxx


def test_what_it_finds(root: Path, first: Called) -> None:
    assert (first.status, first.err) == (0, "")
    found = json.loads(first.out)
    model = root / "hls_projects" / "mini" / "model"
    assert found == json.loads((model / "sparsity.json").read_text())
    assert str(root) not in first.out
    layers = list(found["precisions"])
    assert found["precisions"]["conv1_1"] == "ternary"
    assert found["precisions"]["conv2_1"] == "5"
    rows = found["steps"]
    per_layer = {name: [row for row in rows if row["layer"] == name] for name in layers}
    for name, own in per_layer.items():
        kinds = [str(item) for item in PRECISIONS] + (["5"] if name == "conv2_1" else [])
        assert list(dict.fromkeys(row["precision"] for row in own)) == kinds
        assert sum(row["chosen"] for row in own) == len(kinds)
    assert all(0 <= row["score"] <= 1 for row in rows)
    training = json.loads((model / "training.json").read_text())
    assert found["float_score"] == training["float"]["miou"]
    chosen = {(row["layer"], row["precision"]): row["quantizer"] for row in rows if row["chosen"]}
    table = json.loads((model / "precision.json").read_text())
    for name, precision in found["precisions"].items():  # what training itself chose
        assert chosen[name, precision] == table[name]["weight"]
    levels = found["levels"]
    assert [(level["sparsity"], level["block"]) for level in levels] == [
        (0.5, "weight"), (0.5, "fold"),
    ]  # fmt: skip
    single, together = (level["hardware"]["total"] for level in levels)
    assert together["in_steps"] > single["in_steps"]
    assert levels[1]["hardware"]["interval"] < levels[1]["hardware"]["interval_dense"]
    assert levels[1]["fps"] > levels[0]["fps"] >= found["fps"]
    for level in levels:
        for part in ("direct", "retrained"):
            assert level[part]["zeros_total"] >= 0.8 * level["sparsity"]
        assert (level["direct"]["epochs"], level["retrained"]["epochs"]) == (0, 2)
        total = level["hardware"]["total"]
        assert total["zeros"] == round(level["retrained"]["zeros_total"] * total["weights"])
        assert total["in_multipliers"] + total["in_steps"] + total["unused"] == total["zeros"]
    graph = load(root / "hls_projects" / "mini" / "graph")
    kernels = [op.weight.codes for op in graph.ops if isinstance(op, Convolution)]
    assert found["hardware"]["total"]["zeros"] == sum(int(np.sum(k == 0)) for k in kernels)
    assert [row["name"] for row in found["hardware"]["layers"]] == [
        op.name for op in graph.ops if isinstance(op, Convolution)
    ]
    assert found["hardware"]["board"] == "pynq-z2"


def test_the_picture(root: Path, first: Called) -> None:
    text = (root / "hls_projects" / "mini" / "model" / "sparsity.svg").read_text()
    words = " ".join(ElementTree.fromstring(text).itertext())
    for title in ("zeros by step, all layers", "step of least squared error", "magnitude pruning",
                  "zeros on pynq-z2", "nothing but toggling", "conv1_1"):  # fmt: skip
        assert title in words


def test_a_second_run_does_nothing_again(
    root: Path, first: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("done again")

    monkeypatch.setattr(PruningSweep, "_retrained", fail)
    monkeypatch.setattr("fcn_hw.studies.sparsity.sweep.score", fail)
    again = call("sparsity", "mini", "--root", str(root), "--json", *WORDS)
    assert again == first
    printed = call("sparsity", "mini", "--root", str(root), *WORDS)
    assert (printed.status, printed.err) == (0, "")
    for words in (
        "mini: zeros at the step of least squared error", "each layer at the design's bits",
        "mIoU % with only this layer quantized", "magnitude pruning; float mIoU",
        "frames/s and LUTs with folds chosen",
        "zeros of the trained design on pynq-z2", "ROM, clocks and energy",
        "zeros can save a multiplier or a cycle; a frame every", "are not emitted",
        "sparsity.json", "sparsity.svg",
    ):  # fmt: skip
        assert words in printed.out
    header = next(line for line in printed.out.splitlines() if "zeros asked" in line)
    assert header.split()[-2:] == ["frames/s", "LUT"], "every column has its name"
    assert "\r" not in printed.out
    assert "\x1b" not in printed.out
    plain = fcn_hw.sparsity_design("mini", root)
    assert isinstance(plain, SparsityRun)
    assert (plain.levels, plain.hardware, plain.steps[0].score) == ((), None, None)
    path = root / "hls_projects/mini/model/sparsity.json"
    assert read_result(path, SparsityRun) == plain


def test_codes_of_a_level_are_laid_out_as_the_graph_has_them(root: Path, first: Called) -> None:
    """The trained model's own codes, brought to the graph, are the graph's."""
    folder = root / "hls_projects" / "mini"
    graph, model = load(folder / "graph"), load_model(folder / "model" / "quantized.h5")
    table = read_result(folder / "model/precision.json", PrecisionTable)
    codes = {
        name: weight_codes(model.get_layer(name).get_weights()[0], formats.weight)
        for name, formats in table.layers.items()
    }
    kernels = kernels_of(graph, codes)
    ops = [op for op in graph.ops if isinstance(op, Convolution)]
    assert any(isinstance(op, ConvTranspose2D) for op in ops)
    for op in ops:
        np.testing.assert_array_equal(kernels[op.name].codes, op.weight.codes)
        assert kernels[op.name].format == op.weight.format


def test_sums_over_layers(root: Path, first: Called) -> None:
    run = fcn_hw.sparsity_design("mini", root, board="pynq-z2")
    assert run.hardware is not None
    data = result_data(run.hardware)
    for name, value in data["total"].items():
        assert value == sum(row[name] for row in data["layers"])
    assert data["interval"] <= data["interval_dense"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--prune", "0.5,x"), "--prune: 'x' is not a number"),
        (("--prune", ""), "--prune: '' is not a number"),
        (("--prune", "1"), "--prune 1: a part of the weights, at least 0 and below 1"),
        (("--prune", "0.5,0.50"), "--prune 0.5 is there twice"),
        (("--epochs", "3"), "--epochs is of pruning, and there is none without --prune"),
        (("--scope", "global"), "--scope is of pruning, and there is none without --prune"),
        (("--prune", "0.5", "--scope", "all"), "--scope is layer or global, not 'all'"),
        (("--block", "fold"), "--block is of pruning, and there is none without --prune"),
        (
            ("--prune", "0.5", "--block", "fold,x"),
            "--block is weight, fold or weight,fold, not 'fold,x'",
        ),
        (
            ("--prune", "0.5", "--block", "fold"),
            "--block fold needs --board, the one whose folds are meant",
        ),
        (("--board", "pynq"), "unknown board 'pynq'"),
    ],
)
def test_what_is_refused_before_anything_is_done(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    write(tmp_path, DESIGN)
    done = call("sparsity", "mini", "--root", str(tmp_path), *words)
    assert done.status == 2
    assert done.err.startswith(f"error: {message}")
    assert [path.name for path in (tmp_path / "hls_projects" / "mini").iterdir()] == ["design.yaml"]


def test_folds_of_hls4ml_are_not_ours(tmp_path: Path) -> None:
    write(tmp_path, DESIGN.replace("{ReuseFactor: 8}", "{ReuseFactor: 8, Conv: hls4ml}"))
    done = call("sparsity", "mini", "--root", str(tmp_path), "--board", "pynq-z2")
    assert done.status == 2
    assert "hls4ml" in done.err
    assert [path.name for path in (tmp_path / "hls_projects" / "mini").iterdir()] == ["design.yaml"]
