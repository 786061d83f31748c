"""How the thresholds of a channel are laid out for a search by bisection.

The count has ``levels`` bits. Thresholds are numbered from 1 in ascending order, and filled up to
``2 ** levels - 1``. Level ``l`` has ``2 ** l`` of them: number ``2 ** (levels - 1 - l)`` and every
``2 ** (levels - l)``-th after it. Comparing with one of each level gives the bits of the count, the
highest first.
"""

from __future__ import annotations

import numpy as np

from fcn_hw.fixed import MAX_WIDTH_BITS, Codes, FixedFormat, smallest_format
from fcn_hw.ir.ops import Tensor, Threshold

MAX_LEVELS = 12
"""Levels that ``threshold.h`` searches."""
MAX_THRESHOLDS = (1 << MAX_LEVELS) - 1
MAX_SEARCHED_BITS = MAX_WIDTH_BITS - 2
"""Bits of an input: a sign and the code above the largest one are compared as well."""


def levels(op: Threshold) -> int:
    """Bits of the count."""
    return int(op.thresholds.codes.shape[1]).bit_length()


def ordered_thresholds(op: Threshold, source: Tensor) -> Codes:
    """Thresholds of shape (channels, ``2 ** levels - 1``), ascending.

    A threshold beyond the input's range is moved to the nearest code that compares alike with every
    code of the input: the least one, which always counts, or the first above the largest, which
    never does. Thresholds of the latter kind fill the rows up.
    """
    fmt = source.format
    never = fmt.max_code + 1
    inside = np.clip(op.thresholds.codes, fmt.min_code, never)
    missing = (1 << levels(op)) - 1 - inside.shape[1]
    return np.pad(inside, ((0, 0), (0, missing)), constant_values=never)


def threshold_levels(op: Threshold, source: Tensor) -> tuple[Codes, ...]:
    """For each level its thresholds, of shape (channels, ``2 ** level``)."""
    ordered, depth = ordered_thresholds(op, source), levels(op)
    first = [1 << (depth - 1 - level) for level in range(depth)]
    return tuple(ordered[:, half - 1 :: 2 * half] for half in first)


def threshold_format(op: Threshold, source: Tensor) -> FixedFormat:
    """The narrowest format of the thresholds that are stored."""
    ordered = ordered_thresholds(op, source)
    return smallest_format(int(ordered.min()), int(ordered.max()), source.format.fraction)


def total_format(op: Threshold) -> FixedFormat:
    """The narrowest format that holds base, multiples of the step, and their sums."""
    count = op.thresholds.codes.shape[1]
    ends = []
    for base, step in zip(op.base.codes.tolist(), op.step.codes.tolist(), strict=True):
        ends += [0, base, step * count, base + step * count]
    return smallest_format(min(ends), max(ends), op.base.format.fraction)
