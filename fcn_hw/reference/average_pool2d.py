"""Mean over windows, as a weighted sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert
from fcn_hw.ir.ops import AveragePool2D, Tensor


def average_pool2d(op: AveragePool2D, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to (N, H', W', C): the sum of a window, weighted by ``multiple / positions``.

    How many positions of a window lie in the frame is counted like a further channel that is 1
    inside the frame and 0 in the padding.
    """
    (source,), (operand,) = codes, operands
    pad = op.padding
    edges = ((pad.top, pad.bottom), (pad.left, pad.right))
    padded = np.pad(source.astype(np.int64, copy=False), ((0, 0), *edges, (0, 0)))
    inside = np.pad(np.ones(source.shape[1:3], dtype=np.int64), edges)
    height, width = op.output.shape[:2]
    sums = np.zeros((len(source), *op.output.shape), dtype=np.int64)
    positions = np.zeros((height, width), dtype=np.int64)
    for p in range(op.pool[0]):
        down = slice(p, p + (height - 1) * op.strides[0] + 1, op.strides[0])
        for q in range(op.pool[1]):
            across = slice(q, q + (width - 1) * op.strides[1] + 1, op.strides[1])
            sums += padded[:, down, across]
            positions += inside[down, across]
    sums *= (op.multiple // positions)[:, :, None]
    return convert(sums, operand.format.fraction + op.multiple_bits, op.output.format)
