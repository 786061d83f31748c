"""A step function a channel, searched by bisection.

The count of thresholds that are reached has ``levels`` bits. Thresholds are numbered from 1 in
ascending order, and filled up to ``2 ** levels - 1``. Level ``l`` has ``2 ** l`` of them: number
``2 ** (levels - 1 - l)`` and every ``2 ** (levels - l)``-th after it. Comparing with one of each
level gives the bits of the count, the highest first.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fcn_hw.costs.arithmetic import adder, comparison, multiplier
from fcn_hw.costs.energy import ADD_PJ_A_BIT, MEMORY_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import lut_rom, rom, rom_storage
from fcn_hw.costs.resources import Resources
from fcn_hw.errors import FormatError
from fcn_hw.firing import MEMORY, MULTIPLY, STREAM
from fcn_hw.fixed import MAX_WIDTH_BITS, Codes, FixedFormat, Whole, smallest_format
from fcn_hw.intervals import Interval
from fcn_hw.ops.arg_max import CLASS_FORMAT
from fcn_hw.ops.base import Constant, Fold, Operands, Rom, Tensor
from fcn_hw.ops.channel_groups import ChannelGroups, grouped

MAX_LEVELS = 12
"""Levels that ``threshold.h`` searches."""
MAX_THRESHOLDS = (1 << MAX_LEVELS) - 1
MAX_SEARCHED_BITS = MAX_WIDTH_BITS - 2
"""Bits of an input: a sign and the code above the largest one are compared as well."""


LEVELS_A_STAGE = 3
"""Levels of the search within 10 ns."""


@dataclass(frozen=True)
class Threshold(ChannelGroups):
    """A step function a channel: ``y[..., c] = base[c] + step[c] * n``.

    n is how many of ``thresholds[c]`` are ``<= x[..., c]``. It is what batch normalization and a
    quantizer of few codes come to: M. Blott et al., "FINN-R", ACM TRETS 11(3), 2018.

    Args:
        thresholds: codes of shape (channels, count), ascending, of the input's fraction. One that
            the input can't reach never counts.
        base, step: codes of shape (channels,), of the output's fraction.
    """

    thresholds: Constant
    base: Constant
    step: Constant
    converts = False

    @property
    def count(self) -> int:
        """Thresholds of a channel."""
        return int(self.thresholds.codes.shape[1])

    @property
    def levels(self) -> int:
        """Bits of the count."""
        return self.count.bit_length()

    def ordered_thresholds(self, source: Tensor) -> Codes:
        """Thresholds of shape (channels, ``2 ** levels - 1``), ascending.

        A threshold beyond the input's range is moved to the nearest code that compares alike with
        every code of the input: the least one, which always counts, or the first above the largest,
        which never does. Thresholds of the latter kind fill the rows up.
        """
        fmt = source.format
        never = fmt.max_code + 1
        inside = np.clip(self.thresholds.codes, fmt.min_code, never)
        missing = (1 << self.levels) - 1 - inside.shape[1]
        return np.pad(inside, ((0, 0), (0, missing)), constant_values=never)

    def threshold_levels(self, source: Tensor) -> tuple[Codes, ...]:
        """For each level its thresholds, of shape (channels, ``2 ** level``)."""
        ordered, depth = self.ordered_thresholds(source), self.levels
        first = [1 << (depth - 1 - level) for level in range(depth)]
        return tuple(ordered[:, half - 1 :: 2 * half] for half in first)

    def threshold_format(self, source: Tensor) -> FixedFormat:
        """The narrowest format of the thresholds that are stored."""
        ordered = self.ordered_thresholds(source)
        return smallest_format(int(ordered.min()), int(ordered.max()), source.format.fraction)

    @property
    def total_format(self) -> FixedFormat:
        """The narrowest format that holds base, multiples of the step, and their sums."""
        ends = []
        for base, step in zip(self.base.codes.tolist(), self.step.codes.tolist(), strict=True):
            ends += [0, base, step * self.count, base + step * self.count]
        return smallest_format(min(ends), max(ends), self.base.format.fraction)

    def rules(self, operands: Operands) -> Iterable[str]:
        channels, shape = operands[0].channels, self.thresholds.codes.shape
        problems = [
            *self.thresholds.rules("thresholds", (channels, max(shape[-1] if shape else 0, 1))),
            *self.base.rules("base", (channels,)),
            *self.step.rules("step", (channels,)),
        ]
        yield from problems or self._search_rules(operands[0].format)

    def _search_rules(self, source: FixedFormat) -> Iterable[str]:
        if self.thresholds.format.fraction != source.fraction:
            yield f"thresholds {self.thresholds.format} have another binary point than the input"
        for label, constant in (("base", self.base), ("step", self.step)):
            if constant.format.fraction != self.output.format.fraction:
                yield f"{label} {constant.format} has another binary point than the output"
        if (np.diff(self.thresholds.codes, axis=1) < 0).any():
            yield "thresholds of a channel are not ascending"
        if source.width > MAX_SEARCHED_BITS:
            yield (
                f"an input of {source.width} bits is more than the {MAX_SEARCHED_BITS} of a search"
            )
        if self.levels > MAX_LEVELS:
            yield (
                f"{self.count} thresholds a channel are more than the {MAX_THRESHOLDS} of a search"
            )
        try:
            _ = self.total_format
        except FormatError:
            yield f"base and {self.count} times step need more than {MAX_WIDTH_BITS} bits"

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """The codes of the step functions over the codes that the input can hold."""
        (item,) = operands
        reached = [(self.thresholds.codes <= code).sum(axis=1) for code in (item.low, item.high)]
        ends = [self.base.codes + self.step.codes * count for count in reached]
        return Interval(
            min(int(end.min()) for end in ends),
            max(int(end.max()) for end in ends),
            self.base.format.fraction,
        )

    def range_rules(self, exact: Interval) -> Iterable[str]:
        if not exact.within(self.output.format):
            yield f"output format {self.output.format} can't hold codes {exact.low} to {exact.high}"

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        source = codes[0].astype(np.int64, copy=False)
        result = np.empty_like(source)
        for channel, thresholds in enumerate(self.thresholds.codes):
            count = np.searchsorted(thresholds, source[..., channel], side="right")
            result[..., channel] = self.base.codes[channel] + self.step.codes[channel] * count
        return result

    @property
    def gives_classes(self) -> bool:
        """Whether it gives class 1 where one channel is above 0."""
        return (
            self.output.format == CLASS_FORMAT
            and self.output.channels == 1
            and np.array_equal(self.thresholds.codes, [[1]])
            and (int(self.base.codes[0]), int(self.step.codes[0])) == (0, 1)
        )

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        # a ROM and a comparison a level, then the count's multiple of the step on the base
        return STREAM + self.levels * (MEMORY + 1) + MULTIPLY + 1

    def units(self, source: Tensor, fold: Fold, family: Family, strategy: str) -> Resources:
        """Comparators and ROMs of ``threshold.h``.

        Where there is one channel group, the ROM of a level still has ``2 ** level`` words a
        channel.
        """
        groups, bits = self.fold_steps(fold), source.format.width
        compared_bits = self.threshold_format(source).signed_width
        base_bits, step_bits = self.base.format.signed_width, self.step.format.signed_width
        # A stage is a few levels; the code goes along with the search.
        searched = Resources(ff=self.levels // LEVELS_A_STAGE * 2 * bits)
        for level in range(self.levels):
            searched = searched + comparison(bits)
            searched = searched + self._level_rom(groups << level, compared_bits, strategy, family)
        a_channel = searched + adder(self.total_format.signed_width)
        if step_bits > 2:  # two bits are a sign
            a_channel = a_channel + multiplier(step_bits, self.levels, family)
        return a_channel * fold.pe + lut_rom(groups, fold.pe * (base_bits + step_bits), family)

    @staticmethod
    def _level_rom(words: int, bits: int, strategy: str, family: Family) -> Resources:
        """The ROM of a level. A LUT that makes two bits of it compares them, too."""
        amount = rom(words, bits, strategy, family)
        if amount.bram18:
            return amount
        return replace(amount, lut=amount.lut // 2, ff=0) if words > 2 else Resources()

    def stored_bits(self, source: Tensor) -> int:
        compared_bits = self.threshold_format(source).signed_width
        constants = self.base.format.signed_width + self.step.format.signed_width
        return ((1 << self.levels) - 1) * compared_bits + constants

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        (source,) = operands
        # A threshold is read and compared with in each level; then base and step make a code.
        stored = self.levels * self.threshold_format(source).width
        stored += self.base.format.width + self.step.format.width
        added_bits = self.levels * source.format.width + self.output.format.width
        return self.output.size * (ADD_PJ_A_BIT * added_bits + stored * MEMORY_PJ_A_BIT)

    @property
    def constants(self) -> tuple[Constant | None, Constant | None]:
        return self.thresholds, self.base

    @property
    def parameters(self) -> int:
        return self.thresholds.codes.size

    def work(self, operands: Operands, fold: Fold) -> int:
        """A search for each value."""
        return self.output.size

    def signature(self, operands: Operands) -> Hashable:
        # the thresholds' own values decide how wide they are stored
        stored = self.threshold_format(operands[0]), self.total_format
        return super().signature(operands), stored

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands, fold) | {
            "count": self.count,
            "levels": self.levels,
            "total_width": self.total_format.signed_width,
            "base_width": self.base.format.signed_width,
            "step_width": self.step.format.signed_width,
        }

    def roms(self, operands: Operands, fold: Fold | None, strategy: str) -> tuple[Rom, ...]:
        (source,), fold = operands, self.given(fold)
        roms = [
            grouped("bases", self.base.format, self.base.codes, fold),
            grouped("steps", self.step.format, self.step.codes, fold),
        ]
        fmt, groups = self.threshold_format(source), self.fold_steps(fold)
        for level, codes in enumerate(self.threshold_levels(source)):
            entries = 1 << level
            roms.append(
                Rom(
                    f"thresholds{level}", f"level {level}", str(fmt),
                    f"[channel group {groups}][channel {fold.pe}][entry {entries}]",
                    fmt.signed_width, codes.reshape(groups, fold.pe, entries),
                    storage=rom_storage(groups << level, strategy), split=True,
                )
            )  # fmt: skip
        return tuple(roms)

    def resized(self, output: Tensor, operands: Operands) -> Threshold:
        return replace(
            self,
            output=output,
            thresholds=self.thresholds.repeated(output.channels),
            base=self.base.repeated(output.channels),
            step=self.step.repeated(output.channels),
        )

    def notes(self) -> dict[str, str]:
        return {"count": str(self.count)}
