"""Scale and bias of each channel."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.fixed import Codes, convert, shift_left
from fcn_hw.ir.ops import BatchNorm, Tensor


def batch_norm(op: BatchNorm, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """(N, H, W, C) to the same shape."""
    (source,), (operand,) = codes, operands
    product_fraction = op.scale.format.fraction + operand.format.fraction
    fraction = max(product_fraction, op.bias.format.fraction)
    total = shift_left(source * op.scale.codes, fraction - product_fraction)
    total += shift_left(op.bias.codes, fraction - op.bias.format.fraction)
    return convert(total, fraction, op.output.format)
