"""Difference of two skip connections."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.fixed import Codes, convert, shift_left
from fcn_hw.ir.ops import SkipSubtract, Tensor


def skip_subtract(op: SkipSubtract, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """Two inputs of one shape (N, H, W, C) to their difference, binary points aligned."""
    fraction = max(operand.format.fraction for operand in operands)
    left, right = (
        shift_left(source, fraction - operand.format.fraction)
        for source, operand in zip(codes, operands, strict=True)
    )
    return convert(left - right, fraction, op.output.format)
