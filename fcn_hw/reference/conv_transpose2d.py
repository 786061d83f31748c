"""Transposed convolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, whole_type
from fcn_hw.ir.ops import ConvTranspose2D, Tensor
from fcn_hw.reference.products import finish, largest_sum


def conv_transpose2d(
    op: ConvTranspose2D, codes: Sequence[Whole], operands: Sequence[Tensor]
) -> Whole:
    """(N, H, W, C) to (N, H', W', C'): each tap's products are added where they land."""
    (source,), (operand,) = codes, operands
    count, height, width, n_in = source.shape
    kernel_h, kernel_w, _, n_out = op.weight.codes.shape
    bound = largest_sum(source, operand.format, op.weight.codes)
    dtype = whole_type(bound)
    pixels = source.reshape(-1, n_in).astype(dtype, copy=False)
    sums = np.zeros((count, *op.output.shape), dtype=dtype)
    for p in range(kernel_h):
        rows, down = _landing(height, op.strides[0], p - op.crop[0], op.output.height)
        for q in range(kernel_w):
            columns, across = _landing(width, op.strides[1], q - op.crop[1], op.output.width)
            products = (pixels @ op.weight.codes[p, q].astype(dtype)).reshape(
                count, height, width, n_out
            )
            sums[:, down, across] += products[:, rows, columns]
    return finish(sums, bound, op, operand)


def _landing(length: int, stride: int, shift: int, size: int) -> tuple[slice, slice]:
    """The positions m of 0 to length - 1 with ``0 <= m * stride + shift < size``, and these."""
    first = max(0, -(shift // stride))
    stop = max(first, min(length, -((shift - size) // stride)))
    start = first * stride + shift
    return slice(first, stop), slice(start, start + (stop - first) * stride, stride)
