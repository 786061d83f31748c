"""Index of the largest channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.costs.arithmetic import maximum
from fcn_hw.costs.energy import ADD_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import STREAM, tree
from fcn_hw.fixed import FixedFormat, Whole
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import ChannelRule, Fold, Operands, Shape, pixel_process
from fcn_hw.ops.pixelwise import Pixelwise

CLASS_FORMAT = FixedFormat(signed=False, width=8, integer=8)
MAX_CLASSES = 256
COMPARISONS_A_STAGE = 5
"""As many follow one another within 10 ns."""


@dataclass(frozen=True)
class ArgMax(Pixelwise):
    """Index of the largest channel, the lowest one at a tie; one unsigned byte a pixel."""

    converts = False
    gives_classes = True
    lut4s_a_lut = 1.9

    def rules(self, operands: Operands) -> Iterable[str]:
        fmt = self.output.format
        if fmt.signed or fmt.width != 8 or fmt.integer != 8:
            yield f"the class index is {CLASS_FORMAT}, not {fmt}"
        if operands[0].channels > MAX_CLASSES:
            yield f"{operands[0].channels} classes do not fit one byte"

    def shape(self, operands: Operands) -> Shape:
        return (*operands[0].shape[:2], 1)

    def source_format(self, operands: Operands) -> FixedFormat:
        return CLASS_FORMAT

    def interval(self, operands: Sequence[Interval]) -> Interval:
        return Interval(0, CLASS_FORMAT.max_code, 0)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        return np.asarray(np.argmax(codes[0], axis=3, keepdims=True), dtype=np.int64)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + tree(operands[0].channels)

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,) = operands
        channels, bits = source.channels, source.format.width
        step = maximum(bits) + Resources(lut=(channels - 1).bit_length())
        # Where a stage ends, the channels that are not compared yet go on to the next.
        left = range(channels - COMPARISONS_A_STAGE, 0, -COMPARISONS_A_STAGE)
        held = Resources(ff=bits * sum(left))
        return OpCost(pixel_process(self.output) + step * (channels - 1) + held)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        (source,) = operands
        return self.output.pixels * (source.channels - 1) * ADD_PJ_A_BIT * source.format.width

    @property
    def channel_rule(self) -> ChannelRule:
        return "given"
