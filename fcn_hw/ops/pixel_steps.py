"""The steps of an output pixel that a convolution does, and the table that lists them.

In a step each multiplier takes one weight. A step whose weights are all zero adds nothing, so it
can be left out, with its word of the weight ROM; then the next operands are no longer the next in
order, and a table says what each step reads (``pixel_steps.h``). Every filter group keeps a step,
in which its sums start from the biases and are finished. Every phase of a transposed convolution
takes as many steps as the one that needs the most: outputs leave at an even pace.

The table is a memory of its own, so steps are left out only where they are ``LEAST_PART`` of all:
zeros that pruning has brought together, and not the few that every quantizer makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import Codes

Flags = npt.NDArray[np.bool_]

LEAST_PART = 1 / 8
"""Of the steps of an output pixel; where fewer could be left out, all are done."""


@dataclass(frozen=True)
class PixelSteps:
    """The steps that are done, in order.

    Args:
        numbers: of the steps, (phases, steps), among all steps of a phase.
        every: how many steps a phase would have with none left out.
        filter_steps: how many of these a filter group has.
        shape: tap rows, tap columns and channel groups, or operand groups, that the fields of a
            word of the table count.
    """

    numbers: Codes
    every: int
    filter_steps: int
    shape: tuple[int, int, int]

    @property
    def count(self) -> int:
        """Steps of an output pixel."""
        return int(self.numbers.shape[1])

    @property
    def listed(self) -> bool:
        """Whether some are left out, so that there is a table."""
        return self.count < self.every

    @property
    def words(self) -> Codes:
        """Which words of a ROM of all steps of all phases are there, in order."""
        phases = np.arange(len(self.numbers))[:, None] * self.every
        found: Codes = (phases + self.numbers).ravel()
        return found

    @property
    def table_bits(self) -> int:
        """Bits of a word of the table."""
        return 2 + sum((size - 1).bit_length() for size in self.shape)

    def table(self) -> Codes:
        """The words of the table, one for each step of each phase, as signed numbers."""
        groups = self.numbers // self.filter_steps
        ends = groups[:, 1:] != groups[:, :-1]
        first = np.pad(ends, ((0, 0), (1, 0)), constant_values=True)
        last = np.pad(ends, ((0, 0), (0, 1)), constant_values=True)
        words = np.zeros_like(self.numbers)
        places = np.unravel_index(self.numbers % prod(self.shape), self.shape)
        for place, size in zip(places, self.shape, strict=True):
            words = words << (size - 1).bit_length() | place
        words = (words << 1 | first) << 1 | last
        top = self.table_bits - 1
        signed: Codes = (words - (words >> top << top + 1)).ravel()
        return signed


@dataclass(frozen=True, eq=False)
class StepBlocks:
    """The weights of a layer by the step that reads them, and how many steps are to be left.

    Args:
        cells: flat indices of weights, (phases, filter groups, steps of a filter group,
            multipliers); -1 where a phase has none.
        left: steps of a phase, at least one for each filter group.
    """

    cells: Codes
    left: int

    @property
    def every(self) -> int:
        """Steps of a phase if none is left out."""
        return int(self.cells.shape[1] * self.cells.shape[2])


def done_steps(alive: Flags) -> Codes:
    """The numbers of the steps that are done, (phases, steps).

    Args:
        alive: whether a step has a weight that is not zero, (phases, filter groups, steps of a
            filter group).
    """
    needed = alive.copy()
    needed[..., 0] |= ~needed.any(axis=2)
    flat = needed.reshape(len(needed), -1)
    every, most = flat.shape[1], int(flat.sum(axis=1).max())
    if every - most < LEAST_PART * every:
        return np.tile(np.arange(every), (len(flat), 1))
    # Those that are needed come first; a phase that needs fewer is filled up with others.
    chosen = np.argsort(~flat, axis=1, kind="stable")[:, :most]
    return np.sort(chosen, axis=1).astype(np.int64)
