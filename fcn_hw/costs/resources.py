"""An amount of programmable logic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil


@dataclass(frozen=True)
class Resources:
    """LUTs, flip-flops, DSP slices and block RAM.

    Args:
        lut: those of 7 series and UltraScale+, which have six inputs, beside ``lut4``.
        lut4: LUTs of four inputs, where an ECP5 has a formula of its own.
        bram18: block RAMs of 18 Kib, the unit that both families split theirs into (UG473, UG573).
    """

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram18: int = 0
    lut4: int = 0

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
            self.lut4 + other.lut4,
        )

    def __mul__(self, count: int) -> Resources:
        return Resources(
            self.lut * count, self.ff * count, self.dsp * count, self.bram18 * count,
            self.lut4 * count,
        )  # fmt: skip

    def in_lut4s(self, factor: float) -> Resources:
        """The same on an ECP5, whose LUTs are all counted in ``lut`` then.

        Args:
            factor: LUTs of four inputs for one of six.
        """
        return replace(self, lut=self.lut4 + ceil(factor * self.lut), lut4=0)


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
