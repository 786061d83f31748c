"""Maximum of skip connections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ir.ops import SkipMaximum, Tensor
from fcn_hw.reference.alignment import aligned


def skip_maximum(op: SkipMaximum, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """Inputs of one shape (N, H, W, C) to the largest of each place, binary points aligned."""
    same_grid, fraction = aligned(codes, operands)
    return convert_whole(np.maximum.reduce(same_grid), fraction, op.output.format)
