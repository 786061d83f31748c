"""Sum of skip connections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Codes, convert, shift_left
from fcn_hw.ir.ops import SkipAdd, Tensor


def skip_add(op: SkipAdd, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """Inputs of one shape (N, H, W, C) to their sum, binary points aligned."""
    fraction = max(operand.format.fraction for operand in operands)
    total = np.zeros_like(codes[0])
    for source, operand in zip(codes, operands, strict=True):
        total += shift_left(source, fraction - operand.format.fraction)
    return convert(total, fraction, op.output.format)
