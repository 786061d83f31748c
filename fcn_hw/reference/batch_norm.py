"""Scale and bias of each channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert, shift_left
from fcn_hw.ir.ops import BatchNorm, Tensor


def batch_norm(op: BatchNorm, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to the same shape."""
    (source,), (operand,) = codes, operands
    product_fraction = op.scale.format.fraction + operand.format.fraction
    fraction = max(product_fraction, op.bias.format.fraction)
    total = shift_left(source.astype(np.int64) * op.scale.codes, fraction - product_fraction)
    total += shift_left(op.bias.codes, fraction - op.bias.format.fraction)
    return convert(total, fraction, op.output.format)
