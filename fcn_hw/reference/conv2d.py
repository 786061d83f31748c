"""Convolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, whole_type
from fcn_hw.ir.ops import Conv2D, Tensor
from fcn_hw.reference.products import finish, largest_sum
from fcn_hw.reference.windows import padded, windows

_PATCH_ELEMENTS = 1 << 16
"""Elements of the patch matrix that are gathered at a time: 256 to 512 KiB stay in the cache."""


def conv2d(op: Conv2D, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to (N, H', W', C'): patches times the kernel matrix, block by block.

    A block is some whole frames where frames are small, else some rows of one frame, so the
    memory for patches is bounded whatever the size of the frame.
    """
    (source,), (operand,) = codes, operands
    n_out = op.weight.codes.shape[3]
    height, width = op.output.shape[:2]
    bound = largest_sum(source, operand.format, op.weight.codes)
    dtype = whole_type(bound)
    matrix = op.weight.codes.reshape(-1, n_out).astype(dtype)
    view = windows(
        padded(source, op.padding, dtype), op.weight.codes.shape[:2], op.strides, op.dilation
    )
    assert view.shape[1:3] == (height, width), view.shape
    result = np.empty((len(source), height, width, n_out), dtype=dtype)
    row_elements = width * len(matrix)
    n_rows = min(height, max(1, _PATCH_ELEMENTS // row_elements))
    n_frames = max(1, _PATCH_ELEMENTS // (row_elements * height))
    for first in range(0, len(source), n_frames):
        for top in range(0, height, n_rows):
            block = slice(first, first + n_frames), slice(top, top + n_rows)
            patches = np.ascontiguousarray(view[block]).reshape(-1, len(matrix))
            np.matmul(patches, matrix, out=result[block].reshape(-1, n_out))  # a view: contiguous
    return finish(result, bound, op, operand)
