"""Sum of skip connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fcn_hw.costs.arithmetic import adder
from fcn_hw.costs.resources import Resources
from fcn_hw.fixed import Whole
from fcn_hw.intervals import Interval, aligned
from fcn_hw.ops.base import Operands
from fcn_hw.ops.joins import Elementwise, common_bits


@dataclass(frozen=True)
class SkipAdd(Elementwise):
    """Sum of two or more inputs of one shape, binary points aligned.

    Args:
        accum: format of the exact sum.
    """

    def interval(self, operands: Sequence[Interval]) -> Interval:
        return partial_sums(aligned(operands))

    def joined(self, codes: list[Whole]) -> Whole:
        return summed(codes)

    def unit(self, operands: Operands) -> Resources:
        return adder(common_bits(operands))


def summed(codes: list[Whole]) -> Whole:
    """The sum of codes of one fraction, value by value."""
    total, *others = codes
    for source in others:
        total = total + source
    return total


def partial_sums(terms: Sequence[Interval]) -> Interval:
    """The sum of any of the terms, which have one fraction."""
    return Interval(
        sum(min(item.low, 0) for item in terms),
        sum(max(item.high, 0) for item in terms),
        terms[0].fraction,
    )
