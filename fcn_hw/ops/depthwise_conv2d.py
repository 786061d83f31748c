"""Convolution channel by channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.fixed import Codes, Whole, whole_type
from fcn_hw.ops.base import ChannelRule, Operands
from fcn_hw.ops.convolution import DirectConvolution
from fcn_hw.ops.patches import padded
from fcn_hw.ops.products import largest_sum


@dataclass(frozen=True)
class DepthwiseConv2D(DirectConvolution):
    """Convolution channel by channel, ``M`` filters each.

    ``y[i,j,c*M+m] = b[c*M+m] + sum x[i*s+p*d-top, j*s+q*d-left, c] * w[p,q,c,m]`` over p, q.

    Args:
        weight: codes of shape (kernel height, kernel width, channels in, M).
        bias: codes of shape (channels in * M,), or None.
        accum, strides, dilation, padding: as for :class:`fcn_hw.ops.conv2d.Conv2D`.
    """

    lut4s_a_lut = 2.7

    @property
    def sums_channels(self) -> bool:
        return False

    @property
    def filters(self) -> int:
        return int(self.weight.codes.shape[2] * self.weight.codes.shape[3])

    def step_weights(self) -> Iterable[Codes]:
        """The filters of one channel behind those of the one before, no channels to sum."""
        return (self.weight.codes.reshape(*self.weight.codes.shape[:2], 1, self.filters),)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C) to (N, H', W', C*M): tap by tap, each channel with its M weights."""
        (source,), (operand,) = codes, operands
        weight = self.weight.codes
        kernel_h, kernel_w, n_chan, multiplier = weight.shape
        height, width = self.output.shape[:2]
        # a channel out is a column: no other channel adds to its sum
        bound = largest_sum(source, operand.format, weight.reshape(kernel_h, kernel_w, 1, -1))
        dtype = whole_type(bound)
        frames, weight = padded(source, self.padding, dtype), weight.astype(dtype)
        sums = np.zeros((len(source), height, width, n_chan, multiplier), dtype)
        for p in range(kernel_h):
            row = p * self.dilation[0]
            down = slice(row, row + (height - 1) * self.strides[0] + 1, self.strides[0])
            for q in range(kernel_w):
                column = q * self.dilation[1]
                across = slice(column, column + (width - 1) * self.strides[1] + 1, self.strides[1])
                sums += frames[:, down, across, :, None] * weight[p, q]
        return self.finish(sums.reshape(len(source), *self.output.shape), bound, operand)

    @property
    def channel_rule(self) -> ChannelRule:
        return "kept" if self.weight.codes.shape[3] == 1 else "given"
