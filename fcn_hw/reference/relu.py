"""Rectified linear unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Codes, convert
from fcn_hw.ir.ops import Relu, Tensor


def relu(op: Relu, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """(N, H, W, C) to the same shape."""
    (source,), (operand,) = codes, operands
    return convert(np.maximum(source, 0), operand.format.fraction, op.output.format)
