"""Convolution channel by channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Codes
from fcn_hw.ir.ops import DepthwiseConv2D, Tensor
from fcn_hw.reference.products import finish


def depthwise_conv2d(
    op: DepthwiseConv2D, codes: Sequence[Codes], operands: Sequence[Tensor]
) -> Codes:
    """(N, H, W, C) to (N, H', W', C*M): tap by tap, each channel with its M weights."""
    (source,), (operand,) = codes, operands
    kernel_h, kernel_w, n_chan, multiplier = op.weight.codes.shape
    height, width = op.output.shape[:2]
    pad = op.padding
    padded = np.pad(source, ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right), (0, 0)))
    sums = np.zeros((len(source), height, width, n_chan, multiplier), dtype=np.int64)
    for p in range(kernel_h):
        row = p * op.dilation[0]
        down = slice(row, row + (height - 1) * op.strides[0] + 1, op.strides[0])
        for q in range(kernel_w):
            column = q * op.dilation[1]
            across = slice(column, column + (width - 1) * op.strides[1] + 1, op.strides[1])
            sums += padded[:, down, across, :, None] * op.weight.codes[p, q]
    return finish(sums.reshape(len(source), *op.output.shape), op, operand)
