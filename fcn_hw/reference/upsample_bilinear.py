"""Bilinear upsampling, half-pixel centres, as ``tf.image.resize(method="bilinear")``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert_whole, whole_type
from fcn_hw.ir.intervals import bilinear_bits
from fcn_hw.ir.ops import Tensor, UpsampleBilinear


def upsample_bilinear(
    op: UpsampleBilinear, codes: Sequence[Whole], operands: Sequence[Tensor]
) -> Whole:
    """(N, H, W, C) to (N, H * scale[0], W * scale[1], C); exact until the last conversion."""
    (source,), (operand,) = codes, operands
    # weights of one axis are 0 to 2 * scale, and their sum is 2 * scale
    bound = operand.format.largest_code * 4 * op.scale[0] * op.scale[1]
    source = source.astype(whole_type(bound), copy=False)
    total = _axis(_axis(source, 1, op.scale[0]), 2, op.scale[1])
    fraction = operand.format.fraction + sum(bilinear_bits(scale) for scale in op.scale)
    return convert_whole(total, fraction, op.output.format)


def _axis(source: Whole, axis: int, scale: int) -> Whole:
    """``2 * scale`` times the interpolation along one axis.

    Output i lies at ``(i + 1/2) / scale - 1/2 = (2 * i + 1 - scale) / (2 * scale)`` between inputs
    ``floor`` and ``floor + 1``; both are held inside the frame, which repeats the edge.
    """
    if scale == 1:
        return source
    length = source.shape[axis]
    place = 2 * np.arange(length * scale) + 1 - scale
    before = place // (2 * scale)
    shape = [-1 if k == axis else 1 for k in range(source.ndim)]
    weight = (place % (2 * scale)).reshape(shape).astype(source.dtype)
    low: Whole = np.take(source, np.clip(before, 0, length - 1), axis=axis)
    high: Whole = np.take(source, np.clip(before + 1, 0, length - 1), axis=axis)
    low *= 2 * scale - weight  # in place: take() made copies
    high *= weight
    low += high
    return low
