"""What a training leaves in figures: ``model/training.json``."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from pydantic.dataclasses import dataclass

from fcn_hw.results import STRICT
from fcn_hw.train.datasets.base import Metric

TRAINING = "training.json"

EPOCHS = "epochs.csv"
PICTURES = "epochs"
TENSORBOARD = "tensorboard"
"""What a training writes for people, beside the models: see :mod:`fcn_hw.train.watching`."""

ModelKey = Literal["float", "direct", "retrained"]
MODELS = {
    "float": "float",
    "direct": "directly quantized",
    "retrained": "retrained",
}
"""The models of a training, and what people call them."""


@dataclass(frozen=True, config=STRICT)
class Scores:
    """How well a model segments a split, or classifies it.

    Args:
        miou: mean over the classes that occur, 0 to 1.
        pixel_accuracy: part of the pixels (void left out) that are right.
        iou: by class name; None for a class that does not occur.
        metric: what the data set is judged by.
    """

    miou: float
    pixel_accuracy: float
    iou: dict[str, float | None]
    metric: Metric = "mIoU"

    @property
    def value(self) -> float:
        """What the data set is judged by, 0 to 1."""
        return self.pixel_accuracy if self.metric == "accuracy" else self.miou


@dataclass(frozen=True, config=STRICT)
class ModelScores:
    """The three models of a training on one split.

    Args:
        float: batch normalization folded.
        direct: its weights and activations quantized, nothing retrained.
        retrained: what is exported.
    """

    float: Scores
    direct: Scores
    retrained: Scores

    def by_model(self) -> dict[ModelKey, Scores]:
        """In the order of :data:`MODELS`."""
        return {"float": self.float, "direct": self.direct, "retrained": self.retrained}


@dataclass(frozen=True, config=STRICT)
class Epoch:
    """An epoch of a phase.

    Args:
        loss: mean over its steps.
        score: on the validation split, by the data set's metric, 0 to 1.
        learning_rate: of its last step; None: a version of fcn_hw trained it that kept none.
        seconds: of work; None as above.
    """

    loss: float
    score: float
    learning_rate: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, config=STRICT, kw_only=True)
class TrainResult(ModelScores):
    """The three models side by side, on the validation split.

    Args:
        test: the same on the test split; None where there is none. No choice is made by it.
        epochs: run, by phase; none of "float" where the float network is that of a file.
        history: the same epochs one by one; empty: a version of fcn_hw trained it that kept none.
        seconds: spent in epochs, by phase, over all runs.
        parameters: weights and biases.
        multiplications: multiply-accumulates of one image.
        zeros: part of the retrained network's weights that are zero, by layer.
        zeros_total: of all its weights.
        weight_bits: of all kernels together.
    """

    test: ModelScores | None = None
    epochs: dict[str, int]
    seconds: dict[str, float]
    parameters: int
    multiplications: int
    zeros: dict[str, float]
    zeros_total: float
    weight_bits: int
    history: dict[str, tuple[Epoch, ...]] = field(default_factory=dict)


def picture_name(phase: str, epoch: int) -> str:
    """The file of an epoch's picture below :data:`PICTURES`."""
    return f"{phase}-{epoch:03}.png"
