"""Maximum over windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import MaxPool2D, Tensor


def max_pool2d(op: MaxPool2D, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to (N, H', W', C): the maximum over rows, then over columns."""
    (source,), (operand,) = codes, operands
    pad = op.padding
    if any((pad.top, pad.bottom, pad.left, pad.right)):
        source = np.pad(
            source,
            ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right), (0, 0)),
            # never above a code of the frame, and a window has one
            constant_values=operand.format.min_code,
        )
    rows = _along(source, 1, op.pool[0], op.strides[0], op.output.height)
    result = _along(rows, 2, op.pool[1], op.strides[1], op.output.width)
    return convert_whole(result, operand.format.fraction, op.output.format)


def _along(source: Whole, axis: int, size: int, stride: int, length: int) -> Whole:
    """The maximum of ``size`` neighbours along an axis, every ``stride``-th."""
    shifts = [
        (slice(None),) * axis + (slice(first, first + (length - 1) * stride + 1, stride),)
        for first in range(size)
    ]
    result = source[shifts[0]]
    for shift in shifts[1:]:
        result = np.maximum(result, source[shift])
    return result
