"""A table for every code."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.fixed import Codes
from fcn_hw.ir.ops import Lookup, Tensor


def lookup(op: Lookup, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """(N, H, W, C) to the same shape."""
    (source,), (operand,) = codes, operands
    low = -(1 << (operand.format.width - 1)) if operand.format.signed else 0
    result: Codes = op.table.codes[source - low]
    return result
