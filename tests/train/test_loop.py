"""A training phase: schedule, loss weights, early stopping, resuming, divergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcn_hw.design import Network
from fcn_hw.errors import FcnHwError
from fcn_hw.keras_env import keras_env, seed_everything
from fcn_hw.train import loop
from fcn_hw.train.augment import Augmentation
from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.loop import (
    Phase,
    Step,
    epoch_rows,
    learning_rate,
    loss_weights,
    make_train_step,
    norm_meter,
    run_phase,
)
from fcn_hw.train.networks import build_float
from fcn_hw.train.pixel_loss import PixelLoss
from fcn_hw.train.store import CheckpointFile
from fcn_hw.train.topology import Shape, build_topology


def phase(**changes: Any) -> Phase:
    settings = {
        "name": "float",
        "epochs": 3,
        "learning_rate": 0.01,
        "batch_size": 4,
        "patience": 9,
        "seed": 1,
        "augmentation": Augmentation(),
    }
    return Phase(**(settings | changes))


def make_model(seed: int = 1) -> Any:
    seed_everything(seed)
    network = Network(kind="fcn16s", filters=(4, 6))
    return build_float(build_topology(network, Shape(13, 18, 3), 3), batchnorm=True)


def run(model: Any, settings: Phase, data: DataSet, path: Path, report: Any = None) -> Any:
    weights = loss_weights(data.train, 3, data.void, power=0)
    loss = PixelLoss(weights)
    return run_phase(model, settings, data, loss, CheckpointFile(path, "d"), report)


def timeless(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: row[name] for name in ("loss", "score", "learning_rate")} for row in history]


class Killed(BaseException):
    """As abrupt as Ctrl-C."""


def killer(epoch: int, step: Any) -> Callable[[Step], None]:
    def report(now: Step) -> None:
        if (now.epoch, now.step) == (epoch, step):
            raise Killed

    return report


def test_normalizations_are_measured_over_batches() -> None:
    keras, random = keras_env().keras, np.random.default_rng(2)
    image = keras.Input((4, 6, 2))
    scaled = keras.layers.Rescaling(256.0)(image)
    frozen = keras.layers.BatchNormalization(name="frozen")
    frozen.trainable = False
    model = keras.Model(
        image, [frozen(scaled), keras.layers.BatchNormalization(name="learns")(scaled)]
    )
    measure = norm_meter(model)
    batches = [random.integers(0, 256, (n, 4, 6, 2)).astype(np.uint8) for n in (3, 5)]
    measure(batches)
    samples = [batch.reshape(-1, 2).astype(np.float64) for batch in batches]
    mean, variance = model.get_layer("learns").get_weights()[2:]
    np.testing.assert_allclose(mean, np.mean([s.mean(0) for s in samples], 0), rtol=1e-5)
    # Keras moves the variance of a sample into its average
    expected = np.mean([s.var(0, ddof=1) for s in samples], 0)
    np.testing.assert_allclose(variance, expected, rtol=1e-4)
    assert np.array_equal(model.get_layer("frozen").get_weights()[2:], [[0, 0], [1, 1]])
    model(batches[0] / np.float32(256), training=True)  # a training step moves them as before
    moved = model.get_layer("learns").get_weights()[2]
    np.testing.assert_allclose(moved, 0.99 * mean + 0.01 * samples[0].mean(0), rtol=1e-5)


def test_a_phase_measures_them_before_it_scores(squares: DataSet, tmp_path: Path) -> None:
    losses = []
    for count in (0, 2):
        model = make_model()
        state = run(model, phase(epochs=2, norm_batches=count), squares, tmp_path / f"{count}")
        losses.append([row["loss"] for row in state.history])
    assert losses[0] == losses[1]  # steps do not read what is measured
    one, other = (np.load(tmp_path / f"{count}") for count in (0, 2))
    same = [np.array_equal(one[key], other[key]) for key in one if key.startswith("weights_")]
    assert any(same) and not all(same)


def test_interrupted_training_ends_as_an_uninterrupted_one(
    squares: DataSet, tmp_path: Path
) -> None:
    whole = make_model()
    expected = run(whole, phase(), squares, tmp_path / "whole.npz")
    for epoch, step in ((1, 2), (2, 1), (3, 3)):  # killed three times, within an epoch each time
        with pytest.raises(Killed):
            run(make_model(), phase(), squares, tmp_path / "part.npz", killer(epoch, step))
    resumed = make_model()
    actual = run(resumed, phase(), squares, tmp_path / "part.npz")
    assert timeless(actual.history) == timeless(expected.history) and len(actual.history) == 3
    assert (actual.best_epoch, actual.best) == (expected.best_epoch, expected.best)
    for a, b in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_finished_phase_is_not_run_again(squares: DataSet, tmp_path: Path) -> None:
    first = make_model()
    run(first, phase(epochs=1), squares, tmp_path / "c.npz")
    steps = []
    second = make_model(seed=2)
    state = run(second, phase(epochs=1), squares, tmp_path / "c.npz", steps.append)
    assert steps == [] and state.epoch == 1
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])


def test_patience_stops_early_and_the_best_weights_are_kept(
    squares: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.1, 0.5, 0.4, 0.3, 0.9])
    monkeypatch.setattr(loop._PhaseTrainer, "_validate", lambda self: next(scores))
    kept = {}

    def report(now: Step) -> None:
        if (now.epoch, now.step) == (2, 1):
            kept["after first step of epoch 2"] = model.get_weights()[0]

    model = make_model()
    state = run(model, phase(epochs=9, patience=2), squares, tmp_path / "c.npz", report)
    assert (state.epoch, state.best_epoch, state.best) == (3, 1, 0.5)
    assert state.finished
    checkpoint = CheckpointFile(tmp_path / "c.npz", "d").load()
    np.testing.assert_array_equal(model.get_weights()[0], checkpoint.arrays["best"][0])
    assert np.any(model.get_weights()[0] != checkpoint.arrays["weights"][0])
    assert np.any(model.get_weights()[0] != kept["after first step of epoch 2"])


def test_training_that_never_improves_returns_its_start(
    squares: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.9, 0.1, 0.2])
    monkeypatch.setattr(loop._PhaseTrainer, "_validate", lambda self: next(scores))
    model = make_model()
    start = model.get_weights()
    state = run(model, phase(epochs=2), squares, tmp_path / "c.npz")
    assert state.best_epoch == 0
    np.testing.assert_array_equal(model.get_weights()[0], start[0])


def test_divergence_is_reported_and_the_last_good_epoch_kept(
    squares: DataSet, tmp_path: Path
) -> None:
    path = tmp_path / "c.npz"
    with pytest.raises(Killed):
        run(make_model(), phase(), squares, path, killer(2, 1))

    def poison(now: Step) -> None:
        if (now.epoch, now.step) == (2, 1):
            layer = model.get_layer("score_fr")
            layer.set_weights([np.full_like(w, np.nan) for w in layer.get_weights()])

    model = make_model()
    with pytest.raises(FcnHwError) as caught:
        run(model, phase(), squares, path, poison)
    assert str(caught.value) == ("training diverged: the loss is nan in epoch 2 of the float phase")
    assert caught.value.hint == (
        "lower training.learning_rate (now 0.01); the checkpoint still holds epoch 1"
    )
    kept = CheckpointFile(path, "d").load()
    assert kept.facts["epoch"] == 1
    assert all(np.all(np.isfinite(array)) for array in kept.arrays["weights"])


def test_training_learns(squares: DataSet, tmp_path: Path) -> None:
    model = make_model()
    state = run(model, phase(epochs=8, augmentation=None), squares, tmp_path / "c.npz")
    assert state.history[-1]["loss"] < 0.6 * state.history[0]["loss"]
    assert state.best > 0.3


def test_void_pixels_do_not_count(squares: DataSet) -> None:
    """Whatever the network says there: loss and gradients are the same."""
    weights = loss_weights(squares.train, 3, squares.void, power=0)
    assert weights[255] == 0 and weights[:3].tolist() == [1, 1, 1]
    images, masks = squares.train.images[:4], squares.train.masks[:4]
    losses, kernels = [], []
    for void_as in (255, 2):  # once as void, once as a class, but with weight 0 by the table
        model = make_model()
        optimizer = keras_env().keras.optimizers.SGD(0.1)
        optimizer.build(model.trainable_variables)
        table = weights if void_as == 255 else np.ones(256, np.float32)
        changed = np.where(masks == 255, void_as, masks).astype(np.uint8)
        losses.append(float(make_train_step(model, optimizer, PixelLoss(table))(images, changed)))
        kernels.append(model.get_layer("conv1_1").get_weights()[0])
    assert losses[0] != losses[1]
    model = make_model()
    scores = model((images / 256).astype(np.float32), training=True).numpy().astype(np.float64)
    log_p = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    valid = masks != 255
    picked = np.take_along_axis(log_p, np.where(valid, masks, 0)[..., None].astype(int), -1)[..., 0]
    assert losses[0] == pytest.approx(-picked[valid].mean(), rel=1e-5)


def test_median_frequency_weights_by_hand() -> None:
    masks = np.zeros((2, 2, 4), np.uint8)
    masks[0, 0] = 1  # class 1: 4 of 8 pixels of the only image that it is in
    masks[1, 0, 0] = 9  # void
    split = Split(np.zeros((2, 2, 4, 3), np.uint8), masks, ("a", "b"))
    weights = loss_weights(split, 3, 9, power=1)
    frequency = {0: (4 + 7) / (8 + 7), 1: 4 / 8}  # the void pixel is in neither count
    median = (frequency[0] + frequency[1]) / 2
    assert weights[0] == pytest.approx(median / frequency[0])
    assert weights[1] == pytest.approx(median / frequency[1])
    assert weights[9] == 0
    assert weights[2] == 1  # in no mask
    assert loss_weights(split, 3, 9, power=0.5) == pytest.approx(np.sqrt(weights))
    assert loss_weights(split, 3, 9, power=0)[[0, 1, 2, 9]].tolist() == [1, 1, 1, 0]


def test_rate_warms_up_and_falls() -> None:
    settings = phase(learning_rate=1.0)
    rates = [learning_rate(settings, step, 200) for step in range(200)]
    peak = int(np.argmax(rates))
    assert rates[0] < 0.1 and 0.9 < rates[peak] <= 1.0
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert 0.01 < rates[-1] < 0.05


def test_rate_of_a_head_phase_stays_at_its_peak() -> None:
    settings = phase(learning_rate=1.0, encoder=("conv1",), encoder_rate=0.0)
    rates = [learning_rate(settings, step, 200) for step in range(200)]
    assert rates[0] < 0.1 and set(rates[20:]) == {1.0}


def test_images_of_rare_classes_are_repeated(squares: DataSet) -> None:
    masks = np.zeros((4, 2, 2), np.uint8)
    masks[1, 0, 0], masks[2, 1, 1], masks[2, 0, 0] = 1, 1, 2
    split = Split(np.zeros((4, 2, 2, 3), np.uint8), masks, tuple("abcd"))
    few = replace(squares, classes=("none", "cow", "pony"), train=split)
    assert epoch_rows(few, {}).tolist() == [0, 1, 2, 3]
    assert epoch_rows(few, {"cow": 2}).tolist() == [0, 1, 1, 2, 2, 3]
    assert epoch_rows(few, {"pony": 3, "cow": 2}).tolist() == [0, 1, 1, 2, 2, 2, 3]
