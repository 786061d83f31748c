"""One phase of training: epochs, schedule, early stopping, checkpoints.

A phase that was interrupted, even by ``kill -9``, goes on after its last whole epoch and ends with
the same weights as one that was not: the order of the images and their variations depend on (seed,
phase, epoch) only, and weights, optimizer and best weights are in the checkpoint.
"""

from __future__ import annotations

import logging
import math
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Augmentation
from fcn_hw.errors import FcnHwError
from fcn_hw.keras_env import keras_env
from fcn_hw.train.augment import augment
from fcn_hw.train.batches import ahead
from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.pixel_loss import PixelLoss, batch_signature
from fcn_hw.train.predict import BYTE_SCALE, Bytes, Predictor, score
from fcn_hw.train.pruning import Pruner
from fcn_hw.train.step_sizes import optimizer_of
from fcn_hw.train.store import Checkpoint, CheckpointFile
from fcn_hw.train.team import Team

log = logging.getLogger(__name__)

_WARM_UP_STEPS = 20
_FINAL_RATE = 0.02
"""Part of the learning rate that is left at the end of the cosine."""

_N_MASK_VALUES = 256


@dataclass(frozen=True)
class Phase:
    """Settings of a training phase.

    Args:
        name: ``"head"``, ``"float"`` or ``"retrain"``; part of the random seed.
        epochs: at most.
        learning_rate: the peak; the rate warms up, then follows a cosine (Loshchilov & Hutter
            2017).
        batch_size: images a step.
        patience: epochs without a better validation score before the phase stops.
        seed: of the image order and the variations.
        augmentation: or None.
        encoder: layers, by name, that have ``encoder_rate`` times the learning rate, with the
            normalizations behind them; 0: they keep their weights, their normalizations are those
            of inference, and the others' rate stays at its peak for the phase behind.
        relative: whether ``learning_rate`` is a part of the size of a filter's weights, as they are
            when the phase begins.
        repeat: how often an epoch takes each image that holds a class, by its name.
        norm_batches: over which the normalizations are measured in front of a score; 0: they are
            not.
    """

    name: str
    epochs: int
    learning_rate: float
    batch_size: int
    patience: int
    seed: int
    augmentation: Augmentation | None
    encoder: tuple[str, ...] = ()
    encoder_rate: float = 1.0
    relative: bool = False
    repeat: Mapping[str, int] = field(default_factory=dict)
    norm_batches: int = 0


@dataclass(frozen=True)
class Step:
    """Progress: step ``step`` of ``steps`` in epoch ``epoch`` (from 1) of ``epochs``."""

    phase: str
    epoch: int
    epochs: int
    step: int
    steps: int
    best: float


Report = Callable[[Step], None]


@dataclass
class PhaseState:
    """What a checkpoint holds besides weights and optimizer.

    Args:
        epoch: epochs done.
        best: score on the validation split, mIoU or accuracy; -1 before the first that counts:
            with pruning, epochs whose zeros are all there.
        best_epoch: that had it; 0 is the state before the phase.
        seconds: of work, over all runs.
        history: a row for each epoch: ``loss`` (mean over its steps), ``score`` on the validation
            split, ``learning_rate`` of its last step, ``seconds`` of work.
        finished: the phase is over, by its last epoch or by patience.
    """

    epoch: int = 0
    best: float = -1.0
    best_epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    finished: bool = False


Watch = Callable[[Phase, PhaseState, Predictor], None]
"""Called after each epoch, once its checkpoint is written, and when a phase is taken up."""


