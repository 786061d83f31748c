"""JSON documents of the stages as typed values; what is malformed raises where it is read.

All functions raise KeyError, TypeError or ValueError for a document that is not what it should be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fcn_hw.dataflow.occupancy import Occupancy

MODELS = (("float", "float"), ("directly quantized", "direct"), ("retrained", "retrained"))
"""What the three models are called, and their keys in ``training.json``."""


@dataclass(frozen=True)
class Score:
    """A model on the validation split; shares of 1, IoU None for a class that does not occur."""

    name: str
    miou: float
    pixel_accuracy: float
    iou: Mapping[str, float | None]
    metric: str = "mIoU"

    @property
    def value(self) -> float:
        """What the data set is judged by."""
        return self.pixel_accuracy if self.metric == "accuracy" else self.miou


@dataclass(frozen=True)
class Training:
    """``model/training.json``; ``scores`` in the order of :data:`MODELS`."""

    scores: tuple[Score, ...]
    epochs: Mapping[str, int]
    parameters: int
    multiplications: int

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.scores[-1].iou)


@dataclass(frozen=True)
class Fifo:
    """A FIFO; depths and peak in pixels."""

    name: str
    width_bits: int
    whole_frames: int
    depth: int
    peak: int
    storage: str
    bram36: float


@dataclass(frozen=True)
class Fifos:
    """What sizing left.

    Args:
        fifos: all of them.
        first_output: cycle of the first pixel out.
        occupancy: of the FIFOs that can deadlock.
        certificate: its digest.
    """

    fifos: tuple[Fifo, ...]
    first_output: int
    occupancy: Occupancy
    certificate: str


Pairs = tuple[tuple[float, float], ...]

ERRORS = ("l2", "kl", "output_kl")
"""Errors of a point, where ``sensitivity.json`` has them."""


@dataclass(frozen=True)
class Curve:
    """One layer at several widths.

    Args:
        kind: says of what: weights, activations.
        points: bits and metric.
        retrained: the same after a short retraining; empty where there was none.
        errors: by name in :data:`ERRORS` and bits; empty where the file has none.
    """

    layer: str
    kind: str
    points: Pairs
    retrained: Pairs = ()
    errors: Mapping[str, Mapping[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sensitivity:
    """``model/sensitivity.json``; ``reference`` is the metric of the float network."""

    metric: str
    reference: float
    curves: tuple[Curve, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(curve.layer for curve in self.curves))

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(curve.kind for curve in self.curves))


@dataclass(frozen=True)
class Trial:
    """A design of the search; ``is_front``: none is both better and cheaper."""

    name: str
    cost: float
    metric: float
    is_front: bool


@dataclass(frozen=True)
class Front:
    """``model/search.json``."""

    metric: str
    cost: str
    points: tuple[Trial, ...]


def training(data: Mapping[str, Any]) -> Training:
    """Of ``model/training.json``."""
    return Training(
        tuple(_score(name, data[key]) for name, key in MODELS),
        {str(phase): int(count) for phase, count in data["epochs"].items()},
        int(data["parameters"]),
        int(data["multiplications"]),
    )


@dataclass(frozen=True)
class QKerasRow:
    """An op of ``graph/qkeras.json``; ``most_steps``: how far a code that differs is off."""

    values: int
    mismatches: int
    most_steps: float


def agreement(data: Mapping[str, Any]) -> dict[str, QKerasRow]:
    """Of ``graph/qkeras.json``, by op."""
    return {
        str(name): QKerasRow(int(row["values"]), int(row["mismatches"]), _finite(row["most_steps"]))
        for name, row in data.items()
    }


def sensitivity(data: Mapping[str, Any]) -> Sensitivity:
    """Of ``model/sensitivity.json``."""
    curves = tuple(
        Curve(
            str(item["layer"]),
            str(item["kind"]),
            _pairs(item["points"]),
            _pairs(item.get("retrained", ())),
            {name: dict(_pairs(item[name])) for name in ERRORS if name in item},
        )
        for item in data["curves"]
    )
    if not curves or not all(curve.points for curve in curves):
        raise ValueError("no curves, or one without points")
    return Sensitivity(str(data["metric"]), _finite(data["float"]), curves)


def search(data: Mapping[str, Any]) -> Front:
    """Of ``model/search.json``."""
    points = tuple(
        Trial(
            str(item["name"]), _finite(item["cost"]), _finite(item["metric"]), bool(item["front"])
        )
        for item in data["points"]
    )
    if not points:
        raise ValueError("no points")
    return Front(str(data["metric"]), str(data["cost"]), points)


def fifos(
    table: Mapping[str, Any],
    simulation: Mapping[str, Any],
    occupancy: Occupancy,
    certificate: Mapping[str, Any],
) -> Fifos:
    """Of ``fifo_depths.json``, ``dataflow.json`` and the certificate, beside the occupancy."""
    rows = tuple(
        Fifo(
            name=str(name),
            width_bits=int(row["width_bits"]),
            whole_frames=int(row["initial"]),
            depth=int(row["optimized"]),
            peak=int(simulation["peak_pixels"][name]),
            storage=str(row["storage"]),
            bram36=float(row["bram36"]),
        )
        for name, row in table.items()
    )
    unknown = set(occupancy.fifos) - {row.name for row in rows}
    if unknown:
        raise ValueError(f"occupancy of unknown FIFOs {sorted(unknown)}")
    return Fifos(
        rows,
        int(simulation["first_output"]),
        occupancy,
        str(certificate["digest"]),
    )


def _pairs(items: Any) -> Pairs:
    return tuple((_finite(x), _finite(y)) for x, y in items)


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is no number to draw")
    return number


def _score(name: str, data: Mapping[str, Any]) -> Score:
    iou = {
        str(key): None if value is None else _finite(value) for key, value in data["iou"].items()
    }
    metric = "accuracy" if data.get("metric") == "accuracy" else "mIoU"
    return Score(name, _finite(data["miou"]), _finite(data["pixel_accuracy"]), iou, metric)
