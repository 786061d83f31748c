"""Product of two tensors: gates of attention, squeeze-and-excitation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from fcn_hw.costs.arithmetic import (
    converter,
    counters,
    in_dsp,
    multiplexer_luts,
    multiplier,
    single_product,
)
from fcn_hw.costs.energy import MULTIPLY_PJ_A_BIT2
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import CONVERT, MULTIPLY, STREAM, Loop, every_pixel
from fcn_hw.fixed import FixedFormat, Whole, convert_whole, whole_type
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import PROCESS, ChannelRule, Fold, Operands, Shape, divisors
from fcn_hw.ops.channel_folds import ChannelFolded
from fcn_hw.ops.joins import Join, size_rules


@dataclass(frozen=True)
class SkipMultiply(Join, ChannelFolded):
    """Product of two inputs of one size; one with a single channel multiplies every channel.

    Args:
        accum: format of the exact product: widths and fraction bits add.
    """

    accum: FixedFormat
    arity = (2, 2)
    converts = True

    def rules(self, operands: Operands) -> Iterable[str]:
        yield from size_rules(operands)
        if len({item.channels for item in operands} - {1}) > 1:
            listed = " and ".join(str(item.channels) for item in operands)
            yield f"inputs have {listed} channels: they must have as many, or one of them 1"

    def shape(self, operands: Operands) -> Shape:
        return (*operands[0].shape[:2], max(item.channels for item in operands))

    def interval(self, operands: Sequence[Interval]) -> Interval:
        left, right = operands
        ends = [a * b for a, b in product((left.low, left.high), (right.low, right.high))]
        return Interval(min(ends), max(ends), left.fraction + right.fraction)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C) and (N, H, W, C or 1), in either order, to (N, H, W, C)."""
        largest = [operand.format.largest_code for operand in operands]
        dtype = whole_type(max(*largest, largest[0] * largest[1]))
        left, right = (source.astype(dtype, copy=False) for source in codes)
        fraction = sum(operand.format.fraction for operand in operands)
        return convert_whole(left * right, fraction, self.output.format)

    def legal_folds(self) -> tuple[Fold, ...]:
        """Groups of one size only: the header has no smaller last one."""
        return tuple(Fold(pe, 1) for pe in divisors(self.output.channels))

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return self.output.pixels * self.fold_steps(self.given(fold))

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """Reads both pixels with the first channel group, writes with the last."""
        return (self.by_groups(every_pixel(self.output.pixels), fold),)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + MULTIPLY + CONVERT

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        """The multipliers; with several groups, the choice of their channels, and what holds the
        pixels and the results of the groups before the last."""
        fold, result = self.given(fold), self.output
        groups = self.fold_steps(fold)
        left, right = (item.format for item in operands)
        if in_dsp(left.signed_width, right.signed_width):
            factor = multiplier(left.signed_width, right.signed_width, family)
        else:
            factor = single_product(left.width, right.width, family)
        a_channel = factor + converter(self.accum, result.format)
        chosen = sum(item.format.width for item in operands if item.channels > 1)
        choice = Resources(lut=multiplexer_luts(groups, fold.pe * chosen))
        bits = sum(item.pixel_bits for item in (*operands, result))
        # fitted to yosys: what is kept has an enable, which the more groups the fewer bits share
        enabled = bits * (3 * groups - 4) // (2 * groups)
        kept = Resources(lut=enabled, ff=bits) if groups > 1 else Resources()
        control = PROCESS + counters(result.pixels * groups, groups)
        return OpCost(control + a_channel * fold.pe + choice + kept)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        left, right = (item.format.width for item in operands)
        return self.output.size * MULTIPLY_PJ_A_BIT2 * left * right

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        fold = self.given(fold)
        return super().config(operands) | {
            "n_chan": self.output.channels,
            "pe": fold.pe,
            "fold": self.fold_steps(fold),
            "accum": self.accum,
        }

    @property
    def channel_rule(self) -> ChannelRule:
        """An input of one channel keeps it while the other's change."""
        return "given"
