"""Magnitude pruning: the schedule, which weights go, that they stay away, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from fcn_hw.design import Design, Pruning, Training
from fcn_hw.errors import ConfigError
from fcn_hw.keras_env import seed_everything
from fcn_hw.ops.pixel_steps import StepBlocks
from fcn_hw.train import loop
from fcn_hw.train.datasets.base import DataSet
from fcn_hw.train.loop import Step
from fcn_hw.train.networks import build_float, folded_weights
from fcn_hw.train.precision import wishes
from fcn_hw.train.pruning import (
    Pruner,
    blocks_digest,
    check_pruning,
    choose_masks,
    lamp_scores,
    sparsity_at,
)
from fcn_hw.train.run import train
from fcn_hw.train.store import CheckpointFile
from fcn_hw.train.study import Study, design_phase
from fcn_hw.train.topology import Shape, build_topology

Floats = npt.NDArray[np.float32]


def test_the_schedule_is_the_cubic() -> None:
    for target in (0.5, 0.85):
        for step in range(13):
            exact = Fraction(target) * (1 - (1 - Fraction(step, 12)) ** 3)
            assert sparsity_at(target, step / 12) == pytest.approx(float(exact), rel=1e-12)
        assert sparsity_at(target, 0) == 0
        assert sparsity_at(target, 1) == sparsity_at(target, 7) == target
        assert sparsity_at(target, -1) == 0


def kernels(seed: int = 1) -> dict[str, Floats]:
    random = np.random.default_rng(seed)
    shapes = {"a": (3, 3, 2, 5), "b": (1, 1, 4, 7), "c": (2, 2, 3, 3)}
    return {
        name: (random.standard_normal(shape) * 10.0**index).astype(np.float32)
        for index, (name, shape) in enumerate(shapes.items())
    }


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("sparsity", [0.0, 0.33, 0.5, 0.97])
def test_the_smallest_weights_of_a_layer_go_and_as_many_as_are_asked_for(
    sparsity: float, progress: float
) -> None:
    pruning = Pruning(sparsity=sparsity, layers={"b": 0.25, "c": 0})
    found, given = choose_masks(kernels(), pruning, progress), kernels()
    for name, part in (("a", sparsity), ("b", 0.25), ("c", 0.0)):
        kept = found[name] == 1
        assert set(np.unique(found[name])) <= {0.0, 1.0}
        assert found[name].shape == given[name].shape
        wanted = round(part * (1 - (1 - progress) ** 3) * kept.size)
        assert np.sum(~kept) == wanted
        if wanted > 0:
            assert np.abs(given[name][~kept]).max() <= np.abs(given[name][kept]).min()


def test_a_layer_is_never_pruned_away() -> None:
    small = {"tiny": np.array([0.1, -3.0, 2.0], np.float32)}
    assert choose_masks(small, Pruning(sparsity=0.99))["tiny"].tolist() == [0, 1, 0]
    both = {**small, "other": np.array([9.0, 9.0], np.float32)}
    masks = choose_masks(both, Pruning(sparsity=0.99, scope="global"))
    assert {name: mask.sum() for name, mask in masks.items()} == {"tiny": 1, "other": 1}


def test_of_equal_weights_the_first_goes() -> None:
    same = {"same": np.full((2, 2), -0.5, np.float32)}
    assert choose_masks(same, Pruning(sparsity=0.5))["same"].tolist() == [[0, 0], [1, 1]]


def test_lamp_by_its_definition() -> None:
    """Lee et al. 2021, equation 4, weight by weight."""
    kernel = kernels()["a"]
    weights = kernel.ravel().astype(np.float64)
    for weight, found in zip(weights, lamp_scores(kernel), strict=True):
        assert found == pytest.approx(
            weight**2 / sum(w**2 for w in weights if abs(w) >= abs(weight)), rel=1e-9
        )
    assert lamp_scores(kernel).max() == 1
    assert lamp_scores(np.zeros((2, 2), np.float32)).tolist() == [0, 0, 0, 0]


def test_global_scope_shares_the_zeros_whatever_the_layers_scales() -> None:
    given = kernels()
    pruning = Pruning(sparsity=0.6, layers={"b": 0.25}, scope="global")
    found = choose_masks(given, pruning)
    assert np.sum(found["b"] == 0) == 7
    shared = given["a"].size + given["c"].size
    assert np.sum(found["a"] == 0) + np.sum(found["c"] == 0) == round(0.6 * shared)
    for name in "ac":
        kept = found[name] == 1
        assert np.abs(given[name][~kept]).max() <= np.abs(given[name][kept]).min()
    scaled = choose_masks({**given, "a": given["a"] * 2.0**10}, pruning)
    for name, mask in found.items():
        np.testing.assert_array_equal(scaled[name], mask)
    # a layer of a few large weights loses more than one of equal weights
    peaks = {"peaks": np.array([8, 8, *[0.01] * 8], np.float32), "even": np.ones(10, np.float32)}
    masks = choose_masks(peaks, Pruning(sparsity=0.4, scope="global"))
    assert (masks["peaks"].sum(), masks["even"].sum()) == (2, 10)


def blocks(left: int) -> dict[str, StepBlocks]:
    """Of layer a: six steps of 15 weights in two filter groups."""
    return {"a": StepBlocks(np.arange(90).reshape(1, 2, 3, 15), left)}


FOLD = Pruning(sparsity=0.5, layers={"b": 0.25}, block="fold", board="pynq-z2")


@pytest.mark.parametrize("progress", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("left", [2, 3, 6])
def test_steps_of_least_norm_go_together(left: int, progress: float) -> None:
    given = kernels()
    found = choose_masks(given, FOLD, progress, blocks(left))
    kept = found["a"].reshape(6, 15)
    assert np.all(kept == kept[:, :1])  # a step as a whole
    gone = kept[:, 0] == 0
    assert gone.sum() == round((6 - left) * (1 - (1 - progress) ** 3))
    norms = np.square(given["a"].reshape(6, 15).astype(float)).sum(axis=1)
    norms[[norms[:3].argmax(), 3 + norms[3:].argmax()]] = np.inf  # of each group one stays
    if gone.any():
        assert norms[gone].max() <= norms[~gone].min() and np.isfinite(norms[gone]).all()
    others = choose_masks(given, Pruning(sparsity=0.5, layers={"b": 0.25}), progress)
    for name in "bc":  # layers without blocks lose single weights
        np.testing.assert_array_equal(found[name], others[name])


def test_places_without_a_weight_are_no_weight() -> None:
    """A phase of a transposed convolution may have fewer weights than steps times multipliers."""
    layer = StepBlocks(np.array([[[[0, 1], [2, -1], [3, -1]]]]), 2)
    kernel = np.array([1, 1, 3, 2], np.float32)
    assert choose_masks({"a": kernel}, FOLD, 1.0, {"a": layer})["a"].tolist() == [0, 0, 1, 1]


def test_a_digest_of_blocks_tells_them_apart() -> None:
    moved = {"a": StepBlocks(np.arange(90).reshape(1, 2, 3, 15)[..., ::-1], 3)}
    different = [blocks(3), blocks(4), moved, {"c": blocks(3)["a"]}]
    assert len({blocks_digest(each) for each in different}) == 4
    assert blocks_digest(blocks(3)) == blocks_digest(blocks(3))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"block": "fold"}, "block: fold needs board, the one whose folds are meant"),
        ({"board": "pynq-z2"}, "board is of block: fold"),
        (
            {"block": "fold", "board": "pynq-z2", "scope": "global"},
            "scope: global is of single weights; block: fold chooses the layers",
        ),
        ({"block": "folds"}, "Input should be 'weight' or 'fold'"),
    ],
)
def test_blocks_without_a_fold_are_refused(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Pruning.model_validate(keys)


@pytest.mark.parametrize(
    ("pruning", "binary", "steps", "message", "hint"),
    [
        (
            {"layers": {"conv_1": 0.5}}, [], 100,
            "training.pruning.layers: 'conv_1' is not a layer of the network",
            "nearest: 'conv1', 'conv2'",
        ),
        (
            {}, ["conv2"], 100,
            "training.pruning: layer 'conv2' has binary weights, which are never zero",
            "set training.pruning.layers.conv2 to 0, or make its weights ternary",
        ),
        (
            {"ramp": 0.9}, [], 4,
            "training.pruning: the zeros rise for 4 of the 4 steps of retraining, so no epoch ends "
            "with all of them",
            "lower training.pruning.ramp (now 0.9), or raise training.retrain_epochs",
        ),
        (
            {}, [], 1,
            "training.pruning: the zeros rise for 1 of the 1 steps of retraining, so no epoch ends "
            "with all of them",
            "lower training.pruning.ramp (now 0.5), or raise training.retrain_epochs",
        ),
    ],
)  # fmt: skip
def test_what_can_not_be_pruned(
    pruning: Any, binary: Any, steps: int, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check_pruning(Pruning(**pruning), ["conv1", "conv2"], binary, steps)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_what_can_be_pruned() -> None:
    names = ["conv1", "conv2"]
    assert check_pruning(Pruning(layers={"conv2": 0}), names, ["conv2"], 100) == 50
    assert check_pruning(Pruning(sparsity=0, layers={"conv1": 0.1}), names, ["conv2"], 2) == 1


def test_a_design_without_room_for_pruning_is_refused() -> None:
    with pytest.raises(ValidationError, match="less than 1"):
        Pruning(ramp=1)
    with pytest.raises(ValidationError, match="retrained, and retrain_epochs is 0"):
        Training(pruning=Pruning(), retrain_epochs=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": {"layers": {"conv2_1": {"weight": "binary"}}}}, "'conv2_1' has binary"),
        ({"training": {"retrain_epochs": 1, "batch_size": 99}}, "rise for 1 of the 1 steps"),
        ({"training": {"pruning": {"layers": {"conv2_2": 0.5}}}}, "'conv2_2' is not a layer"),
    ],
)
def test_a_training_that_can_not_prune_does_not_start(
    tiny_design: Callable[..., Design], squares: DataSet, tmp_path: Path, changes: Any, message: str
) -> None:
    training = {"pruning": {"sparsity": 0.5}, **changes.get("training", {})}
    design = tiny_design(**{**changes, "training": training})
    with pytest.raises(ConfigError, match=message):
        train(design, squares, tmp_path, progress=False)
    assert not list(tmp_path.iterdir())


# -- with a model ----------------------------------------------------------------------------------

EPOCHS, STEPS_AN_EPOCH = 4, 3
RAMP = 6  # half of 12 steps: the zeros are all there from the third epoch on


class Killed(BaseException):
    """As abrupt as Ctrl-C."""


@pytest.fixture
def session(tiny_design: Callable[..., Design], squares: DataSet) -> Any:
    """A study of an untrained network, and how to retrain it."""
    pruning = {"sparsity": 0.75, "layers": {"conv1_1": 0.3, "score_fr": 0}}
    training = {"batch_size": 4, "retrain_epochs": EPOCHS, "pruning": pruning, "patience": 99}
    design = tiny_design(training={**training, "calibration_images": 2})
    topology = build_topology(design.network, Shape(13, 18, 3), 3)
    seed_everything(3)
    weights = folded_weights(build_float(topology, batchnorm=False), topology)
    study = Study(design, squares, topology, weights)
    table = study.table(wishes(design, topology))
    phase = design_phase(design, "retrain", EPOCHS, 0.01)

    def run(path: Path, report: Any = None, blocks: Any = None) -> Any:
        model = study.quantized(table)
        return model, study.retrain(
            model, phase, CheckpointFile(path, "d"), report and report(model), blocks=blocks
        )

    run.study, run.table = study, table
    return run


def zeros(model: Any, name: str) -> npt.NDArray[np.bool_]:
    return model.get_layer(name).kernel.numpy() == 0


def test_zeros_rise_on_schedule_and_stay(session: Any, tmp_path: Path) -> None:
    seen = []

    def watch(model: Any) -> Any:
        return lambda now: seen.append({name: zeros(model, name) for name in session.study.weights})

    model, state = session(tmp_path / "c.npz", watch)
    assert len(seen) == EPOCHS * STEPS_AN_EPOCH
    targets = {"conv1_1": 0.3, "conv2_1": 0.75}
    for name, target in targets.items():
        for step, flags in enumerate(seen):
            part = target * (1 - (1 - min(step, RAMP) / RAMP) ** 3)
            assert flags[name].sum() >= round(part * flags[name].size)
            if step >= RAMP:
                assert flags[name].sum() == round(target * flags[name].size)
                np.testing.assert_array_equal(flags[name], seen[RAMP][name])
        np.testing.assert_array_equal(zeros(model, name), seen[RAMP][name])
    assert not seen[-1]["score_fr"].any()
    assert state.best_epoch >= 3
    snapped = session.study.snapped(model, session.table)
    for name in targets:  # a shadow weight of zero is a zero in hardware
        assert np.all(snapped.get_layer(name).get_weights()[0][zeros(model, name)] == 0)


def test_steps_stay_zero_through_the_retraining(session: Any, tmp_path: Path) -> None:
    size = session.study.weights["conv2_1"][0].size
    layer = StepBlocks(np.arange(size).reshape(1, 2, 6, -1), 5)
    model, _ = session(tmp_path / "c.npz", blocks={"conv2_1": layer})
    gone = zeros(model, "conv2_1").reshape(12, -1).all(axis=1)
    assert gone.sum() == 7
    assert zeros(model, "conv2_1").sum() < size * 7 // 12 + 9  # no other weight was pruned


def test_an_interrupted_pruning_ends_as_an_uninterrupted_one(session: Any, tmp_path: Path) -> None:
    whole, expected = session(tmp_path / "whole.npz")

    def killer(epoch: int, step: Any) -> Any:
        def report(now: Step) -> None:
            if (now.epoch, now.step) == (epoch, step):
                raise Killed

        return lambda model: report

    for place in ((2, 1), (3, 2), (4, 3)):  # while the zeros rise, as they are there, later
        with pytest.raises(Killed):
            session(tmp_path / "part.npz", killer(*place))
    resumed, actual = session(tmp_path / "part.npz")
    untimed = [
        [{key: value for key, value in epoch.items() if key != "seconds"} for epoch in run.history]
        for run in (actual, expected)
    ]
    assert untimed[0] == untimed[1] and len(actual.history) == EPOCHS
    assert (actual.best, actual.best_epoch) == (expected.best, expected.best_epoch)
    for a, b in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_epochs_with_all_zeros_count(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.9, 0.8, 0.3, 0.2])
    monkeypatch.setattr(loop._PhaseTrainer, "_validate", lambda self: next(scores))
    model, state = session(tmp_path / "c.npz")
    assert (state.best, state.best_epoch) == (0.3, 3)
    assert [row["score"] for row in state.history] == [0.9, 0.8, 0.3, 0.2]
    assert zeros(model, "conv2_1").sum() == round(0.75 * zeros(model, "conv2_1").size)


def test_a_zero_that_is_not_pruned_may_come_back(session: Any) -> None:
    """Resuming takes the masks as they were, and does not read them from the weights."""
    study = session.study
    model = study.quantized(session.table)
    pruner = Pruner(model, study.topology, study.design.training.pruning, None, 12)
    kernel = model.get_layer("conv2_1").kernel
    values = kernel.numpy()
    values.flat[np.argsort(np.abs(values), axis=None)[:3]] = 0
    kernel.assign(values)
    masks = pruner.masks
    assert all(mask.all() for mask in masks)
    again = Pruner(model, study.topology, study.design.training.pruning, None, 12)
    again.take_up(masks)
    kernel.assign_add(np.ones_like(values))
    again.apply()
    np.testing.assert_array_equal(kernel.numpy(), values + 1)


def test_a_model_with_binary_weights_is_refused(session: Any) -> None:
    study = session.study
    design = study.design.model_copy(update={"precision": type(study.design.precision)(
        layers={"conv2_1": {"weight": "binary"}}
    )})  # fmt: skip
    model = study.quantized(study.table(wishes(design, study.topology)))
    with pytest.raises(ConfigError, match="layer 'conv2_1' has binary weights"):
        Pruner(model, study.topology, study.design.training.pruning, None, 12)
