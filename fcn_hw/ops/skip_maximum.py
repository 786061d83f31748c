"""Maximum of skip connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.costs.arithmetic import maximum
from fcn_hw.costs.resources import Resources
from fcn_hw.fixed import Whole
from fcn_hw.intervals import Interval, hull
from fcn_hw.ops.base import Operands
from fcn_hw.ops.joins import Elementwise


@dataclass(frozen=True)
class SkipMaximum(Elementwise):
    """The largest of two or more inputs of one shape, binary points aligned.

    Args:
        accum: a format that holds every value of every input exactly.
    """

    def interval(self, operands: Sequence[Interval]) -> Interval:
        return hull(operands)

    def joined(self, codes: list[Whole]) -> Whole:
        found: Whole = np.maximum.reduce(codes)
        return found

    def unit(self, operands: Operands) -> Resources:
        return maximum(self.accum.width)
