"""Exact sums of products by floating-point BLAS; NumPy has no fast integer matrix product."""

from __future__ import annotations

import numpy as np

from fcn_hw.fixed import Codes, FixedFormat, Whole

_FLOAT32 = 1 << 24


def largest_sum(codes: Whole, fmt: FixedFormat, weight: Codes) -> int:
    """A bound of every operand, product and partial sum of ``codes * weight``, in any order.

    It is ``max|code| * max_o sum |w[..., o]|``, and at least each operand, as a large code may meet
    weights of 0. The codes are what the format allows; only where that leaves float32 they are
    looked at.

    Args:
        codes: the values that occur, any shape.
        fmt: their format.
        weight: (kernel height, kernel width, channels in, channels out).
    """
    # Python integers: the bound itself must not overflow.
    magnitude = np.abs(weight).reshape(-1, weight.shape[-1])
    largest_weight = int(magnitude.max())
    total = largest_weight * len(magnitude)
    if total < 1 << 63:
        total = int(magnitude.sum(axis=0).max())
    total = max(total, 1)
    bound = max(fmt.largest_code * total, largest_weight)
    if bound > _FLOAT32:
        largest_code = max(-int(codes.min()), int(codes.max()))
        bound = max(largest_code * total, largest_weight)
    return bound
