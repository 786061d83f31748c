"""Concatenation of skip connections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import SkipConcat, Tensor


def skip_concat(op: SkipConcat, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """Inputs (N, H, W, C_k) to (N, H, W, sum C_k), the first input's channels first."""
    parts = [
        convert_whole(source, operand.format.fraction, op.output.format)
        for source, operand in zip(codes, operands, strict=True)
    ]
    return np.concatenate(parts, axis=3)
