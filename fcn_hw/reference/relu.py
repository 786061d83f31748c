"""Rectified linear unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import Relu, Tensor


def relu(op: Relu, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to the same shape."""
    (source,), (operand,) = codes, operands
    return convert_whole(np.maximum(source, 0), operand.format.fraction, op.output.format)
