"""Zeros around the frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import Tensor, ZeroPad2D


def zero_pad2d(op: ZeroPad2D, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to (N, top + H + bottom, left + W + right, C)."""
    (source,), (operand,) = codes, operands
    pad = op.padding
    converted = convert_whole(source, operand.format.fraction, op.output.format)
    return np.pad(converted, ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right), (0, 0)))
