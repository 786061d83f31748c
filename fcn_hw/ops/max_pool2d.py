"""Maximum over windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.costs.arithmetic import maximum
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost
from fcn_hw.firing import MEMORY, STREAM
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ops.base import Fold, Moving, Operands, Padding
from fcn_hw.ops.pooling import Pooling


@dataclass(frozen=True)
class MaxPool2D(Moving, Pooling):
    """Maximum over windows; positions outside the frame take no part."""

    padding: Padding = Padding()
    lut4s_a_lut = 1.2

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C) to (N, H', W', C): the maximum over rows, then over columns."""
        (source,), (operand,) = codes, operands
        pad = self.padding
        if any((pad.top, pad.bottom, pad.left, pad.right)):
            source = np.pad(
                source,
                ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right), (0, 0)),
                # never above a code of the frame, and a window has one
                constant_values=operand.format.min_code,
            )
        rows = _along(source, 1, self.pool[0], self.strides[0], self.output.height)
        result = _along(rows, 2, self.pool[1], self.strides[1], self.output.width)
        return convert_whole(result, operand.format.fraction, self.output.format)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + MEMORY + 2  # the maximum along the row, the maximum down the column

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,) = operands
        bits = source.format.width
        return self.engine_cost(source, self.given(fold), bits, maximum(bits), family)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        (source,) = operands
        return self.engine_energy_pj(source, source.format.width)


def _along(source: Whole, axis: int, size: int, stride: int, length: int) -> Whole:
    """The maximum of ``size`` neighbours along an axis, every ``stride``-th."""
    shifts = [
        (slice(None),) * axis + (slice(first, first + (length - 1) * stride + 1, stride),)
        for first in range(size)
    ]
    result = source[shifts[0]]
    for shift in shifts[1:]:
        result = np.maximum(result, source[shift])
    return result
