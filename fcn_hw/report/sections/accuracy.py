"""How well the network segments, before and after quantization."""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw import colours
from fcn_hw.report.figures.bars import BarPart, bar_part
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources
from fcn_hw.train.result import MODELS

ID, TITLE = "accuracy", "Accuracy"


@dataclass(frozen=True)
class ModelRow:
    """One of the three models; shares of 1."""

    name: str
    miou: float
    pixel_accuracy: float
    bar: tuple[BarPart, ...]


@dataclass(frozen=True)
class ClassRow:
    """IoU of a class by model; None where it does not occur."""

    name: str
    ious: tuple[float | None, ...]


@dataclass(frozen=True)
class AccuracyContext:
    """``accuracy.html.j2``."""

    models: tuple[ModelRow, ...]
    classes: tuple[ClassRow, ...]
    epochs: tuple[tuple[str, int], ...]
    parameters: int
    multiplications: int
    metric: str


def accuracy(sources: Sources) -> Section:
    """mIoU of the three models, IoU by class."""
    training = sources.training
    if training is None:
        what = "Accuracy of the float, the directly quantized and the retrained network."
        return missing(ID, TITLE, what, sources.command("train", board=False))
    scores = training.by_model()
    rows = tuple(
        ModelRow(
            MODELS[key],
            score.miou,
            score.pixel_accuracy,
            (bar_part(0, score.value, 1, colours.BLUE),),
        )
        for key, score in scores.items()
    )
    classes = tuple(
        ClassRow(name, tuple(score.iou.get(name) for score in scores.values()))
        for name in training.retrained.iou
    )
    epochs = tuple(training.epochs.items())
    context = AccuracyContext(
        rows,
        classes,
        epochs,
        training.parameters,
        training.multiplications,
        training.float.metric,
    )
    return made(ID, TITLE, context)
