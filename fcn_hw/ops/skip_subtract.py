"""Difference of two skip connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fcn_hw.costs.arithmetic import adder
from fcn_hw.costs.resources import Resources
from fcn_hw.fixed import Whole
from fcn_hw.intervals import Interval, aligned
from fcn_hw.ops.base import Operands
from fcn_hw.ops.joins import Elementwise, common_bits
from fcn_hw.ops.skip_add import partial_sums


@dataclass(frozen=True)
class SkipSubtract(Elementwise):
    """First input minus the second, of one shape, binary points aligned.

    Args:
        accum: format of the exact difference.
    """

    arity = (2, 2)

    def interval(self, operands: Sequence[Interval]) -> Interval:
        left, right = aligned(operands)
        return partial_sums([left, Interval(-right.high, -right.low, right.fraction)])

    def joined(self, codes: list[Whole]) -> Whole:
        left, right = codes
        return left - right

    def unit(self, operands: Operands) -> Resources:
        return adder(common_bits(operands))
