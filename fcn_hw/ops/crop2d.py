"""A rectangle of the frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost
from fcn_hw.firing import STREAM, Loop, grid
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import Fold, Moving, Operands, Pair, Shape, Tensor, framed_process, sizes


@dataclass(frozen=True)
class Crop2D(Moving):
    """A rectangle of the frame.

    Args:
        offset: (top, left); the rectangle's size is the output's.
    """

    offset: Pair

    def rules(self, operands: Operands) -> Iterable[str]:
        (source,) = operands
        for axis, (offset, size) in enumerate(zip(self.offset, self.output.shape[:2], strict=True)):
            if offset < 0 or offset + size > source.shape[axis]:
                yield f"the rectangle leaves the input's {source.shape[:2]}"
        if self.output.channels != source.channels:
            yield "a crop keeps all channels"

    def shape(self, operands: Operands) -> Shape:
        return (*self.output.shape[:2], operands[0].channels)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        (top, left), (height, width) = self.offset, self.output.shape[:2]
        part = codes[0][:, top : top + height, left : left + width]
        return convert_whole(part, operands[0].format.fraction, self.output.format)

    def moves_nothing(self, operand: Tensor, held: Interval) -> bool:
        return self.output.shape == operand.shape

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return operands[0].pixels

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """Reads in every iteration, writes in those of the rectangle."""
        (source,) = operands
        rows = self.offset[0] + np.arange(self.output.height)
        cols = self.offset[1] + np.arange(self.output.width)
        return (Loop(np.arange(source.pixels), grid(rows, cols, source.width), source.pixels),)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,) = operands
        return OpCost(framed_process(source))

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return 0.0  # moves pixels

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return sizes(operands[0], self.output) | {
            "offset_top": self.offset[0],
            "offset_left": self.offset[1],
        }
