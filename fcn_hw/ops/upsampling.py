"""What ops share that make several pixels of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcn_hw.firing import Loop, grid
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import ChannelRule, Fold, Op, Operands, Pair, Shape, Tensor


@dataclass(frozen=True)
class Upsampling(Op):
    """Base of ops that write ``scale`` pixels down and across for each that they read."""

    scale: Pair

    def rules(self, operands: Operands) -> Iterable[str]:
        if min(self.scale) < 1:
            yield f"scale {self.scale} must be at least 1"

    def shape(self, operands: Operands) -> Shape:
        height, width, channels = operands[0].shape
        return height * self.scale[0], width * self.scale[1], channels

    def moves_nothing(self, operand: Tensor, held: Interval) -> bool:
        return self.scale == (1, 1)

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return self.output.pixels

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """Writes in every iteration, reads in that of the first pixel made of each."""
        (source,), result = operands, self.output
        rows = self.scale[0] * np.arange(source.height)
        cols = self.scale[1] * np.arange(source.width)
        return (Loop(grid(rows, cols, result.width), np.arange(result.pixels), result.pixels),)

    def macs(self, operands: Operands) -> int:
        """None: factors of bilinear upsampling are constants of a few bits."""
        return 0

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return {
            "in_height": operands[0].height,
            "in_width": operands[0].width,
            "scale_height": self.scale[0],
            "scale_width": self.scale[1],
        }

    @property
    def channel_rule(self) -> ChannelRule:
        return "kept"
