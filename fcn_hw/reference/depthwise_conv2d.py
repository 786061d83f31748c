"""Convolution channel by channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, whole_type
from fcn_hw.ir.ops import DepthwiseConv2D, Tensor
from fcn_hw.reference.products import finish, largest_sum
from fcn_hw.reference.windows import padded


def depthwise_conv2d(
    op: DepthwiseConv2D, codes: Sequence[Whole], operands: Sequence[Tensor]
) -> Whole:
    """(N, H, W, C) to (N, H', W', C*M): tap by tap, each channel with its M weights."""
    (source,), (operand,) = codes, operands
    kernel_h, kernel_w, n_chan, multiplier = op.weight.codes.shape
    height, width = op.output.shape[:2]
    weight = op.weight.codes
    # a channel out is a column: no other channel adds to its sum
    bound = largest_sum(source, operand.format, weight.reshape(kernel_h, kernel_w, 1, -1))
    dtype = whole_type(bound)
    frames, weight = padded(source, op.padding, dtype), weight.astype(dtype)
    sums = np.zeros((len(source), height, width, n_chan, multiplier), dtype)
    for p in range(kernel_h):
        row = p * op.dilation[0]
        down = slice(row, row + (height - 1) * op.strides[0] + 1, op.strides[0])
        for q in range(kernel_w):
            column = q * op.dilation[1]
            across = slice(column, column + (width - 1) * op.strides[1] + 1, op.strides[1])
            sums += frames[:, down, across, :, None] * weight[p, q]
    return finish(sums.reshape(len(source), *op.output.shape), bound, op, operand)
