"""Transposed convolution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fcn_hw.fixed import Codes, Whole, whole_type
from fcn_hw.ops.base import Fold, Operands, Pair, Shape
from fcn_hw.ops.convolution import Convolution, Windows
from fcn_hw.ops.products import largest_sum


@dataclass(frozen=True)
class ConvTranspose2D(Convolution):
    """Transposed convolution: the gradient of a convolution with respect to its input.

    ``y[i,j,o] = b[o] + sum x[m,n,c] * w[p,q,c,o]`` over all m, n, p, q with
    ``m*s + p - crop_top == i`` and ``n*s + q - crop_left == j``. The output's shape is given; a
    position that no product reaches holds the bias.

    Args:
        weight: codes of shape (kernel height, kernel width, channels in, channels out).
        crop: (top, left): rows and columns of the full result that are cut off before.
    """

    crop: Pair = (0, 0)

    @cached_property
    def windows(self) -> Windows:
        (stride_h, stride_w), (top, left) = self.strides, self.crop
        taps = self._taps
        return Windows(
            taps=taps,
            spread=(1, 1),
            origin=(top // stride_h - taps[0] + 1, left // stride_w - taps[1] + 1),
            move=(1, 1),
            phases=self.strides,
            phase=(top % stride_h, left % stride_w),
        )

    @property
    def _taps(self) -> Pair:
        kernel_h, kernel_w = self.weight.codes.shape[:2]
        return -(-kernel_h // self.strides[0]), -(-kernel_w // self.strides[1])

    def meeting_weights(self) -> Iterable[Codes]:
        """Those of each phase: an output position meets only taps whose distance is a multiple of
        the stride (the others fall between inputs)."""
        (stride_h, stride_w), kernel = self.strides, self.weight.codes.shape
        for p in range(min(stride_h, kernel[0])):
            for q in range(min(stride_w, kernel[1])):
                yield self.weight.codes[p::stride_h, q::stride_w]

    def step_weights(self) -> Iterable[Codes]:
        """Tap t of ``taps`` has the weight of kernel position ``phase + (taps - 1 - t) * stride``,
        or 0 where the kernel has none."""
        (stride_h, stride_w), (taps_h, taps_w) = self.strides, self._taps
        kernel_h, kernel_w, n_chan, n_filt = self.weight.codes.shape
        padded = np.zeros((taps_h * stride_h, taps_w * stride_w, n_chan, n_filt), dtype=np.int64)
        padded[:kernel_h, :kernel_w] = self.weight.codes
        for row in range(stride_h):
            for column in range(stride_w):
                yield padded[row::stride_h, column::stride_w][::-1, ::-1]

    def _field_rules(self) -> Iterable[str]:
        yield from super()._field_rules()
        if min(self.crop) < 0:
            yield f"crop {self.crop} must not be negative"

    def shape(self, operands: Operands) -> Shape:
        return (*self.output.shape[:2], self.filters)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C) to (N, H', W', C'): each tap's products are added where they land."""
        (source,), (operand,) = codes, operands
        count, height, width, n_in = source.shape
        kernel_h, kernel_w, _, n_out = self.weight.codes.shape
        bound = largest_sum(source, operand.format, self.weight.codes)
        dtype = whole_type(bound)
        pixels = source.reshape(-1, n_in).astype(dtype, copy=False)
        sums = np.zeros((count, *self.output.shape), dtype=dtype)
        for p in range(kernel_h):
            shift = p - self.crop[0]
            rows, down = _landing(height, self.strides[0], shift, self.output.height)
            for q in range(kernel_w):
                shift = q - self.crop[1]
                columns, across = _landing(width, self.strides[1], shift, self.output.width)
                products = (pixels @ self.weight.codes[p, q].astype(dtype)).reshape(
                    count, height, width, n_out
                )
                sums[:, down, across] += products[:, rows, columns]
        return self.finish(sums, bound, operand)

    def macs(self, operands: Operands) -> int:
        """Every tap at every input position, the cropped ones too; zeros between inputs are never
        multiplied."""
        return operands[0].pixels * self.weight.codes.size

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands, fold) | {
            "crop_top": self.crop[0],
            "crop_left": self.crop[1],
        }


def _landing(length: int, stride: int, shift: int, size: int) -> tuple[slice, slice]:
    """The positions m of 0 to length - 1 with ``0 <= m * stride + shift < size``, and these."""
    first = max(0, -(shift // stride))
    stop = max(first, min(length, -((shift - size) // stride)))
    start = first * stride + shift
    return slice(first, stop), slice(start, start + (stop - first) * stride, stride)
