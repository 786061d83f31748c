"""Maximum over windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Codes, convert
from fcn_hw.ir.ops import MaxPool2D, Tensor


def max_pool2d(op: MaxPool2D, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """(N, H, W, C) to (N, H', W', C)."""
    (source,), (operand,) = codes, operands
    pad = op.padding
    outside = np.iinfo(np.int64).min  # below every code, so it never is the maximum
    padded = np.pad(
        source,
        ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right), (0, 0)),
        constant_values=outside,
    )
    height, width = op.output.shape[:2]
    result = np.full((len(source), *op.output.shape), outside)
    for p in range(op.pool[0]):
        down = slice(p, p + (height - 1) * op.strides[0] + 1, op.strides[0])
        for q in range(op.pool[1]):
            across = slice(q, q + (width - 1) * op.strides[1] + 1, op.strides[1])
            np.maximum(result, padded[:, down, across], out=result)
    return convert(result, operand.format.fraction, op.output.format)
