"""A whole training: float, folding, choice of formats, direct quantization, retraining.

The order is that of Hwang & Sung (SiPS 2014): train in float, quantize each layer with its best
step, retrain with quantized weights and activations while the updates go to float weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Design
from fcn_hw.errors import ConfigError, DataError
from fcn_hw.keras_env import keras_env, seed_everything
from fcn_hw.train.augment import Augmentation
from fcn_hw.train.bars import training_bars
from fcn_hw.train.calibrate import choose_formats
from fcn_hw.train.datasets.base import DataSet
from fcn_hw.train.loop import Phase, Report, loss_weights, run_phase
from fcn_hw.train.networks import (
    ACTIVATION_SUFFIX,
    Weights,
    build_float,
    fold_batchnorm,
    folded_weights,
    set_weights,
)
from fcn_hw.train.precision import PrecisionTable, is_hidden, wishes
from fcn_hw.train.predict import BYTE_SCALE, Predictor, Scores, score
from fcn_hw.train.quantized import build_quantized, snap
from fcn_hw.train.store import CheckpointFile, save_model, write_json
from fcn_hw.train.topology import (
    Shape,
    Topology,
    build_topology,
    multiplications,
    parameters,
    quantizable,
)

FLOAT_MODEL = "float.h5"
DIRECT_MODEL = "direct.h5"
QUANTIZED_MODEL = "quantized.h5"
PRECISION_FILE = "precision.json"
RESULT_FILE = "training.json"

_CALIBRATION_BATCH = 8


@dataclass(frozen=True)
class TrainResult:
    """The three models side by side, on the validation split.

    Args:
        float_: the float model, its batch normalization folded.
        direct: its weights and activations quantized, nothing retrained.
        retrained: after retraining; what is exported.
        epochs: run, by phase.
        seconds: spent in epochs, by phase, over all runs.
        parameters: weights and biases.
        multiplications: multiply-accumulates of one image.
        precision: formats by layer.
    """

    float_: Scores
    direct: Scores
    retrained: Scores
    epochs: Mapping[str, int]
    seconds: Mapping[str, float]
    parameters: int
    multiplications: int
    precision: PrecisionTable

    def to_json(self) -> dict[str, Any]:
        """What ``training.json`` holds; the scores under "float", "direct", "retrained"."""
        return {
            "float": asdict(self.float_),
            "direct": asdict(self.direct),
            "retrained": asdict(self.retrained),
            "epochs": dict(self.epochs),
            "seconds": {phase: round(value, 1) for phase, value in self.seconds.items()},
            "parameters": self.parameters,
            "multiplications": self.multiplications,
        }


def train(design: Design, dataset: DataSet, out_dir: Path, *, progress: bool = True) -> TrainResult:
    """Trains a design's network, or goes on where an interrupted training stopped.

    Writes to ``out_dir``: ``float.h5``, ``direct.h5``, ``quantized.h5`` (QKeras, weights on their
    grid), ``precision.json``, ``training.json`` and ``checkpoints/*.npz`` (with the float shadow
    weights). Each file is replaced in one go.

    Args:
        design: what to train.
        dataset: of ``load_dataset(design.dataset)``.
        out_dir: made where it is missing.
        progress: draw bars, if in a terminal.

    Raises:
        ConfigError: an impossible network, an unknown layer name, a precision that a layer can't
            have.
        DataError: a split is empty.
        FcnHwError: training diverged.
    """
    _check_data(design, dataset)
    height, width, channels = dataset.train.images.shape[1:]
    topology = build_topology(design.network, Shape(height, width, channels), dataset.n_classes)
    wanted = wishes(design, topology)  # a wrong design fails before TensorFlow starts
    seed_everything(design.training.seed)
    session = _Session(design, dataset, topology, out_dir)
    with training_bars(enabled=progress) as report:
        folded = session.float_phase(report)
        table = choose_formats(
            topology,
            wanted,
            folded_weights(folded, topology),
            lambda: _activations(folded, topology, session.calibration_images()),
        )
        session.retrain_phase(folded_weights(folded, topology), table, report)
    return session.finish(table)


def _check_data(design: Design, dataset: DataSet) -> None:
    for name, split in (("train", dataset.train), ("val", dataset.val)):
        if len(split) == 0:
            raise DataError(f"data set '{dataset.name}': split '{name}' is empty")
    size = dataset.train.images.shape[1:3]
    wanted = (design.dataset.height, design.dataset.width)
    if size != wanted:
        raise ConfigError(
            f"dataset: the design says {wanted[0]} x {wanted[1]} pixels, the images have "
            f"{size[0]} x {size[1]}"
        )


class _Session:
    """The steps of one training, and what passes between them."""

    def __init__(self, design: Design, dataset: DataSet, topology: Topology, out_dir: Path) -> None:
        self.design, self.dataset, self.topology, self.out_dir = design, dataset, topology, out_dir
        settings = design.training
        self.pixel_weights = loss_weights(
            dataset.train, dataset.n_classes, dataset.void, balanced=settings.class_weights
        )
        self.digest = _digest(
            design.network.model_dump(mode="json"),
            settings.model_dump(mode="json", exclude={"retrain_epochs", "retrain_learning_rate"}),
            dataset.classes,
            dataset.void,
            *(
                hashlib.sha256(np.ascontiguousarray(data).data).hexdigest()
                for split in (dataset.train, dataset.val)
                for data in (split.images, split.masks)
            ),
        )
        self.scores: dict[str, Scores] = {}
        self.epochs: dict[str, int] = {}
        self.seconds: dict[str, float] = {}

    def float_phase(self, report: Report | None) -> Any:
        """Trains the float model; returns it folded."""
        model = build_float(self.topology, batchnorm=True)
        settings = self.design.training
        self._run(
            model, "float", settings.float_epochs, settings.learning_rate, self.digest, report
        )
        folded = fold_batchnorm(model, self.topology)
        self._evaluate("float", folded, FLOAT_MODEL)
        return folded

    def calibration_images(self) -> npt.NDArray[np.uint8]:
        """Training images at even distances."""
        images = self.dataset.train.images
        count = min(self.design.training.calibration_images, len(images))
        return images[np.linspace(0, len(images) - 1, count).astype(np.intp)]

    def retrain_phase(self, weights: Weights, table: PrecisionTable, report: Report | None) -> None:
        """Quantizes directly, then retrains."""
        write_json(self.out_dir / PRECISION_FILE, table.to_json())
        model = build_quantized(self.topology, table, fused=True)
        set_weights(model, weights)
        self._evaluate("direct", snap(model, self.topology, table), DIRECT_MODEL)
        settings = self.design.training
        self._run(
            model,
            "retrain",
            settings.retrain_epochs,
            settings.retrain_learning_rate,
            _digest(self.digest, table.to_json()),
            report,
        )
        self._evaluate("retrained", snap(model, self.topology, table), QUANTIZED_MODEL)

    def finish(self, table: PrecisionTable) -> TrainResult:
        result = TrainResult(
            float_=self.scores["float"],
            direct=self.scores["direct"],
            retrained=self.scores["retrained"],
            epochs=self.epochs,
            seconds=self.seconds,
            parameters=parameters(self.topology),
            multiplications=multiplications(self.topology),
            precision=table,
        )
        write_json(self.out_dir / RESULT_FILE, result.to_json())
        return result

    def _run(
        self, model: Any, name: str, epochs: int, rate: float, digest: str, report: Report | None
    ) -> None:
        settings = self.design.training
        phase = Phase(
            name=name,
            epochs=epochs,
            learning_rate=rate,
            batch_size=settings.batch_size,
            patience=settings.patience,
            seed=settings.seed,
            augmentation=_augmentation(self.design) if settings.augment else None,
        )
        file = CheckpointFile(
            self.out_dir / "checkpoints" / f"{name}.npz", _digest(digest, asdict(phase))
        )
        state = run_phase(model, phase, self.dataset, self.pixel_weights, file, report)
        self.epochs[name], self.seconds[name] = state.epoch, state.seconds

    def _evaluate(self, name: str, model: Any, file: str) -> None:
        data = self.dataset
        self.scores[name] = score(Predictor(model), data.val, data.classes, data.void)
        save_model(model, self.out_dir / file)


def _augmentation(design: Design) -> Augmentation:
    if design.dataset.kind == "digit_scenes":  # a mirrored digit is another sign
        return Augmentation()
    return Augmentation(mirror=True, zoom=1.4, shift=0.12, contrast=0.3, brightness=30.0)


def _activations(
    model: Any, topology: Topology, images: npt.NDArray[np.uint8]
) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
    """Outputs of all quantizable layers of the folded float model, behind their ReLU."""
    nodes = quantizable(topology)
    outputs = [
        model.get_layer(node.name + (ACTIVATION_SUFFIX if is_hidden(node) else "")).output
        for node in nodes
    ]
    probe = keras_env().keras.Model(model.input, outputs)
    for start in range(0, len(images), _CALIBRATION_BATCH):
        batch = images[start : start + _CALIBRATION_BATCH].astype(np.float32) * BYTE_SCALE
        values = probe(batch, training=False)
        values = values if isinstance(values, list) else [values]
        yield {node.name: value.numpy() for node, value in zip(nodes, values, strict=True)}


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
