"""Zeros by step against their definition; the sweep of pruning levels; scores that are kept."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from fcn_hw.errors import ConfigError
from fcn_hw.keras_env import seed_everything
from fcn_hw.studies.sparsity import sweep as module
from fcn_hw.studies.sparsity.sweep import (
    PRECISIONS,
    REACH,
    LayerScorer,
    PruningSweep,
    check_levels,
    precision_name,
    zeros_by_step,
)
from fcn_hw.train.calibrate import quantized_values
from fcn_hw.train.networks import build_float, folded_weights, set_weights
from fcn_hw.train.precision import wishes
from fcn_hw.train.study import Study
from fcn_hw.train.topology import Shape, build_topology


def exact(weight, precision, step):
    """The level of a weight, in steps, by exact fractions: nearest, ties to even, saturating."""
    ratio = Fraction(float(weight)) / step
    if precision == "binary":
        return -1 if ratio < 0 else 1
    if precision == "ternary":
        return (ratio > 0) - (ratio < 0) if abs(ratio) >= Fraction(1, 2) else 0
    half = 2 ** (precision - 1)
    return min(max(round(ratio), -half), half - 1)  # Python rounds a tie of a Fraction to even


@pytest.mark.parametrize("precision", [*PRECISIONS, 5])
def test_zeros_and_errors_of_every_grid_are_those_of_exact_arithmetic(precision):
    random = np.random.default_rng(3)
    kernel = random.standard_normal((3, 3, 2, 4)).astype(np.float32) / 8
    kernel.flat[:6] = [0.5, -0.25, 0.125, 0.0625, 0.0, -0.03125]  # ties
    rows = zeros_by_step("conv", kernel, precision)
    assert len(rows) == 2 * REACH + 1
    assert [row.chosen for row in rows] == [False] * REACH + [True] + [False] * REACH
    errors = []
    for row in rows:
        step = Fraction(2) ** row.step_log2
        levels = [exact(weight, precision, step) for weight in kernel.ravel()]
        assert row.zeros == sum(level == 0 for level in levels)
        values = [Fraction(float(weight)) for weight in kernel.ravel()]
        lost = sum((v - level * step) ** 2 for v, level in zip(values, levels, strict=True))
        errors.append(lost)
        assert row.error == pytest.approx(float(lost / sum(v**2 for v in values)) ** 0.5)
        assert (row.weights, row.layer, row.score) == (72, "conv", None)
        assert precision_name(row.quantizer) == row.precision == str(precision)
    assert min(errors) == errors[REACH]
    assert [b.step_log2 - a.step_log2 for a, b in pairwise(rows)] == [1] * (2 * REACH)
    if precision != "binary":
        assert rows[-1].zeros > rows[0].zeros  # coarser steps, more zeros
    else:
        assert all(row.zeros == 0 for row in rows)


def test_a_layer_of_zeros():
    rows = zeros_by_step("conv", np.zeros((1, 1, 2, 2), np.float32), 4)
    assert all((row.zeros, row.error) == (4, 0.0) for row in rows)


def test_steps_stop_where_formats_do():
    huge = np.full((1, 1, 1, 2), 2.0**22, np.float32)
    rows = zeros_by_step("conv", huge, 4)
    assert 1 <= len(rows) < 2 * REACH + 1
    assert sum(row.chosen for row in rows) == 1
    assert max(row.quantizer.integer for row in rows) == 24


def test_levels():
    assert check_levels([0.9, 0.0, 0.5]) == (0.0, 0.5, 0.9)
    for wrong, message in (
        ([1.0], "--prune 1: a part of the weights, at least 0 and below 1"),
        ([0.5, -0.1], "--prune -0.1: a part of the weights, at least 0 and below 1"),
        ([float("nan")], "--prune nan: a part of the weights, at least 0 and below 1"),
        ([0.5, 0.2, 0.5], "--prune 0.5 is there twice"),
    ):
        with pytest.raises(ConfigError) as caught:
            check_levels(wrong)
        assert caught.value.message == message


@pytest.fixture
def study(tiny_design, squares):
    """Of an untrained network."""
    training = {
        "batch_size": 4, "retrain_epochs": 2, "calibration_images": 2,
        "pruning": {"sparsity": 0.1, "layers": {"conv1_1": 0.9}, "ramp": 0.4},
    }  # fmt: skip
    design = tiny_design(training=training)
    topology = build_topology(design.network, Shape(13, 18, 3), 3)
    seed_everything(3)
    weights = folded_weights(build_float(topology, batchnorm=False), topology)
    return Study(design, squares, topology, weights)


class Killed(BaseException):
    """As abrupt as Ctrl-C."""


def killer(now):
    if (now.epoch, now.step) == (2, 2):
        raise Killed


def test_a_sweep(study, tmp_path, monkeypatch):
    table = study.table(wishes(study.design, study.topology))
    sweep = PruningSweep(study, table, tmp_path)
    assert sweep.steps == 6
    with pytest.raises(Killed):
        sweep.level(0.5, killer)
    (left,) = tmp_path.iterdir()
    assert left.name.endswith("_training.npz")
    found = sweep.level(0.5)
    (kept,) = tmp_path.iterdir()
    assert kept.name == left.name.replace("_training", "")
    assert found.retrained.epochs == 2 and found.retrained.seconds > 0
    for name, (kernel, _) in study.weights.items():
        floats = np.sort(np.abs(kernel), axis=None)
        for part in (found.direct, found.retrained):
            codes = part.codes[name]
            assert codes.shape == kernel.shape
            assert np.sum(codes == 0) >= round(0.5 * kernel.size)  # and what quantization adds
            assert part.zeros[name] == np.mean(codes == 0)
        small = np.abs(kernel) <= floats[round(0.5 * kernel.size) - 1]
        assert np.all(found.direct.codes[name][small] == 0)
    sizes = {name: codes.size for name, codes in found.direct.codes.items()}
    assert found.direct.zeros_total == pytest.approx(
        sum(found.direct.zeros[name] * size for name, size in sizes.items()) / sum(sizes.values())
    )

    whole = PruningSweep(study, table, tmp_path / "whole").level(0.5)  # not interrupted
    assert whole.retrained.score == found.retrained.score
    for name, codes in whole.retrained.codes.items():
        np.testing.assert_array_equal(codes, found.retrained.codes[name])

    def fail(*_, **__):
        raise AssertionError("done again")

    monkeypatch.setattr(Study, "retrain", fail)
    again = PruningSweep(study, table, tmp_path).level(0.5)
    for part in ("direct", "retrained"):
        assert getattr(again, part).scores() == getattr(found, part).scores()
    for name, codes in again.direct.codes.items():
        np.testing.assert_array_equal(codes, found.direct.codes[name])
    for other in (PruningSweep(study, table, tmp_path, epochs=3), sweep):
        with pytest.raises(AssertionError, match="done again"):  # another retraining, level
            other.level(0.5 if other is not sweep else 0.6)
    # another loss, another begin
    for change in ({"distillation": 0.5}, {"class_weights": 0.5}, {"bias_correction": True}):
        training = study.design.training.model_copy(update=change)
        design = study.design.model_copy(update={"training": training})
        asked = Study(design, study.dataset, study.topology, study.weights)
        with pytest.raises(AssertionError, match="done again"):
            PruningSweep(asked, table, tmp_path).level(0.5)


def test_a_sweep_without_epochs_is_refused(study, tmp_path):
    table = study.table(wishes(study.design, study.topology))
    with pytest.raises(ConfigError) as caught:
        PruningSweep(study, table, tmp_path, epochs=0)
    assert caught.value.message == "pruning needs retraining, and training.retrain_epochs is 0"


def test_scores_of_one_quantized_layer_are_kept(study, tmp_path, monkeypatch):
    path = tmp_path / "scores.json"
    scorer = LayerScorer(study, path)
    rows = zeros_by_step("conv2_1", study.weights["conv2_1"][0], 2)
    found = [scorer("conv2_1", row.quantizer) for row in rows]
    before = {name: kernel.copy() for name, (kernel, _) in study.weights.items()}
    for row, value in zip(rows, found, strict=True):
        model = build_float(study.topology, batchnorm=False)
        kernel, bias = study.weights["conv2_1"]
        changed = {**study.weights, "conv2_1": (quantized_values(kernel, row.quantizer), bias)}
        set_weights(model, changed)
        assert study.score(model).value == value
    for name, kernel in before.items():  # float again
        np.testing.assert_array_equal(study.float_model.get_layer(name).get_weights()[0], kernel)
    assert len(set(found)) > 1

    def fail(*_):
        raise AssertionError("done again")

    monkeypatch.setattr(module, "score", fail)
    assert [LayerScorer(study, path)("conv2_1", row.quantizer) for row in rows] == found
    for damaged in (
        "",
        "[]",
        '{"digest": 1}',
        path.read_text().replace('"digest": "', '"digest": "x'),
    ):
        path.write_text(damaged)
        with pytest.raises(AssertionError, match="done again"):
            LayerScorer(study, path)("conv2_1", rows[0].quantizer)
    assert json.loads(path.read_text())["digest"].startswith("x")
