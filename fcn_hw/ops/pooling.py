"""What both poolings share: windows, and the engine of ``pool2d.h``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcn_hw.costs.arithmetic import counters
from fcn_hw.costs.energy import ADD_PJ_A_BIT, MEMORY_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import ram
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import Loop, grid
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import (
    PROCESS,
    ChannelRule,
    Fold,
    Operands,
    Padding,
    Pair,
    Shape,
    Tensor,
    sizes,
    window_count,
)
from fcn_hw.ops.channel_folds import ChannelFolded

MIN_ROW_CYCLES = 8
"""``pool2d.h`` spends at least so many a row, so that an update of a partial value can end."""


CHOICES, HELD = 4, 4
"""Of values of the channels in parallel: choices, and registers, beside those of each window that
is open."""


@dataclass(frozen=True)
class Pooling(ChannelFolded):
    """Base of ops that make one value of a window; positions outside the frame take no part.

    Args:
        pool: (height, width) of a window.
        strides: (vertical, horizontal).
    """

    pool: Pair
    strides: Pair

    @classmethod
    def left_out(cls, own: Mapping[str, Any]) -> dict[str, Any]:
        """Windows lie side by side where no strides are given."""
        return super().left_out(own) | {"strides": own["pool"]}

    @property
    @abstractmethod
    def padding(self) -> Padding:
        """Rows and columns around the frame."""

    def rules(self, operands: Operands) -> Iterable[str]:
        pad = self.padding
        for label, pair in (("strides", self.strides), ("pool", self.pool)):
            if min(pair) < 1:
                yield f"{label} {pair} must be at least 1"
        yield from pad.rules()
        if max(pad.top, pad.bottom) >= self.pool[0] or max(pad.left, pad.right) >= self.pool[1]:
            yield "a window would lie wholly outside the frame"

    def shape(self, operands: Operands) -> Shape:
        height, width, channels = operands[0].shape
        pad = self.padding
        return (
            window_count(height, pad.top, pad.bottom, self.pool[0], self.strides[0]),
            window_count(width, pad.left, pad.right, self.pool[1], self.strides[1]),
            channels,
        )

    def moves_nothing(self, operand: Tensor, held: Interval) -> bool:
        return self.pool == self.strides == (1, 1) and self.padding == Padding()

    def _scanned(self, source: Tensor) -> Pair:
        """Rows, and columns of a row, that are scanned: the frame, and the last window's end."""
        bottom = (self.output.height - 1) * self.strides[0] - self.padding.top + self.pool[0]
        right = (self.output.width - 1) * self.strides[1] - self.padding.left + self.pool[1]
        return max(source.height, bottom), max(source.width, right, MIN_ROW_CYCLES)

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        height, width = self._scanned(operands[0])
        return height * width * self.fold_steps(self.given(fold))

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """A window's value is written when its last position is scanned."""
        (source,) = operands
        height, width = self._scanned(source)
        rows, cols = (
            stride * np.arange(size) - before + pool - 1
            for stride, size, before, pool in zip(
                self.strides, self.output.shape[:2], (self.padding.top, self.padding.left),
                self.pool, strict=True,
            )
        )  # fmt: skip
        reads = grid(np.arange(source.height), np.arange(source.width), width)
        return (self.by_groups(Loop(reads, grid(rows, cols, width), height * width), fold),)

    def engine_cost(
        self, source: Tensor, fold: Fold, bits: int, merge: Resources, family: Family
    ) -> OpCost:
        """The engine of ``pool2d.h``.

        Args:
            bits: of the value of a part of a window.
            merge: the unit that makes one of two such values.
        """
        columns, channels, groups = self.output.width, source.channels, self.fold_steps(fold)
        slots = [-(-pool // stride) for pool, stride in zip(self.pool, self.strides, strict=True)]
        rows = ram(columns * groups, fold.pe * bits, family).resources * slots[0]
        merges = merge * (fold.pe * sum(slots))
        # Values along the row and down the columns, as a window begins, goes on or ends.
        values = fold.pe * bits
        choices = CHOICES + sum(slots) // 2
        held = Resources(lut=choices * values, ff=channels * bits * slots[1] + HELD * values)
        held = held + self.held_groups(source, fold)
        control = PROCESS + counters(source.height, source.width, columns, groups)
        positions = counters(self.pool[0]) * slots[0] + counters(self.pool[1]) * slots[1]
        return OpCost(
            control + positions + rows + merges + held,
            activation_bits=slots[0] * columns * channels * bits,
        )

    def engine_energy_pj(self, source: Tensor, bits: int) -> float:
        # A partial value is read and written for each column of outputs in each row of inputs.
        accesses = 2 * source.height * self.output.width * source.channels * bits
        return source.size * ADD_PJ_A_BIT * bits + accesses * MEMORY_PJ_A_BIT

    def macs(self, operands: Operands) -> int:
        return 0

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return sizes(operands[0], self.output) | {
            "pool_height": self.pool[0],
            "pool_width": self.pool[1],
            "stride_height": self.strides[0],
            "stride_width": self.strides[1],
            "pad_top": self.padding.top,
            "pad_left": self.padding.left,
            "pe": self.given(fold).pe,
        }

    @property
    def channel_rule(self) -> ChannelRule:
        return "kept"
