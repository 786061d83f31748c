"""Index of the largest channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole
from fcn_hw.ir.ops import ArgMax, Tensor


def arg_max(op: ArgMax, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to (N, H, W, 1); the lowest index at a tie."""
    (source,) = codes
    return np.asarray(np.argmax(source, axis=3, keepdims=True), dtype=np.int64)
