"""What the ops share that join several tensors of one size, pixel by pixel."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcn_hw.costs.arithmetic import converter
from fcn_hw.costs.energy import ADD_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import CONVERT, STREAM, tree
from fcn_hw.fixed import FixedFormat, Whole, convert_whole, shift_left, whole_type
from fcn_hw.ops.base import Fold, Operands, pixel_process
from fcn_hw.ops.pixelwise import Pixelwise

MAX_SKIP_INPUTS = 4
"""Inputs of a skip op, and copies of a fork: the headers have overloads for up to so many."""


class Join(Pixelwise):
    """Base of ops that read two tensors or more."""

    arity = (2, MAX_SKIP_INPUTS)


def size_rules(operands: Operands) -> Iterable[str]:
    """Whether all inputs have as many rows and columns."""
    if len({item.shape[:2] for item in operands}) > 1:
        yield f"inputs differ in size: {', '.join(str(item.shape[:2]) for item in operands)}"


@dataclass(frozen=True)
class Elementwise(Join):
    """Base of ops that make one value of the values of each place, binary points aligned.

    Args:
        accum: a format that holds the exact result of each step.
    """

    accum: FixedFormat
    converts = True

    @abstractmethod
    def joined(self, codes: list[Whole]) -> Whole:
        """One value of those of each place: codes of one fraction, which may not be changed, in a
        number type in which sums of one code of each are exact."""

    @property
    def fraction_bits(self) -> int:
        """Fraction bits that the result has beyond those of the codes that are joined."""
        return 0

    @abstractmethod
    def unit(self, operands: Operands) -> Resources:
        """What joins two values."""

    def rules(self, operands: Operands) -> Iterable[str]:
        if len({item.shape for item in operands}) > 1:
            yield f"inputs differ in shape: {', '.join(str(item.shape) for item in operands)}"

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        found, fraction = _aligned(codes, operands)
        joined = self.joined(found)
        return convert_whole(joined, fraction + self.fraction_bits, self.output.format)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + tree(len(operands)) + CONVERT

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        steps = self.unit(operands) * (len(operands) - 1)
        a_channel = steps + converter(self.accum, self.output.format)
        return OpCost(pixel_process(self.output) + a_channel * operands[0].channels)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return self.output.size * (len(operands) - 1) * ADD_PJ_A_BIT * self.accum.width

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands) | {"accum": self.accum}


def common_bits(operands: Operands) -> int:
    """Bits that two of the operands have once their binary points are aligned; a sign goes on to
    the left."""
    formats = [operand.format for operand in operands]
    lowest = sorted(-fmt.fraction for fmt in formats)[1]
    tops = sorted(fmt.integer for fmt in formats)
    any_sign = any(fmt.signed for fmt in formats if fmt.integer < tops[-1])
    return max((tops[-1] if any_sign else tops[-2]) - lowest, 0)


def _aligned(codes: Sequence[Whole], operands: Operands) -> tuple[list[Whole], int]:
    """The codes of each operand with the most fraction bits of all, and how many these are.

    Raises:
        FormatError: aligning the binary points leaves int64.
    """
    fraction = max(operand.format.fraction for operand in operands)
    steps = [fraction - operand.format.fraction for operand in operands]
    dtype = whole_type(
        sum(
            operand.format.largest_code << step
            for operand, step in zip(operands, steps, strict=True)
        )
    )
    found = []
    for source, step in zip(codes, steps, strict=True):
        exact = source.astype(dtype, copy=False)
        if step:
            exact = shift_left(exact, step) if dtype is np.int64 else exact * dtype(1 << step)
        found.append(exact)
    return found, fraction
