"""Codes of several formats on one grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole, shift_left, whole_type
from fcn_hw.ir.ops import Tensor


def aligned(codes: Sequence[Whole], operands: Sequence[Tensor]) -> tuple[list[Whole], int]:
    """The codes of each operand with the most fraction bits of all, and how many these are.

    Returns:
        arrays of one number type, in which sums of one code of each are exact; none may be changed.

    Raises:
        FormatError: aligning the binary points leaves int64.
    """
    fraction = max(operand.format.fraction for operand in operands)
    steps = [fraction - operand.format.fraction for operand in operands]
    dtype = whole_type(
        sum(
            operand.format.largest_code << step
            for operand, step in zip(operands, steps, strict=True)
        )
    )
    found = []
    for source, step in zip(codes, steps, strict=True):
        exact = source.astype(dtype, copy=False)
        if step:
            exact = shift_left(exact, step) if dtype is np.int64 else exact * dtype(1 << step)
        found.append(exact)
    return found, fraction
