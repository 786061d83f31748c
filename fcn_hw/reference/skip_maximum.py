"""Maximum of skip connections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Codes, convert, shift_left
from fcn_hw.ir.ops import SkipMaximum, Tensor


def skip_maximum(op: SkipMaximum, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """Inputs of one shape (N, H, W, C) to the largest of each place, binary points aligned."""
    fraction = max(operand.format.fraction for operand in operands)
    aligned = [
        shift_left(source, fraction - operand.format.fraction)
        for source, operand in zip(codes, operands, strict=True)
    ]
    return convert(np.maximum.reduce(aligned), fraction, op.output.format)
