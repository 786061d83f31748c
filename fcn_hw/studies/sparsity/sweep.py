"""Zeros among the weights: by the step of the quantizer, and by magnitude pruning.

A coarse step rounds more weights to zero and clips fewer of the large ones; Hwang & Sung (SiPS
2014) take the step of least squared error. Here the steps around it are listed, each with its
zeros, its error and, where it is asked for, the score of the network with this layer quantized so
and all others in float.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import computed_field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from fcn_hw.design import Pruning, PruningBlock, PruningScope, Weight
from fcn_hw.errors import ConfigError
from fcn_hw.results import STRICT, result_data
from fcn_hw.studies.kept import keep, kept
from fcn_hw.train.calibrate import (
    MAX_INTEGER,
    MIN_INTEGER,
    choose_weight,
    quantized_values,
    signed_format,
    weight_codes,
)
from fcn_hw.train.design_network import quantization_identity, training_identity
from fcn_hw.train.loop import Report, epoch_rows
from fcn_hw.train.networks import folded_weights, set_weights
from fcn_hw.train.precision import (
    ChannelFormat,
    PrecisionTable,
    SignFormat,
    WeightFormat,
    WeightQuantizer,
    stored_format,
)
from fcn_hw.train.predict import Predictor, score
from fcn_hw.train.pruning import Blocks, blocks_digest, choose_masks
from fcn_hw.train.store import Checkpoint, CheckpointFile
from fcn_hw.train.study import Study, design_phase, json_digest, phase_digest

PRECISIONS: tuple[Weight, ...] = (8, 6, 4, 3, 2, "ternary", "binary")
"""Bits of a weight that steps are listed for."""

REACH = 2
"""Steps to either side of the one of least error; each is half or twice the one before."""

Codes = npt.NDArray[np.int64]


@pydantic_dataclass(frozen=True, config=STRICT)
class StepZeros:
    """A layer's weights on one grid.

    Args:
        layer: its name.
        precision: bits of a weight, ``ternary`` or ``binary``.
        quantizer: the format.
        step_log2: the step is 2 to this.
        weights, zeros: of the layer.
        error: root of the squared error over the squared weights: 0 is none, 1 is all.
        chosen: the step that calibration takes: that of least error, of equals the finest.
        score: of the network with this layer's weights on the grid and all else in float, on the
            validation split; None where it was not asked for.
    """

    layer: str
    precision: str
    quantizer: WeightFormat
    step_log2: int
    weights: int
    zeros: int
    error: float
    chosen: bool
    score: float | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def zero_part(self) -> float:
        """Of the weights."""
        return self.zeros / self.weights


def zeros_by_step(
    layer: str, kernel: npt.NDArray[np.float32], precision: Weight, reach: int = REACH
) -> tuple[StepZeros, ...]:
    """A layer on the grids around the one of least error, the finest first.

    Args:
        precision: bits of a weight, or their name.
    """
    best = choose_weight(kernel, precision)
    values = kernel.astype(np.float64)
    power = float(np.sum(values**2))
    rows = []
    for shift in range(-reach, reach + 1):
        quantizer = _shifted(best, shift)
        if quantizer is None:
            continue
        lost = float(np.sum((values - quantized_values(values, quantizer)) ** 2))
        rows.append(
            StepZeros(
                layer=layer,
                precision=str(precision),
                quantizer=quantizer,
                step_log2=_step_log2(quantizer),
                weights=kernel.size,
                zeros=int(np.count_nonzero(weight_codes(values, quantizer) == 0)),
                error=(lost / power) ** 0.5 if power else 0.0,
                chosen=shift == 0,
            )
        )
    return tuple(rows)


def precision_name(quantizer: WeightQuantizer) -> str:
    """Bits, ``ternary`` or ``binary``, as in :attr:`StepZeros.precision`."""
    if isinstance(quantizer, SignFormat):
        return quantizer.levels
    return str(quantizer.bits if isinstance(quantizer, ChannelFormat) else quantizer.width)


def _shifted(quantizer: WeightQuantizer, shift: int) -> WeightQuantizer | None:
    """With a step of 2**shift times the one that it has; None outside of what a design may say."""
    if isinstance(quantizer, SignFormat):
        integer = quantizer.exponent + 1 + shift
        moved: WeightQuantizer = SignFormat(quantizer.levels, integer - 1)
    elif isinstance(quantizer, ChannelFormat):
        integer = max(quantizer.integers) + shift
        moved = replace(quantizer, integers=tuple(each + shift for each in quantizer.integers))
    else:
        integer = quantizer.integer + shift
        moved = signed_format(quantizer.width, integer)
    return moved if MIN_INTEGER <= integer <= MAX_INTEGER else None


def _step_log2(quantizer: WeightQuantizer) -> int:
    """Of a fixed-point format the distance of its values, of signs their magnitude."""
    if isinstance(quantizer, SignFormat):
        return quantizer.exponent
    return -stored_format(quantizer).fraction


class LayerScorer:
    """Scores the float network with one layer's weights replaced.

    Args:
        study: of the trained network.
        path: of a JSON file that keeps the scores; those of another network in it are dropped.
    """

    def __init__(self, study: Study, path: Path) -> None:
        self._study = study
        self._model = study.float_model
        self._predict = Predictor(self._model)
        self._path, self._digest = path, study_digest(study)
        self._known: dict[str, float] = kept(path, self._digest) or {}

    def __call__(self, layer: str, quantizer: WeightQuantizer) -> float:
        """On the validation split."""
        key = f"{layer} {quantizer}"
        if key not in self._known:
            self._known[key] = self._score(layer, quantizer)
            keep(self._path, self._digest, self._known)
        return self._known[key]

    def _score(self, layer: str, quantizer: WeightQuantizer) -> float:
        data, (kernel, bias) = self._study.dataset, self._study.weights[layer]
        target = self._model.get_layer(layer)
        target.set_weights([quantized_values(kernel, quantizer), bias])
        try:
            return score(self._predict, data.val, data.classes, data.void).value
        finally:
            target.set_weights([kernel, bias])


@pydantic_dataclass(frozen=True, config=STRICT)
class PrunedScores:
    """A quantized network of so many zeros, in numbers.

    Args:
        score: on the validation split.
        zeros_total, zeros: part of the weights that are zero, of all and by layer.
        epochs, seconds: of its retraining.
    """

    score: float
    zeros_total: float
    zeros: dict[str, float]
    epochs: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Pruned:
    """A quantized network of so many zeros.

    Args:
        score: on the validation split.
        codes: of its kernels as Keras has them, by layer.
        epochs, seconds: of its retraining.
    """

    score: float
    codes: Mapping[str, Codes]
    epochs: int = 0
    seconds: float = 0.0

    @property
    def zeros(self) -> dict[str, float]:
        """Part of the weights that are zero, by layer."""
        return {name: float(np.mean(codes == 0)) for name, codes in self.codes.items()}

    @property
    def zeros_total(self) -> float:
        """Of all weights."""
        zeros = sum(int(np.count_nonzero(codes == 0)) for codes in self.codes.values())
        return zeros / sum(codes.size for codes in self.codes.values())

    def scores(self) -> PrunedScores:
        """The same without the codes."""
        return PrunedScores(
            self.score, self.zeros_total, self.zeros, self.epochs, round(self.seconds, 1)
        )


@dataclass(frozen=True, eq=False)
class PrunedLevel:
    """A part of zeros that was asked for.

    Args:
        sparsity: of each layer, or with ``scope: global`` or ``block: fold`` of all.
        block: single weights, or those of a step of the hardware together.
        direct: the float network, pruned and quantized at once.
        retrained: pruned step by step while the quantized network is retrained.
    """

    sparsity: float
    block: PruningBlock
    direct: Pruned
    retrained: Pruned


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """The levels, ascending.

    Raises:
        ConfigError: one is no part of the weights, or is there twice.
    """
    found = tuple(sorted(levels))
    for level in found:
        if not 0 <= level < 1:
            raise ConfigError(f"--prune {level:g}: a part of the weights, at least 0 and below 1")
    for first, second in pairwise(found):
        if first == second:
            raise ConfigError(f"--prune {first:g} is there twice")
    return found


class PruningSweep:
    """Prunes a trained network to several levels.

    The design's formats are kept, and the ``ramp`` of ``training.pruning`` is. A finished level is
    ``<digest>.npz`` in the folder and is not done again; one that was cut off goes on after its
    last whole epoch.

    Args:
        study: of the trained network.
        table: the formats.
        folder: for finished and unfinished levels.
        epochs: of each retraining; None takes the design's.
        scope: of single weights, ``layer`` or ``global``; None takes the design's.
        board: at whose folds ``blocks`` are; None where there are none.
        blocks: the weights that become zero together for a part of zeros.

    Raises:
        ConfigError: no epochs.
    """

    def __init__(
        self,
        study: Study,
        table: PrecisionTable,
        folder: Path,
        epochs: int | None = None,
        scope: PruningScope | None = None,
        board: str | None = None,
        blocks: Callable[[float], Blocks] | None = None,
    ) -> None:
        self._board, self._blocks = board, blocks
        self.study, self.table, self.folder = study, table, folder
        training = study.design.training
        self.epochs = training.retrain_epochs if epochs is None else epochs
        if self.epochs < 1:
            raise ConfigError(
                "pruning needs retraining, and training.retrain_epochs is 0",
                hint="give --epochs",
            )
        kept = training.pruning or Pruning()
        self._ramp, self._scope = kept.ramp, scope or kept.scope
        self._phase = design_phase(
            study.design, "retrain", self.epochs, training.retrain_learning_rate
        )
        # of a pixel, by the loss
        asked = [float(training.class_weights), training_identity(training).get("distillation", 0)]
        more = quantization_identity(training)
        self._digest = phase_digest(
            self._phase, study_digest(study), result_data(table), asked, *more
        )

    @property
    def steps(self) -> int:
        """Of the retraining of a level."""
        images = len(epoch_rows(self.study.dataset, self._phase.repeat))
        return self.epochs * ceil(images / self._phase.batch_size)

    def level(
        self, sparsity: float, report: Report | None = None, block: PruningBlock = "weight"
    ) -> PrunedLevel:
        """One level, or what is stored of it.

        Raises:
            FcnHwError: the retraining diverged, or is too short for the ramp.
        """
        if block == "fold":
            assert self._blocks is not None, "there is a board"
            blocks: Blocks | None = self._blocks(sparsity)
            pruning = Pruning(sparsity=sparsity, ramp=self._ramp, block=block, board=self._board)
        else:
            blocks = None
            pruning = Pruning(sparsity=sparsity, ramp=self._ramp, scope=self._scope)
        asked = pruning.model_dump(mode="json", exclude_defaults=True)
        digest = json_digest(self._digest, asked, *([blocks_digest(blocks)] if blocks else []))
        finished = CheckpointFile(self.folder / f"{digest[:16]}.npz", digest)
        unfinished = CheckpointFile(self.folder / f"{digest[:16]}_training.npz", digest)
        stored = finished.load()
        if stored is None:
            parts = {
                "direct": self._direct(pruning, blocks),
                "retrained": self._retrained(pruning, blocks, unfinished, report),
            }
            finished.save(_checkpoint(parts))
        else:
            parts = self._from_checkpoint(stored)
        unfinished.discard()
        return PrunedLevel(sparsity, block, **parts)

    def _direct(self, pruning: Pruning, blocks: Blocks | None) -> Pruned:
        weights = self.study.weights
        kernels = {name: kernel for name, (kernel, _) in weights.items()}
        masks = choose_masks(kernels, pruning, blocks=blocks)
        pruned = {name: (kernel * masks[name], bias) for name, (kernel, bias) in weights.items()}
        model = self.study.quantized(self.table)
        set_weights(model, pruned)
        return self._finished(model)

    def _retrained(
        self,
        pruning: Pruning,
        blocks: Blocks | None,
        file: CheckpointFile,
        report: Report | None,
    ) -> Pruned:
        training = self.study.design.training.model_copy(update={"pruning": pruning})
        design = self.study.design.model_copy(update={"training": training})
        study = Study(design, self.study.dataset, self.study.topology, self.study.weights)
        model = study.quantized(self.table)
        state = study.retrain(model, self._phase, file, report, blocks=blocks)
        return self._finished(model, state.epoch, state.seconds)

    def _finished(self, model: Any, epochs: int = 0, seconds: float = 0.0) -> Pruned:
        value = self.study.score(self.study.snapped(model, self.table)).value
        codes = {
            name: weight_codes(kernel, self.table.layers[name].weight)
            for name, (kernel, _) in folded_weights(model, self.study.topology).items()
        }
        return Pruned(value, codes, epochs, seconds)

    def _from_checkpoint(self, stored: Checkpoint) -> dict[str, Pruned]:
        names = list(self.study.weights)
        return {
            part: Pruned(
                codes={
                    name: codes.astype(np.int64)
                    for name, codes in zip(names, stored.arrays[part], strict=True)
                },
                **facts,
            )
            for part, facts in stored.facts.items()
        }


def _checkpoint(parts: Mapping[str, Pruned]) -> Checkpoint:
    """Codes of up to 16 bits."""
    return Checkpoint(
        {
            part: {"score": found.score, "epochs": found.epochs, "seconds": found.seconds}
            for part, found in parts.items()
        },
        {
            part: [codes.astype(np.int16) for codes in found.codes.values()]
            for part, found in parts.items()
        },
    )


def study_digest(study: Study) -> str:
    """Digest of the float network and its data."""
    arrays: list[npt.NDArray[Any]] = [array for pair in study.weights.values() for array in pair]
    data = study.dataset
    arrays += [part for split in (data.train, data.val) for part in (split.images, split.masks)]
    return json_digest(
        list(study.weights),
        data.classes,
        data.void,
        [hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for array in arrays],
    )
