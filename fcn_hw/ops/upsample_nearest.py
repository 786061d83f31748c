"""Nearest-neighbour upsampling by whole factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.costs.arithmetic import counters
from fcn_hw.costs.energy import MEMORY_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import ram
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import MEMORY, STREAM
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ops.base import Fold, Moving, Operands, framed_process
from fcn_hw.ops.upsampling import Upsampling


@dataclass(frozen=True)
class UpsampleNearest(Moving, Upsampling):
    """Each pixel repeated ``scale[0]`` times down and ``scale[1]`` times across."""

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        converted = convert_whole(codes[0], operands[0].format.fraction, self.output.format)
        count, height, width, n_chan = converted.shape
        pixels = converted[:, :, None, :, None, :]
        copies = (count, height, self.scale[0], width, self.scale[1], n_chan)
        return np.broadcast_to(pixels, copies).reshape(count, *self.output.shape)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + MEMORY

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,) = operands
        bits = source.pixel_bits
        places = framed_process(source) + counters(source.width, *self.scale)
        if self.scale[0] == 1:  # nothing is read back: the row is left out
            return OpCost(places + Resources(lut=bits, ff=bits))
        # From the row, or just read; the pixel is held, and goes along while the row is read.
        choice = Resources(lut=bits, ff=3 * bits)
        row = ram(source.width, bits, family).resources
        return OpCost(
            places + row + choice,
            activation_bits=source.width * bits,
        )

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        (source,) = operands
        return source.width * self.output.height * source.pixel_bits * MEMORY_PJ_A_BIT