def loss_weights(
    split: Split, n_classes: int, void: int | None, *, power: float
) -> npt.NDArray[np.float32]:
    """Weight of a pixel in the loss, by its mask value; 0 for void.

    It is (median frequency / frequency) ** power, where the frequency of a class is its part of the
    pixels of the images that it occurs in (Eigen & Fergus, ICCV 2015, section 6.3.2, has power 1).
    A class that occurs in none has no frequency: it keeps weight 1 and does not enter the median.

    Returns:
        (256,).
    """
    weights = np.zeros(_N_MASK_VALUES, dtype=np.float32)
    weights[:n_classes] = 1.0
    if power:
        counts = np.stack(
            [np.bincount(mask.ravel(), minlength=_N_MASK_VALUES) for mask in split.masks]
        )[:, :n_classes]
        present = np.where(counts > 0, counts.sum(axis=1, keepdims=True), 0).sum(axis=0)
        frequency = counts.sum(axis=0) / np.maximum(present, 1)
        median = np.median(frequency[frequency > 0]) if counts.any() else 1.0
        np.divide(median, frequency, out=weights[:n_classes], where=frequency > 0)
        weights **= power
    if void is not None:
        weights[void] = 0.0
    return weights


def epoch_rows(data: DataSet, repeat: Mapping[str, int]) -> npt.NDArray[np.intp]:
    """The training images of an epoch, by their places in the split, in order.

    Args:
        data: with the split.
        repeat: how often an image that holds a class is taken, by the name of the class; the
            largest number of its classes counts.
    """
    masks = data.train.masks
    counts = np.ones(len(masks), np.intp)
    for name, count in repeat.items():
        held = (masks == data.classes.index(name)).any(axis=(1, 2))
        counts[held] = np.maximum(counts[held], count)
    return np.repeat(np.arange(len(masks)), counts)


def learning_rate(phase: Phase, step: int, steps: int) -> float:
    """Rate of step ``step`` (from 0) of ``steps`` in all."""
    warm_up = min(1.0, (step + 1) / _WARM_UP_STEPS)
    if phase.encoder_rate == 0:
        return phase.learning_rate * warm_up
    cosine = 0.5 * (1 + math.cos(math.pi * step / max(steps, 1)))
    return phase.learning_rate * warm_up * (_FINAL_RATE + (1 - _FINAL_RATE) * cosine)


def make_train_step(
    model: Any,
    optimizer: Any,
    pixel_loss: PixelLoss,
    after: Callable[[], None] | None = None,
) -> Callable[..., Any]:
    """A compiled step: forward and backward pass, update of the (shadow) weights.

    The loss is the weighted mean of the pixels' losses.

    Args:
        model: whose weights are updated.
        optimizer: by which.
        pixel_loss: what is asked of a pixel.
        after: what else a step does to the weights.

    Returns:
        (images, masks, and the answers of a teacher if the loss has any) as bytes -> loss.
    """
    tf = keras_env().tf

    def train_step(images: Any, masks: Any, *answers: Any) -> Any:
        with tf.GradientTape() as tape:
            values = tf.cast(images, tf.float32) * BYTE_SCALE
            losses, weights = pixel_loss.of(model(values, training=True), values, masks, *answers)
            loss = tf.reduce_sum(losses) / tf.maximum(tf.reduce_sum(weights), 1e-6)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        if after is not None:
            after()
        return loss

    signature = batch_signature(model, pixel_loss)
    return tf.function(train_step, input_signature=signature)  # type: ignore[no-any-return]


def norm_meter(model: Any) -> Callable[[Iterable[Bytes]], None]:
    """What sets mean and variance of the normalizations that learn to their averages over batches.

    A moving average is of the weights of some steps ago and of few batches, and a deep network adds
    up the errors of its layers (Wu & Johnson, "Rethinking 'Batch' in BatchNorm", arXiv 2105.07576,
    section 3).

    Args:
        model: float, with normalizations.

    Returns:
        a function of batches of images, as bytes.
    """
    env = keras_env()
    norms = [
        layer
        for layer in model.layers
        if isinstance(layer, env.keras.layers.BatchNormalization) and layer.trainable
    ]
    averages = [item for layer in norms for item in (layer.moving_mean, layer.moving_variance)]

    def see(images: Any) -> Any:
        model(env.tf.cast(images, env.tf.float32) * BYTE_SCALE, training=True)
        return [item.read_value() for item in averages]

    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0  # as this is compiled: an average is what the batch has
    seen = env.tf.function(see).get_concrete_function(
        env.tf.TensorSpec(model.input_shape, env.tf.uint8)
    )
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum

    def measure(batches: Iterable[Bytes]) -> None:
        found = [[item.numpy() for item in seen(env.tf.constant(images))] for images in batches]
        for item, values in zip(averages, zip(*found, strict=True), strict=True):
            item.assign(np.mean(values, axis=0, dtype=np.float64))

    return measure


