"""An estimate beside the numbers of a tool's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.costs.resources import Resources
from fcn_hw.errors import ReportError, nearest
from fcn_hw.estimate.network import Estimate

QUANTITIES = ("LUT", "FF", "DSP", "BRAM36", "interval_cycles")


@dataclass(frozen=True)
class Row:
    """One quantity.

    Args:
        quantity: one of :data:`QUANTITIES`.
        estimated, measured: see above.
    """

    quantity: str
    estimated: float
    measured: float

    @property
    def error(self) -> float | None:
        """Of the estimate, relative to what was measured; None where that is 0."""
        return None if self.measured == 0 else self.estimated / self.measured - 1


def compare(result: Estimate, measured: Mapping[str, float]) -> tuple[Row, ...]:
    """Estimate and truth of every quantity that was measured, in the order of QUANTITIES.

    Args:
        measured: by the names of :data:`QUANTITIES`.

    Raises:
        ReportError: a name is none of these.
    """
    estimated = {**by_name(result.resources), "interval_cycles": float(result.interval_cycles)}
    return rows(estimated, measured)


def rows(estimated: Mapping[str, float], measured: Mapping[str, float]) -> tuple[Row, ...]:
    """As :func:`compare`, of plain numbers."""
    for name in measured:
        if name not in QUANTITIES:
            raise ReportError(f"unknown quantity '{name}'; near: {nearest(name, QUANTITIES)}")
    return tuple(
        Row(name, estimated[name], measured[name]) for name in QUANTITIES if name in measured
    )


def by_name(amount: Resources) -> dict[str, float]:
    """Resources by the names of reports."""
    return {
        "LUT": float(amount.lut),
        "FF": float(amount.ff),
        "DSP": float(amount.dsp),
        "BRAM36": amount.bram36,
    }
