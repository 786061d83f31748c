"""A rectangle of the frame."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import Crop2D, Tensor


def crop2d(op: Crop2D, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to (N, H', W', C)."""
    (source,), (operand,) = codes, operands
    (top, left), (height, width) = op.offset, op.output.shape[:2]
    part = source[:, top : top + height, left : left + width]
    return convert_whole(part, operand.format.fraction, op.output.format)