def run_phase(
    model: Any,
    phase: Phase,
    data: DataSet,
    pixel_loss: PixelLoss,
    file: CheckpointFile,
    report: Report | None = None,
    pruner: Callable[[int], Pruner] | None = None,
    team: Team | None = None,
    watch: Watch | None = None,
) -> PhaseState:
    """Trains ``model`` in place; it ends with the weights of the best validation score.

    Args:
        model: float or quantized, with its initial weights.
        phase: the settings.
        data: training and validation split.
        pixel_loss: what is asked of a pixel.
        file: where the state is kept, and taken up again.
        report: called after each step.
        pruner: makes what prunes the model, from the number of steps of the phase.
        team: the workers that train together; None: this process alone.
        watch: called after each epoch.

    Raises:
        FcnHwError: the loss or a weight is no longer finite; the checkpoint keeps the last good
            epoch.
    """
    trainer = _PhaseTrainer(model, phase, data, pixel_loss, file, pruner, team)
    trainer.resume_or_start()
    while True:
        if watch is not None:
            watch(phase, trainer.state, trainer.predictor)
        if trainer.state.finished:
            break
        trainer.run_epoch(report)
    model.set_weights(trainer.best)
    return trainer.state


class _PhaseTrainer:
    def __init__(
        self,
        model: Any,
        phase: Phase,
        data: DataSet,
        pixel_loss: PixelLoss,
        file: CheckpointFile,
        pruner: Callable[[int], Pruner] | None,
        team: Team | None,
    ) -> None:
        self.team, self.answers_to = team, pixel_loss.answers_to
        self.model, self.phase, self.data, self.file = model, phase, data, file
        self.optimizer = optimizer_of(
            model, phase.encoder, phase.encoder_rate, relative=phase.relative
        )
        self.optimizer.build(model.trainable_variables)
        self.state = PhaseState()
        self.best: list[npt.NDArray[Any]] = model.get_weights()
        self.rows = epoch_rows(data, phase.repeat)
        self.steps = math.ceil(len(self.rows) / phase.batch_size)
        self.pruner = None if pruner is None else pruner(phase.epochs * self.steps)
        make = make_train_step if team is None else team.train_step
        self._train_step = make(
            model, self.optimizer, pixel_loss, self.pruner.apply if self.pruner else None
        )
        self._measure_norms = norm_meter(model) if phase.norm_batches else None
        self.predictor = Predictor(model)

    def resume_or_start(self) -> None:
        checkpoint = self.file.load()
        if checkpoint is None:
            best = -1.0 if self.pruner and self.phase.epochs else self._validate()
            self.state = PhaseState(best=best, finished=self.phase.epochs == 0)
        else:
            self._take_up(checkpoint)
            log.info("%s: resumed after epoch %d", self.phase.name, self.state.epoch)
        self._agree()

    def _take_up(self, checkpoint: Checkpoint) -> None:
        self.state = PhaseState(**checkpoint.facts)
        self.model.set_weights(checkpoint.arrays["weights"])
        for variable, value in zip(
            self.optimizer.variables, checkpoint.arrays["optimizer"], strict=True
        ):
            variable.assign(value)
        self.best = list(checkpoint.arrays["best"])
        if self.pruner is not None and not self.state.finished:
            self.pruner.take_up(checkpoint.arrays["masks"])

    def _agree(self) -> None:
        """All workers take over the chief's state."""
        if self.team is not None:
            shared = Checkpoint.from_bytes(self.team.from_chief(self._checkpoint().to_bytes()))
            assert shared is not None
            self._take_up(shared)

    def run_epoch(self, report: Report | None) -> None:
        started = time.perf_counter()
        epoch = self.state.epoch + 1
        loss = self._fit(epoch, report)
        if self._measure_norms is not None:
            count = self.phase.norm_batches
            self._measure_norms(images for images, *_ in islice(self._batches(epoch), count))
        value = self._validate()
        state = self.state
        state.epoch = epoch
        seconds = time.perf_counter() - started
        rate = learning_rate(self.phase, epoch * self.steps - 1, self.phase.epochs * self.steps)
        state.history.append(
            {"loss": loss, "score": value, "learning_rate": rate, "seconds": round(seconds, 2)}
        )
        counts = self.pruner is None or self.pruner.reached(epoch * self.steps)
        if counts and value > state.best:
            state.best, state.best_epoch = value, epoch
            self.best = self.model.get_weights()
        stale = counts and epoch - state.best_epoch >= self.phase.patience
        state.finished = stale or epoch >= self.phase.epochs
        state.seconds += seconds
        log.info(
            "%s: epoch %d, loss %.4f, %s %.4f",
            self.phase.name, epoch, loss, self.data.metric, value,
        )  # fmt: skip
        self.file.save(self._checkpoint())
        self._agree()

    def _batches(self, epoch: int) -> Iterator[tuple[Bytes, ...]]:
        phase, train = self.phase, self.data.train
        random = np.random.default_rng([phase.seed, zlib.crc32(phase.name.encode()), epoch])
        order = random.permutation(self.rows)
        for step in range(self.steps):
            rows = order[step * phase.batch_size : (step + 1) * phase.batch_size]
            images, masks, answers = train.images[rows], train.masks[rows], self.answers_to(rows)
            if phase.augmentation is None:
                yield images, masks, *answers
            else:
                yield augment(images, masks, phase.augmentation, random, *answers)

    def _fit(self, epoch: int, report: Report | None) -> float:
        phase = self.phase
        losses = []
        with ahead(self._batches(epoch)) as batches:
            for step, batch in enumerate(batches):
                done = (epoch - 1) * self.steps + step
                self.optimizer.learning_rate.assign(
                    learning_rate(phase, done, phase.epochs * self.steps)
                )
                if self.pruner is not None:
                    self.pruner.before_step(done)
                losses.append(self._train_step(*batch))
                if report is not None:
                    best = self.state.best
                    report(Step(phase.name, epoch, phase.epochs, step + 1, self.steps, best))
        mean = float(np.mean([loss.numpy() for loss in losses]))
        self._check_finite(mean, epoch)
        return mean

    def _check_finite(self, loss: float, epoch: int) -> None:
        what = None
        if not math.isfinite(loss):
            what = f"the loss is {loss}"
        elif not all(np.all(np.isfinite(weights)) for weights in self.model.get_weights()):
            what = "a weight is not finite"
        if what is not None:
            key = "retrain_learning_rate" if self.phase.name == "retrain" else "learning_rate"
            raise FcnHwError(
                f"training diverged: {what} in epoch {epoch} of the {self.phase.name} phase",
                hint=f"lower training.{key} (now {self.phase.learning_rate:g}); the checkpoint "
                f"still holds epoch {self.state.epoch}",
            )

    def _validate(self) -> float:
        data = self.data
        result = score(
            self.predictor, data.val, data.classes, data.void, max(16, self.phase.batch_size)
        )
        return result.value

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            dict(vars(self.state)),
            {
                "weights": self.model.get_weights(),
                "optimizer": [variable.numpy() for variable in self.optimizer.variables],
                "best": self.best,
                "masks": self.pruner.masks if self.pruner else [],
            },
        )
