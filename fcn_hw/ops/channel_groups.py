"""What the ops share that work on a pixel's channels group by group, each with its constants."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from fcn_hw.costs.arithmetic import counters, multiplexer_luts
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import Loop
from fcn_hw.fixed import Codes, FixedFormat
from fcn_hw.ops.base import PROCESS, Fold, Folded, Operands, Rom, Tensor, divisors
from fcn_hw.ops.pixelwise import Pixelwise


class ChannelGroups(Pixelwise, Folded):
    """Base of ops whose units are shared by the channel groups of a pixel, ``pe`` channels each."""

    stands_for_floats = True

    @abstractmethod
    def units(self, source: Tensor, fold: Fold, family: Family, strategy: str) -> Resources:
        """The units of a channel group and their ROMs."""

    @abstractmethod
    def stored_bits(self, source: Tensor) -> int:
        """Bits of a channel's constants."""

    def legal_folds(self) -> tuple[Fold, ...]:
        return tuple(Fold(pe, 1) for pe in divisors(self.output.channels))

    def fold_steps(self, fold: Fold) -> int:
        return self.output.channels // fold.pe

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return self.output.pixels * self.fold_steps(self.given(fold))

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """Reads with a pixel's first channel group, writes with its last."""
        groups = self.fold_steps(self.given(fold))
        starts = groups * np.arange(self.output.pixels)
        return (Loop(starts, starts + groups - 1, groups * len(starts)),)

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        """The units, the choice of their channels, the pixel and the result."""
        (source,), result, fold = operands, self.output, self.given(fold)
        groups, in_bits = self.fold_steps(fold), fold.pe * source.format.width
        choice = Resources(lut=multiplexer_luts(groups, in_bits))
        # The first group is just read, the others of a pixel are held; the last group's results
        # leave beside those of the others, which are held. Of two groups the choice says which.
        later, between = 1 - 1 / groups, max(1 - 2 / groups, 0)
        held = source.pixel_bits + result.pixel_bits
        kept = Resources(
            lut=round(2 * between * source.pixel_bits + later * result.pixel_bits / 2),
            ff=round(later * held),
        )
        return OpCost(
            PROCESS
            + counters(result.pixels * groups, groups)
            + self.units(source, fold, family, strategy)
            + choice
            + kept,
            weight_bits=source.channels * self.stored_bits(source),
        )

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        fold = self.given(fold)
        return super().config(operands) | {
            "n_chan": self.output.channels,
            "pe": fold.pe,
            "fold": self.fold_steps(fold),
        }


def grouped(name: str, fmt: FixedFormat, codes: Codes, fold: Fold) -> Rom:
    """A ROM of a code for each channel."""
    groups = codes.reshape(-1, fold.pe)
    axes = f"[channel group {len(groups)}][channel {fold.pe}]"
    return Rom(name, name, str(fmt), axes, fmt.signed_width, groups)
