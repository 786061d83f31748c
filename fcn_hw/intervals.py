"""Interval arithmetic over integer codes: what a tensor or an accumulator can hold at all.

The interval of an accumulator covers every partial sum in every order of summation, so a datapath
of that width never overflows, however the loop is folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fcn_hw.errors import FormatError
from fcn_hw.fixed import FixedFormat, convert


@dataclass(frozen=True)
class Interval:
    """All codes from ``low`` to ``high``, with ``fraction`` fraction bits."""

    low: int
    high: int
    fraction: int

    def within(self, fmt: FixedFormat) -> bool:
        """Whether ``fmt`` has this fraction and holds every code."""
        return (
            self.fraction == fmt.fraction and fmt.min_code <= self.low and self.high <= fmt.max_code
        )

    def rescaled(self, fraction: int) -> Interval:
        """The same values at a finer or equal ``fraction``."""
        shift = fraction - self.fraction
        assert shift >= 0, "an interval is only ever refined"
        return Interval(self.low << shift, self.high << shift, fraction)

    def converted(self, fmt: FixedFormat) -> Interval:
        """What a conversion to ``fmt`` can give; conversions are monotone unless they wrap."""
        if max(abs(self.low), abs(self.high)) >= 1 << 62:
            raise FormatError(f"a value of more than 62 bits can't be converted to {fmt}")
        if fmt.overflow.value == "WRAP":
            wide = FixedFormat(
                signed=True, width=63, integer=63 - fmt.fraction, rounding=fmt.rounding
            )
            low, high = (int(c) for c in convert([self.low, self.high], self.fraction, wide))
            if low < fmt.min_code or high > fmt.max_code:
                low, high = fmt.min_code, fmt.max_code
        else:
            low, high = (int(c) for c in convert([self.low, self.high], self.fraction, fmt))
        return Interval(low, high, fmt.fraction)


def format_interval(fmt: FixedFormat) -> Interval:
    """Every code of a format."""
    return Interval(fmt.min_code, fmt.max_code, fmt.fraction)


def aligned(items: Sequence[Interval]) -> list[Interval]:
    """The same values, all at the finest fraction of them."""
    fraction = max(item.fraction for item in items)
    return [item.rescaled(fraction) for item in items]


def hull(items: Sequence[Interval]) -> Interval:
    """The narrowest interval that holds all of them."""
    same = aligned(items)
    return Interval(
        min(item.low for item in same), max(item.high for item in same), same[0].fraction
    )
