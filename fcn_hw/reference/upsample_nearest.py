"""Nearest-neighbour upsampling by whole factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import Tensor, UpsampleNearest


def upsample_nearest(
    op: UpsampleNearest, codes: Sequence[Whole], operands: Sequence[Tensor]
) -> Whole:
    """(N, H, W, C) to (N, H * scale[0], W * scale[1], C)."""
    (source,), (operand,) = codes, operands
    converted = convert_whole(source, operand.format.fraction, op.output.format)
    count, height, width, n_chan = converted.shape
    pixels = converted[:, :, None, :, None, :]
    copies = np.broadcast_to(pixels, (count, height, op.scale[0], width, op.scale[1], n_chan))
    return copies.reshape(count, *op.output.shape)
