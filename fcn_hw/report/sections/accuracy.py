"""How well the network segments, before and after quantization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fcn_hw.report import colours
from fcn_hw.report.figures.bars import BarPart, bar_part
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources

ID, TITLE = "accuracy", "Accuracy"
MODELS = (("float", "float"), ("directly quantized", "direct"), ("retrained", "retrained"))


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


def accuracy(sources: Sources) -> Section:
    """mIoU of the three models, IoU by class."""
    training = sources.training
    if training is None:
        what = "mIoU of the float, the directly quantized and the retrained network."
        return missing(ID, TITLE, what, sources.command("train", board=False))
    scores = [training[key] for _, key in MODELS]
    rows = tuple(
        ModelRow(
            name, float(score["miou"]), float(score["pixel_accuracy"]),
            (bar_part(0, float(score["miou"]), 1, colours.BLUE),),
        )
        for (name, _), score in zip(MODELS, scores, strict=True)
    )  # fmt: skip
    classes = tuple(ClassRow(str(name), _ious(scores, name)) for name in scores[-1]["iou"])
    return made(
        ID,
        TITLE,
        AccuracyContext(
            rows,
            classes,
            tuple((str(name), int(count)) for name, count in training["epochs"].items()),
            int(training["parameters"]),
            int(training["multiplications"]),
        ),
    )


def _ious(scores: list[Mapping[str, Any]], name: str) -> tuple[float | None, ...]:
    return tuple(score["iou"].get(name) for score in scores)
