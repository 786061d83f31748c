"""Conversion to another format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fcn_hw.costs.arithmetic import converter
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost
from fcn_hw.firing import STREAM
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import Fold, Operands, Tensor, pixel_process
from fcn_hw.ops.pixelwise import Pixelwise


@dataclass(frozen=True)
class Quantize(Pixelwise):
    """Conversion to the output's format."""

    converts = True
    lut4s_a_lut = 3.5

    def interval(self, operands: Sequence[Interval]) -> Interval:
        return operands[0]

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        return convert_whole(codes[0], operands[0].format.fraction, self.output.format)

    def moves_nothing(self, operand: Tensor, held: Interval) -> bool:
        return True

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        a_channel = converter(operands[0].format, self.output.format)
        return OpCost(pixel_process(self.output) + a_channel * self.output.channels)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return 0.0  # the table has no conversion
