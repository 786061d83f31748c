"""Exact sums of products by floating-point BLAS; NumPy has no fast integer matrix product."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import Codes, convert, shift_left
from fcn_hw.ir.ops import Convolution, Tensor


def sum_dtype(codes: Codes, weight: Codes) -> type[np.number[Any]]:
    """The fastest number type in which the sums of ``codes * weight`` are exact.

    Let ``b = max|code| * max_o sum |w[..., o]|``. Every product and every partial sum, in whatever
    order and with or without fused multiply-add, is an integer of magnitude at most b. A binary
    float of p significand bits (24 for float32, 53 for float64; IEEE 754) holds every integer of
    magnitude up to 2**p, so for b <= 2**p no operation rounds. Each operand must fit as well: a
    large code may meet weights of 0. Beyond 2**53 the products are int64.

    Args:
        codes: the values that occur, any shape.
        weight: (kernel height, kernel width, channels in, channels out).
    """
    # Python integers: the bound itself must not overflow.
    largest_code = max(-int(codes.min()), int(codes.max()))
    magnitude = np.abs(weight).reshape(-1, weight.shape[-1])
    largest_weight = int(magnitude.max())
    total = largest_weight * len(magnitude)
    if total < 1 << 63:
        total = int(magnitude.sum(axis=0).max())
    bound = max(largest_code * total, largest_code, largest_weight)
    if bound <= 1 << 24:
        return np.float32
    if bound <= 1 << 53:
        return np.float64
    return np.int64


def finish(sums: npt.NDArray[Any], op: Convolution, operand: Tensor) -> Codes:
    """Adds the bias to exact sums of products and converts to the output's format.

    Args:
        sums: (..., channels out), integers of any number type.
    """
    fraction = op.weight.format.fraction + operand.format.fraction
    total = sums.astype(np.int64)
    if op.bias is not None:
        finest = max(fraction, op.bias.format.fraction)
        total = shift_left(total, finest - fraction)
        total += shift_left(op.bias.codes, finest - op.bias.format.fraction)
        fraction = finest
    return convert(total, fraction, op.output.format)
