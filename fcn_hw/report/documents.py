"""JSON documents of the stages as typed values; what is malformed raises where it is read.

All functions raise KeyError, TypeError or ValueError for a document that is not what it should be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
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
