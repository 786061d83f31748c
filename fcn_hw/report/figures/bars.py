"""Bars inside the cells of a table, so that they read on a phone too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BarPart:
    """A rectangle in a cell: percent of its width, tenths of its height."""

    x: str
    width: str
    y: str
    height: str
    colour: str


def bar_part(
    start: float, amount: float, most: float, colour: str, *, row: int = 0, rows: int = 1
) -> BarPart:
    """A part of a bar.

    Args:
        start, amount: where it starts and how long it is, of ``most``.
        row, rows: bars one below another share the height.
    """
    left, width = percent(start, most), percent(amount, most)
    return BarPart(
        f"{left:.2f}", f"{min(width, 100 - left):.2f}", f"{10 * row / rows:.2f}",
        f"{10 / rows:.2f}", colour,
    )  # fmt: skip


def percent(amount: float, most: float) -> float:
    """``amount`` of ``most`` in percent, 0 to 100."""
    return min(max(100 * amount / most, 0.0), 100.0) if most > 0 else 0.0
