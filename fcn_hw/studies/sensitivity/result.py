"""What a sensitivity analysis found: one layer quantized at a time, all others float."""

from __future__ import annotations

import math
from typing import Literal, Union

from pydantic.dataclasses import dataclass

from fcn_hw.results import STRICT
from fcn_hw.train.datasets.base import Metric

Kind = Literal["weights", "activations"]
Level = Union[int, Literal["ternary"]]
"""Bits of a format. Of weights, 1 is ``binary``: one sign; ``ternary`` has three values."""


def bits_of(level: Level) -> float:
    """Bits of information: log2 of the number of values."""
    return math.log2(3) if level == "ternary" else float(level)


@dataclass(frozen=True, config=STRICT)
class Point:
    """What of which layer is quantized, and to how many bits."""

    layer: str
    kind: Kind
    level: Level

    @property
    def name(self) -> str:
        return f"{self.layer}-{self.kind}-{self.level}"


@dataclass(frozen=True, config=STRICT)
class Verdict:
    """How good a network is, and how far from the float one.

    Args:
        score: mIoU or accuracy, 0 to 1.
        output_kl: of its classes (:mod:`fcn_hw.train.quantization_error`), nats.
    """

    score: float
    output_kl: float


@dataclass(frozen=True, config=STRICT)
class Finding:
    """One point.

    Args:
        point: what is quantized.
        format: its number format, in words.
        l2, kl: error of what is quantized.
        direct: the network without retraining.
        retrained: after retraining; None where none was asked for.
    """

    point: Point
    format: str
    l2: float
    kl: float
    direct: Verdict
    retrained: Verdict | None


@dataclass(frozen=True, config=STRICT)
class Sensitivity:
    """All points of a design: ``model/sensitivity.json``.

    Args:
        design: its name.
        metric: what its data set is judged by.
        images: of the validation split that were scored.
        baseline: score of the float network.
        baseline_retrained: the float network after as much retraining: what is won by training on,
            not by the bits; None where none was asked for.
        retrain_epochs: of each point, at most.
        findings: by layer, kind and level.
    """

    design: str
    metric: Metric
    images: int
    baseline: float
    baseline_retrained: float | None
    retrain_epochs: int
    findings: tuple[Finding, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.point.layer for item in self.findings))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(dict.fromkeys(item.point.kind for item in self.findings))

    def curve(self, layer: str, kind: Kind) -> tuple[Finding, ...]:
        """The points of one layer, from few bits to many; empty where none was measured."""
        found = [
            item for item in self.findings if (item.point.layer, item.point.kind) == (layer, kind)
        ]
        return tuple(sorted(found, key=lambda item: bits_of(item.point.level)))
