"""An amount of programmable logic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """LUTs, flip-flops, DSP slices and block RAM.

    Args:
        bram18: block RAMs of 18 Kib, the unit that both families split theirs into (UG473, UG573).
    """

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram18: int = 0

    @property
    def bram36(self) -> float:
        """Block RAM tiles, as Vivado's utilization report counts them."""
        return self.bram18 / 2

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.lut + other.lut,
            self.ff + other.ff,
            self.dsp + other.dsp,
            self.bram18 + other.bram18,
        )

    def __mul__(self, count: int) -> Resources:
        return Resources(self.lut * count, self.ff * count, self.dsp * count, self.bram18 * count)


def total(items: Iterable[Resources]) -> Resources:
    """The sum."""
    amount = Resources()
    for item in items:
        amount = amount + item
    return amount


@dataclass(frozen=True)
class OpCost:
    """What an op needs.

    Args:
        resources: of its process.
        weight_bits: stored weights and biases.
        activation_bits: stored pixels: line buffers, without FIFOs.
    """

    resources: Resources
    weight_bits: int = 0
    activation_bits: int = 0
