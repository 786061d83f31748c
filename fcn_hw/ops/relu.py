"""Rectified linear unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.costs.arithmetic import conversion_modes, converter
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import STREAM
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import Fold, Operands, Tensor, pixel_process
from fcn_hw.ops.pixelwise import Pixelwise


@dataclass(frozen=True)
class Relu(Pixelwise):
    """``max(x, 0)``, then conversion to the output's format."""

    converts = True

    def interval(self, operands: Sequence[Interval]) -> Interval:
        (item,) = operands
        return Interval(max(item.low, 0), max(item.high, 0), item.fraction)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        positive = np.maximum(codes[0], 0)
        return convert_whole(positive, operands[0].format.fraction, self.output.format)

    def moves_nothing(self, operand: Tensor, held: Interval) -> bool:
        return held.low >= 0

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        source, result = operands[0].format, self.output.format
        # The choice by the sign is in the LUTs of a conversion, where there are any; a carry chain
        # takes what was chosen from LUTs in front of it.
        a_channel = converter(source, result)
        if not a_channel.lut:
            a_channel = Resources(lut=result.width)
        elif conversion_modes(source, result)[0]:
            a_channel = a_channel + Resources(lut=result.width + 1)
        return OpCost(pixel_process(self.output) + a_channel * self.output.channels)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return 0.0  # the table has neither a choice nor a conversion
