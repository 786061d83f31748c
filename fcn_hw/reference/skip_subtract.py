"""Difference of two skip connections."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import SkipSubtract, Tensor
from fcn_hw.reference.alignment import aligned


def skip_subtract(op: SkipSubtract, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """Two inputs of one shape (N, H, W, C) to their difference, binary points aligned."""
    (left, right), fraction = aligned(codes, operands)
    return convert_whole(left - right, fraction, op.output.format)
