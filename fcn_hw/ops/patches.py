"""Frames with a border, and windows over them, without copies."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from fcn_hw.fixed import Whole
from fcn_hw.ops.base import Padding, Pair


def padded(source: Whole, pad: Padding, dtype: type[np.number]) -> Whole:
    """(N, H, W, C) with zeros around each frame, as a contiguous array of the number type."""
    if pad == Padding():
        return np.ascontiguousarray(source, dtype=dtype)
    count, height, width, n_chan = source.shape
    result = np.zeros(
        (count, pad.top + height + pad.bottom, pad.left + width + pad.right, n_chan), dtype
    )
    result[:, pad.top : pad.top + height, pad.left : pad.left + width] = source
    return result


def patches(source: Whole, size: Pair, strides: Pair, dilation: Pair) -> Whole:
    """A read-only view (N, H', W', kernel height, kernel width, C) of (N, H, W, C), contiguous.

    Element ``[n, i, j, p, q, c]`` is ``source[n, i*s + p*d, j*s + q*d, c]``, for every window that
    lies in the frame. A copy of a view without dilation moves ``kernel width * C`` numbers at a
    time, three times as fast as tap by tap for 3x3.
    """
    count, height, width, n_chan = source.shape
    rows, columns = (
        (length - (k - 1) * d - 1) // s + 1
        for length, k, s, d in zip((height, width), size, strides, dilation, strict=True)
    )
    frame, row, column, channel = source.strides
    return as_strided(
        source,
        (count, rows, columns, *size, n_chan),
        (
            frame, row * strides[0], column * strides[1],
            row * dilation[0], column * dilation[1], channel,
        ),
        writeable=False,
    )  # fmt: skip
