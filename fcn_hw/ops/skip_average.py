"""Mean of skip connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fcn_hw.costs.arithmetic import adder
from fcn_hw.costs.resources import Resources
from fcn_hw.fixed import Whole
from fcn_hw.intervals import Interval, aligned
from fcn_hw.ops.base import Operands
from fcn_hw.ops.joins import Elementwise, common_bits
from fcn_hw.ops.skip_add import partial_sums, summed

AVERAGED_INPUTS = (2, 4)
"""How many inputs have a mean that ends after some binary digits."""


@dataclass(frozen=True)
class SkipAverage(Elementwise):
    """Mean of two or four inputs of one shape, binary points aligned.

    It is their sum with ``log2`` of their number more fraction bits, so nothing is rounded before
    the conversion.

    Args:
        accum: format of the exact mean.
    """

    @property
    def fraction_bits(self) -> int:
        return len(self.inputs).bit_length() - 1

    def rules(self, operands: Operands) -> Iterable[str]:
        yield from super().rules(operands)
        if len(operands) not in AVERAGED_INPUTS:
            yield f"the mean of {len(operands)} inputs is no short binary fraction"

    def interval(self, operands: Sequence[Interval]) -> Interval:
        total = partial_sums(aligned(operands))
        return replace(total, fraction=total.fraction + self.fraction_bits)

    def joined(self, codes: list[Whole]) -> Whole:
        return summed(codes)

    def unit(self, operands: Operands) -> Resources:
        return adder(common_bits(operands))
