"""Conversion to another format."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import Quantize, Tensor


def quantize(op: Quantize, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to the same shape."""
    (source,), (operand,) = codes, operands
    return convert_whole(source, operand.format.fraction, op.output.format)
