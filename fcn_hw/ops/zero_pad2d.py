"""Zeros around the frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import STREAM, Loop, grid
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.intervals import Interval, hull
from fcn_hw.ops.base import Fold, Moving, Operands, Padding, Shape, Tensor, framed_process, sizes


@dataclass(frozen=True)
class ZeroPad2D(Moving):
    """Code 0 around the frame."""

    padding: Padding

    def rules(self, operands: Operands) -> Iterable[str]:
        return self.padding.rules()

    def shape(self, operands: Operands) -> Shape:
        height, width, channels = operands[0].shape
        pad = self.padding
        return height + pad.top + pad.bottom, width + pad.left + pad.right, channels

    def interval(self, operands: Sequence[Interval]) -> Interval:
        (item,) = operands
        return hull([item, Interval(0, 0, item.fraction)])

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        pad = self.padding
        converted = convert_whole(codes[0], operands[0].format.fraction, self.output.format)
        return np.pad(converted, ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right), (0, 0)))

    def moves_nothing(self, operand: Tensor, held: Interval) -> bool:
        return self.padding == Padding()

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return self.output.pixels

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """Writes in every iteration, reads in those inside the padding."""
        (source,), result = operands, self.output
        rows = self.padding.top + np.arange(source.height)
        cols = self.padding.left + np.arange(source.width)
        return (Loop(grid(rows, cols, result.width), np.arange(result.pixels), result.pixels),)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,) = operands
        zero = Resources(lut=source.pixel_bits)
        return OpCost(framed_process(self.output) + zero)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return 0.0  # moves pixels

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return sizes(operands[0], self.output) | {
            "pad_top": self.padding.top,
            "pad_left": self.padding.left,
        }
