"""Conversion to another format."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.fixed import Codes, convert
from fcn_hw.ir.ops import Quantize, Tensor


def quantize(op: Quantize, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """(N, H, W, C) to the same shape."""
    (source,), (operand,) = codes, operands
    return convert(source, operand.format.fraction, op.output.format)
