"""Sum of skip connections."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import SkipAdd, Tensor
from fcn_hw.reference.alignment import aligned


def skip_add(op: SkipAdd, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """Inputs of one shape (N, H, W, C) to their sum, binary points aligned."""
    (total, *others), fraction = aligned(codes, operands)
    for source in others:
        total = total + source
    return convert_whole(total, fraction, op.output.format)
