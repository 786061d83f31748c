"""Affine functions of integer codes as integers times one factor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fcn_hw.fixed import Codes
from fcn_hw.frontend.parts import UNIT_ROUNDOFF, Floats
from fcn_hw.intervals import Interval

MAX_BITS = 20
"""The widest integers that stand for float values: bytes times the scale and minus the mean of an
image, in thousandths, have 19."""

_MAX_DENOMINATOR = 1 << 12
_MOST_READ = 1_000_000


@dataclass(frozen=True, eq=False)
class IntegerAffine:
    """``factor * (scale[c] * code + bias[c])``; the factor is above 0."""

    factor: float
    scale: Codes
    bias: Codes

    @property
    def is_code(self) -> bool:
        """Whether the integer is the code itself."""
        return bool(np.all(self.scale == 1) and not self.bias.any())

    def equals(self, slope: Floats, summand: Floats) -> bool:
        """Whether it has these very numbers, and not fractions that are near them."""
        same = [(self.factor * self.scale == slope), (self.factor * self.bias == summand)]
        return bool(np.all(same))


def integer_affine(slope: Floats, summand: Floats, domain: Interval) -> IntegerAffine | None:
    """``slope[c] * code + summand[c]`` as integers times a factor, or None where they are too wide.

    Slopes and summands are taken as fractions of small numbers that float32 can't tell from them.

    Args:
        slope, summand: float64, by channel.
        domain: of the codes.
    """
    unit = abs(float(slope[0]))
    if not unit or not np.isfinite(unit):
        return None
    ratios = [_fraction(float(value) / unit) for value in (*slope, *summand)]
    if any(ratio is None for ratio in ratios):
        return None
    whole = math.lcm(*(ratio.denominator for ratio in ratios if ratio is not None))
    numbers = [int(ratio * whole) for ratio in ratios if ratio is not None]
    scale, bias = numbers[: len(slope)], numbers[len(slope) :]
    most = max(
        abs(a * code + b)
        for a, b in zip(scale, bias, strict=True)
        for code in (domain.low, domain.high)
    )
    if most >= 1 << (MAX_BITS - 1):
        return None
    return IntegerAffine(unit / whole, np.array(scale, np.int64), np.array(bias, np.int64))


def nearest_fraction(value: float) -> Fraction:
    """A fraction for people: of small numbers where float32 can't tell it from the value."""
    found = Fraction(value).limit_denominator(_MOST_READ)
    return found if abs(float(found) - value) <= UNIT_ROUNDOFF * abs(value) else Fraction(value)


def _fraction(value: float) -> Fraction | None:
    """The fraction of small numbers that is nearest, where float32 can't tell it from ``value``."""
    found = Fraction(value).limit_denominator(_MAX_DENOMINATOR)
    return found if abs(float(found) - value) <= UNIT_ROUNDOFF * abs(value) else None
