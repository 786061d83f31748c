"""A step function a channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fcn_hw.fixed import Whole
from fcn_hw.ir.ops import Tensor, Threshold


def threshold(op: Threshold, codes: Sequence[Whole], operands: Sequence[Tensor]) -> Whole:
    """(N, H, W, C) to the same shape: thresholds that are reached, counted by bisection."""
    source = codes[0].astype(np.int64, copy=False)
    result = np.empty_like(source)
    for channel, thresholds in enumerate(op.thresholds.codes):
        count = np.searchsorted(thresholds, source[..., channel], side="right")
        result[..., channel] = op.base.codes[channel] + op.step.codes[channel] * count
    return result
