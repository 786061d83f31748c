"""Nearest-neighbour upsampling by whole factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Codes, convert
from fcn_hw.ir.ops import Tensor, UpsampleNearest


def upsample_nearest(
    op: UpsampleNearest, codes: Sequence[Codes], operands: Sequence[Tensor]
) -> Codes:
    """(N, H, W, C) to (N, H * scale[0], W * scale[1], C)."""
    (source,), (operand,) = codes, operands
    converted = convert(source, operand.format.fraction, op.output.format)
    return np.repeat(np.repeat(converted, op.scale[0], axis=1), op.scale[1], axis=2)
