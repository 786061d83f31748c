"""A float network, ready to be quantized in any way: formats, direct quantization, retraining.

What ``train`` does once with the formats of the design, sensitivity, sparsity and search do many
times with others, from the same float weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Augmentation, Design, Distillation
from fcn_hw.keras_env import keras_env
from fcn_hw.train.bias_correction import correct_biases
from fcn_hw.train.calibrate import choose_formats
from fcn_hw.train.datasets.base import DataSet
from fcn_hw.train.design_network import design_topology, encoder_names, teacher_model
from fcn_hw.train.equalize import equalized
from fcn_hw.train.loop import Phase, PhaseState, Report, Watch, loss_weights, run_phase
from fcn_hw.train.networks import (
    ACTIVATION_SUFFIX,
    Weights,
    build_float,
    set_weights,
)
from fcn_hw.train.pixel_loss import PixelLoss, teacher_answers
from fcn_hw.train.precision import PrecisionTable, Wish, activation_wishes, wishes
from fcn_hw.train.predict import BYTE_SCALE, Predictor, score
from fcn_hw.train.pruning import Blocks, Pruner
from fcn_hw.train.quantized import Parts, build_quantized, snap
from fcn_hw.train.result import Scores
from fcn_hw.train.store import CheckpointFile
from fcn_hw.train.stored_weights import read_weights
from fcn_hw.train.team import Team
from fcn_hw.train.topology import Topology, quantizable, unweighted

FLOAT_MODEL = "float.h5"

_CALIBRATION_BATCH = 8


class Study:
    """The float network of a design, and what can be made of it.

    Args:
        design: its training settings are those of every retraining here.
        dataset: of ``load_dataset(design.dataset)``.
        topology: the network.
        weights: of the float network, batch normalization folded. Network and weights are
            equalized here, if the design's training says so.
        answers: :func:`design_answers`; None: they are asked for when they are needed.
    """

    def __init__(
        self, design: Design, dataset: DataSet, topology: Topology, weights: Weights,
        answers: npt.NDArray[np.uint8] | None = None,
    ) -> None:  # fmt: skip
        self.design, self.dataset, self.topology, self.weights = design, dataset, topology, weights
        self.pixel_loss = PixelLoss(design_loss_weights(design, dataset))
        self._answers = answers
        self._float: Any = None
        if design.training.equalize:
            asked = {name: wish.activation for name, wish in wishes(design, topology).items()}
            bits = {name: count for name, count in asked.items() if isinstance(count, int)}
            self.topology, self.weights = equalized(topology, weights, self.activations(), bits)
            self._float = None  # the one for the activations had the weights of before

    @staticmethod
    def of_trained(design: Design, dataset: DataSet, folder: Path) -> Study:
        """From the ``float.h5`` that ``train`` left in ``folder``.

        Raises:
            ConfigError: the file is damaged, or its data lie in other files.
            DataError: it is missing, or is of another network.
        """
        topology = design_topology(design)
        weights = read_weights(folder / FLOAT_MODEL, topology)
        return Study(design, dataset, topology, weights)

    @property
    def float_model(self) -> Any:
        """The folded float model."""
        if self._float is None:
            self._float = build_float(self.topology, batchnorm=False)
            set_weights(self._float, self.weights)
        return self._float

    def table(self, wanted: Mapping[str, Wish]) -> PrecisionTable:
        """Formats of all layers: what is asked for, binary points of least squared error."""
        others = activation_wishes(self.design, self.topology)
        return choose_formats(self.topology, wanted, self.weights, self.activations, others)

    def quantized(self, table: PrecisionTable, parts: Parts | None = None) -> Any:
        """The quantized model with the float network's weights as its shadow weights, and its
        biases, unless the design has them corrected.

        It is for training: no file can hold it. :meth:`snapped` makes the model that one can.
        """
        model = build_quantized(self.topology, table, parts, fused=True)
        set_weights(model, self.weights)
        if self.design.training.bias_correction:
            correct_biases(model, self.float_model, self.topology, self._calibration_batches)
        return model

    def snapped(self, model: Any, table: PrecisionTable, parts: Parts | None = None) -> Any:
        """What goes to hardware: the model with its weights on their grid."""
        return snap(model, self.topology, table, parts)

    def retrain(
        self,
        model: Any,
        phase: Phase,
        file: CheckpointFile,
        report: Report | None = None,
        team: Team | None = None,
        watch: Watch | None = None,
        blocks: Blocks | None = None,
    ) -> PhaseState:
        """Retrains a model of :meth:`quantized` in place; with pruning and distillation, if the
        design has them.

        Args:
            blocks: of the layers that lose whole steps of the hardware.
        """
        training = self.design.training
        pruning, share = training.pruning, training.distillation_share
        loss = self.pixel_loss
        if isinstance(training.distillation, Distillation):
            loss = replace(loss, share=share, answers=self._teacher_answers())
        elif share:
            loss = replace(loss, share=share, teacher=self.float_model)
        pruner = None if pruning is None else partial(Pruner, model, self.topology, pruning, blocks)
        return run_phase(model, phase, self.dataset, loss, file, report, pruner, team, watch)

    def _teacher_answers(self) -> npt.NDArray[np.uint8]:
        if self._answers is None:
            self._answers = design_answers(self.design, self.dataset)
        return self._answers

    def score(self, model: Any, split: str = "val") -> Scores:
        """How well a model does on a split."""
        data = self.dataset
        return score(Predictor(model), data.split(split), data.classes, data.void)

    def calibration_images(self) -> npt.NDArray[np.uint8]:
        """Training images at even distances."""
        return self.dataset.train.images[self.calibration_rows()]

    def calibration_rows(self) -> npt.NDArray[np.intp]:
        """Which training images those are."""
        total = len(self.dataset.train)
        count = min(self.design.training.calibration_images, total)
        return np.linspace(0, total - 1, count).astype(np.intp)

    def _calibration_batches(self) -> Iterator[npt.NDArray[np.float32]]:
        """The calibration images, a few at a time, as models take them."""
        images = self.calibration_images()
        for start in range(0, len(images), _CALIBRATION_BATCH):
            yield images[start : start + _CALIBRATION_BATCH].astype(np.float32) * BYTE_SCALE

    def activations(
        self, layers: Collection[str] | None = None
    ) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
        """Outputs of layers of the float model, behind their function, on the calibration images.

        Args:
            layers: that have a format; None: all of these.

        Yields:
            a few images at a time, by layer.
        """
        model = self.float_model
        nodes = [
            node
            for node in (*quantizable(self.topology), *unweighted(self.topology))
            if layers is None or node.name in layers
        ]
        outputs = [
            model.get_layer(node.name + (ACTIVATION_SUFFIX if node.function else "")).output
            for node in nodes
        ]
        probe = keras_env().keras.Model(model.input, outputs)
        for batch in self._calibration_batches():
            values = probe(batch, training=False)
            values = values if isinstance(values, list) else [values]
            yield {node.name: value.numpy() for node, value in zip(nodes, values, strict=True)}


def design_answers(design: Design, dataset: DataSet) -> npt.NDArray[np.uint8]:
    """What the teacher that a design names, which it must, says of the training images: see
    :func:`fcn_hw.train.pixel_loss.teacher_answers`."""
    found = teacher_model(design)
    assert found is not None
    model = build_float(found.topology, batchnorm=False)
    set_weights(model, found.weights)
    train = dataset.train
    return teacher_answers(model, train.images, train.masks.shape[1:])


def design_loss_weights(design: Design, dataset: DataSet) -> npt.NDArray[np.float32]:
    """Weights of the classes in the loss of a design."""
    power = float(design.training.class_weights)
    return loss_weights(dataset.train, dataset.n_classes, dataset.void, power=power)


def design_phase(
    design: Design, name: str, epochs: int, rate: float, encoder_rate: float = 1.0
) -> Phase:
    """A phase with the settings of a design.

    Args:
        name: ``"head"``, ``"float"`` or ``"retrain"``; part of the random seed.
        epochs: at most.
        rate: the peak of the learning rate.
        encoder_rate: part of it that the encoder's layers have.
    """
    settings = design.training
    return Phase(
        name=name,
        epochs=epochs,
        learning_rate=rate,
        batch_size=settings.batch_size,
        patience=settings.patience,
        seed=settings.seed,
        augmentation=_augmentation(design),
        encoder=encoder_names(design),
        encoder_rate=encoder_rate,
        relative=name == "retrain" and settings.relative_steps,
        repeat=settings.repeat,
        norm_batches=0 if name == "retrain" else settings.norm_batches,
    )


def phase_digest(phase: Phase, *parts: object) -> str:
    """Digest of what a phase depends on, for its checkpoint."""
    settings = asdict(phase)
    settings["augmentation"] = phase.augmentation and phase.augmentation.model_dump(
        mode="json", exclude_defaults=True
    )
    if not phase.encoder:  # a phase of before there were encoders stays valid
        del settings["encoder"], settings["encoder_rate"]
    if not phase.relative:
        del settings["relative"]
    for key in ("repeat", "norm_batches"):
        if not settings[key]:
            del settings[key]
    return json_digest(*parts, settings)


def json_digest(*parts: object) -> str:
    """SHA-256 of JSON-able parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _augmentation(design: Design) -> Augmentation | None:
    chosen = design.training.augment
    if isinstance(chosen, Augmentation):
        return chosen
    if not chosen:
        return None
    kind = design.dataset.kind
    if kind == "mnist":
        return Augmentation(zoom=1.15, shift=0.08, rotation_deg=12, contrast=0, brightness=0)
    if kind == "digit_scenes":  # a mirrored digit is another sign
        return Augmentation()
    return Augmentation(mirror=True, zoom=1.4, shift=0.12, contrast=0.3, brightness=30.0)
