"""Convolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Codes
from fcn_hw.ir.ops import Conv2D, Tensor
from fcn_hw.reference.products import finish, sum_dtype

_PATCH_ELEMENTS = 1 << 16
"""Elements of the patch matrix that are gathered at a time: 256 to 512 KiB stay in the cache."""


def conv2d(op: Conv2D, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """(N, H, W, C) to (N, H', W', C'): patches times the kernel matrix, block by block.

    A block is some whole frames where frames are small, else some rows of one frame, so the
    memory for patches is bounded whatever the size of the frame.
    """
    (source,), (operand,) = codes, operands
    kernel_h, kernel_w, _, n_out = op.weight.codes.shape
    height, width = op.output.shape[:2]
    dtype = sum_dtype(source, op.weight.codes)
    matrix = op.weight.codes.reshape(-1, n_out).astype(dtype)
    pad = op.padding
    padded = np.pad(
        source.astype(dtype),
        ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right), (0, 0)),
    )
    result = np.empty((len(source), *op.output.shape), dtype=np.int64)
    row_elements = width * matrix.shape[0]
    n_rows = min(height, max(1, _PATCH_ELEMENTS // row_elements))
    n_frames = max(1, _PATCH_ELEMENTS // (row_elements * height))
    for first in range(0, len(source), n_frames):
        frames = padded[first : first + n_frames]
        for top in range(0, height, n_rows):
            rows = min(n_rows, height - top)
            patches = np.empty(
                (len(frames), rows, width, kernel_h, kernel_w, source.shape[3]), dtype=dtype
            )
            for p in range(kernel_h):
                row = top * op.strides[0] + p * op.dilation[0]
                down = slice(row, row + (rows - 1) * op.strides[0] + 1, op.strides[0])
                for q in range(kernel_w):
                    column = q * op.dilation[1]
                    across = slice(column, column + (width - 1) * op.strides[1] + 1, op.strides[1])
                    patches[:, :, :, p, q] = frames[:, down, across]
            sums = (patches.reshape(-1, matrix.shape[0]) @ matrix).reshape(
                len(frames), rows, width, n_out
            )
            result[first : first + n_frames, top : top + rows] = finish(sums, op, operand)
    return result
