"""When a process reads and writes its pixels: a sequence of cycles, the same for every frame.

An iteration of a pipelined loop is a cycle; it reads in the iteration's own cycle and writes the
pipeline's latency later. Latencies are an estimate, for only synthesis can tell them: the pipeline
of a header's loop passes the stages below, and each constant is the cycles that Vitis HLS typically
gives to one at 100 to 250 MHz (the latencies of its operators are in UG1399, "config_op" and
"bind_op"; block RAM reads take an address and a data cycle). The depths of FIFOs that depend on
them get the design's margin, and freedom from deadlock is checked for latencies from zero to twice
the estimate (``dataflow/certificate.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STREAM = 1
"""From the read of a pixel to its write, when nothing is done to it."""
MEMORY = 2
"""A read of block RAM: address, data."""
MULTIPLY = 2
CONVERT = 2
"""Rounding and saturation."""
LOOP_END = 1
"""From the end of one loop's pipeline to the start of the next loop's, or of the next frame's."""

Cycles = npt.NDArray[np.int64]
"""Cycle numbers, counted from the start of a frame or of a loop."""

READS, WRITES = 1, 2
"""What an event does; an event of kind 3 does both, in one cycle."""


def tree(leaves: int) -> int:
    """Levels of a tree of two-input adders or comparators."""
    return max(leaves - 1, 0).bit_length()


@dataclass(frozen=True, eq=False)
class Loop:
    """A pipelined loop of a header, initiation interval 1.

    Args:
        reads: the iterations that read a pixel of every input, ascending.
        writes: the iterations that write a pixel of every output, ascending.
        iterations: how many there are.
    """

    reads: Cycles
    writes: Cycles
    iterations: int


def every_pixel(pixels: int) -> Loop:
    """A pixel in and a pixel out in each iteration."""
    every = np.arange(pixels)
    return Loop(every, every, pixels)


def grid(rows: Cycles, cols: Cycles, width: int) -> Cycles:
    """The iterations at the crossings of rows and columns of a loop over rows of ``width``."""
    return (rows[:, None] * width + cols[None, :]).ravel()


@dataclass(frozen=True, eq=False)
class Schedule:
    """One frame of a process that never waits.

    All inputs are read in the same cycles and all outputs written in the same cycles: true of every
    header in ``templates/include/fcn_hw``. A process that can't read or write stands still as a
    whole, later cycles move by as much (a stalling pipeline, UG1399 "Flushing Pipelines"); it does
    not start a frame before the frame before has ended.

    Its events are the cycles that read or write.

    Args:
        gaps: cycles from the event before to each event; the first one's from the end of a frame.
        kinds: what each event does: :data:`READS`, :data:`WRITES` or their sum.
        length: cycles of a frame.
    """

    gaps: npt.NDArray[np.int32]
    kinds: npt.NDArray[np.uint8]
    length: int

    @property
    def cycles(self) -> Cycles:
        """The cycle of each event, ascending."""
        return np.asarray(np.cumsum(self.gaps, dtype=np.int64) - 1)

    @property
    def reads(self) -> Cycles:
        """The cycle in which pixel k of every input is read, ascending."""
        return np.asarray(self.cycles[(self.kinds & READS) != 0])

    @property
    def writes(self) -> Cycles:
        """The cycle in which pixel k of every output is written, ascending."""
        return np.asarray(self.cycles[(self.kinds & WRITES) != 0])

    @property
    def tail(self) -> int:
        """Cycles of the frame behind its last event."""
        return int(self.length - self.gaps.sum(dtype=np.int64))


def one_after_another(loops: Sequence[Loop], latency: int, end: int) -> Schedule:
    """The schedule of a header's loops.

    Args:
        latency: cycles from a read to the write of the same iteration; a loop that writes nothing
            has no pipeline to wait for.
        end: cycles between loops. One without iterations still is a state of the process.
    """
    starts, start = [], 0
    for loop in loops:
        starts.append(start)
        start += loop.iterations + (latency if len(loop.writes) else 0) + end
    # an event is one number, so that reads and writes, sorted each, are merged
    number = np.int32 if 4 * (start + latency) <= np.iinfo(np.int32).max else np.int64
    parts = [
        np.multiply(cycles, 4, dtype=number, casting="unsafe") + number(4 * moved + kind)
        for kind, behind in ((READS, 0), (WRITES, latency))
        for moved, cycles in (
            (first + behind, loop.reads if kind == READS else loop.writes)
            for first, loop in zip(starts, loops, strict=True)
        )
    ]
    events = np.concatenate(parts)
    events.sort(kind="stable")
    kinds = (events & 3).astype(np.uint8)
    events >>= 2
    again = events[1:] == events[:-1]
    kinds[:-1] += kinds[1:] * again
    first = np.concatenate(([True], ~again))
    gaps = np.diff(events[first], prepend=number(-1))
    assert gaps.max() <= np.iinfo(np.int32).max, "an event within two thousand million cycles"
    return Schedule(gaps.astype(np.int32, copy=False), kinds[first], start)
