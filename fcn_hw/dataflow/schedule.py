"""When a process reads and writes its pixels: a sequence of cycles, the same for every frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Cycles = npt.NDArray[np.int64]
"""Cycle numbers, counted from the start of a frame."""

READS, WRITES = 1, 2
"""What an event does; an event of kind 3 does both, in one cycle."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """One frame of a process that never waits.

    All inputs are read in the same cycles and all outputs written in the same cycles: true of every
    header in ``templates/include/fcn_hw``. A process that can't read or write stands still as a
    whole, later cycles move by as much (a stalling pipeline, UG1399 "Flushing Pipelines"); it does
    not start a frame before the frame before has ended.

    Args:
        reads: the cycle in which pixel k of every input is read, ascending.
        writes: the cycle in which pixel k of every output is written, ascending.
        length: cycles of a frame.
    """

    reads: Cycles
    writes: Cycles
    length: int

    @cached_property
    def cycles(self) -> Cycles:
        """The cycles that read or write, ascending: the events of a frame."""
        return np.union1d(self.reads, self.writes)

    @cached_property
    def kinds(self) -> npt.NDArray[np.uint8]:
        """What each event does: :data:`READS`, :data:`WRITES` or their sum."""
        found = np.zeros(len(self.cycles), dtype=np.uint8)
        found[np.searchsorted(self.cycles, self.reads)] |= READS
        found[np.searchsorted(self.cycles, self.writes)] |= WRITES
        return found

    @cached_property
    def gaps(self) -> Cycles:
        """Cycles from the event before to each event; the first one's from the end of a frame."""
        return np.diff(self.cycles, prepend=-1)

    @property
    def tail(self) -> int:
        """Cycles of the frame behind its last event."""
        return int(self.length - 1 - self.cycles[-1])
