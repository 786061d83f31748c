"""The smallest FIFOs that lose no throughput.

A network whose FIFOs are never full starts a frame every ``P`` cycles, where P is the length of
its slowest process. A choice of depths keeps that rate if and only if there is a *periodic
schedule* for it: a time for each event of one frame such that the same times, moved on by P a
frame, keep every rule of pixels, slots and processes (Reiter, "Scheduling parallel computations",
JACM 1968; a FIFO's free slots are pixels that flow back). The least such schedule that is not
earlier than a given one is the limit of running frame by frame, each event paced by P behind its
own last time; the engine does that, and the limit is reached when a frame only repeats.

Depths are then minimized one FIFO after another, the one that moves the most bits a frame first,
while those that come later are still unbounded. Three facts make the search short, and none
changes what it finds. Throughput can only fall when a depth falls, so whatever depths are tried,
the minimum lies above those that failed and not above those that did not. The most pixels that a
FIFO holds in a periodic schedule is a depth that needs no run, because the schedule proves it. And
the limit does not depend on the way: the rules of a deeper FIFO are among those of a shorter one,
so from the least schedule of the deeper one a run reaches the same least schedule of the shorter
one as from any earlier start. Where few times differ it is therefore reached event by event
(``relax`` in ``engine.cpp``), without a run of all events. And a run ends at once where it is sure
that frames never come to repeat: frame n + 1 is a function of frame n that never falls and that
moves by as much as all times of frame n do; so once every time is later than one period behind its
own last one, every frame is.
The result is not proved minimal in sum (that is NP-hard: Stuijk, Geilen and Basten, "Exploring
trade-offs in buffer requirements and throughput constraints for synchronous dataflow graphs", DAC
2006); the tests compare it with exhaustive searches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fcn_hw.dataflow.engine import UNBOUNDED, Longs, Network, occupancy, relax, run_network
from fcn_hw.firing import READS, WRITES

MIN_DEPTH = 2
"""A FIFO of one slot can't be written and read in turn every cycle."""

PACED_FRAMES = 4
"""Frames in which a paced run has to settle. A network that would need more is taken for one that
can't keep the rate, which costs storage, never correctness."""


@dataclass(frozen=True, eq=False)
class PeriodicSchedule:
    """Times that repeat every ``period`` cycles: the proof that depths keep a rate.

    Args:
        network: that it is of.
        period: cycles from frame to frame.
        times: of each event of a frame.
    """

    network: Network
    period: int
    times: Longs

    def writes(self, fifo: int) -> Longs:
        """When pixel k of a frame is written into a FIFO."""
        return self.network.times_of(self.times, int(self.network.producers[fifo]), WRITES)

    def reads(self, fifo: int) -> Longs:
        """When pixel k of a frame is read from a FIFO."""
        return self.network.times_of(self.times, int(self.network.consumers[fifo]), READS)

    def occupancy(self, fifo: int) -> int:
        """The most pixels that the FIFO holds: a depth with which the schedule works."""
        writes, reads = self.writes(fifo), self.reads(fifo)
        frames, within = np.divmod(writes - reads[0], self.period)
        # a slot is free in the cycle behind its read
        read = frames * len(reads) + np.searchsorted(reads, reads[0] + within, side="left")
        return int(np.max(1 + np.arange(len(writes)) - read))

    def broken_rule(self, depths: Longs) -> str | None:
        """The first rule that the schedule breaks, or None: then depths keep the rate for ever.

        Does not use the engine. By monotonicity a network that starts empty never falls behind a
        periodic schedule by more than a constant.
        """
        network = self.network
        for process, item in enumerate(network.schedules):
            first, end = network.first_events[process : process + 2]
            times, name = self.times[first:end], network.processes[process].name
            if np.any(np.diff(times) < item.gaps[1:]):
                return f"'{name}' is faster than its schedule"
            if times[-1] + item.tail + item.gaps[0] > times[0] + self.period:
                return f"'{name}' starts a frame before it has ended the one before"
        for fifo, stream in enumerate(network.fifos):
            if np.any(self.reads(fifo) <= self.writes(fifo)):
                return f"'{stream.name}' is read before it is written"
            if self.occupancy(fifo) > depths[fifo]:
                return f"'{stream.name}' holds more than {depths[fifo]} pixels"
        return None


@dataclass(frozen=True, eq=False)
class Sizing:
    """Depths that keep the rate of unbounded FIFOs.

    Args:
        depths: of each FIFO, in the order of ``network.fifos``.
        proof: a periodic schedule that works with them.
        frames: simulated in the search.
    """

    depths: Longs
    proof: PeriodicSchedule
    frames: float


class _Search:
    """Counts the work."""

    def __init__(self, network: Network, paced_frames: int) -> None:
        self.network = network
        self.paced_frames = paced_frames
        self.events = 0

    def shortened(
        self, depths: Longs, fifo: int, start: PeriodicSchedule
    ) -> PeriodicSchedule | None:
        """:meth:`settle` where ``start`` works with the depths of all FIFOs but one.

        ``start`` may itself become what it settles in: that works with its own depths too.
        """
        if relax(self.network, depths, fifo, start.times, start.period):
            return start
        return self.settle(depths, start)

    def settle(self, depths: Longs, start: PeriodicSchedule | None) -> PeriodicSchedule | None:
        """The periodic schedule that a run from ``start`` settles in, or None if it does not."""
        network = self.network
        found = run_network(
            network,
            depths,
            self.paced_frames,
            period=network.interval,
            start=None if start is None else start.times,
        )
        self.events += found.events
        if not found.settled:
            return None
        return PeriodicSchedule(network, network.interval, found.times)

    def held(self, fifo: int, proof: PeriodicSchedule) -> int:
        """A depth with which the schedule works."""
        return occupancy(self.network, fifo, proof.times, proof.period)


def minimize(
    network: Network, *, least: Longs | None = None, paced_frames: int = PACED_FRAMES
) -> Sizing:
    """The smallest depths that lose no throughput.

    Args:
        network: with latencies.
        least: depths that are given anyway; None gives each FIFO :data:`MIN_DEPTH`.
        paced_frames: see :data:`PACED_FRAMES`.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    search = _Search(network, paced_frames)
    depths = np.full(len(network.fifos), UNBOUNDED, dtype=np.int64)
    proof = search.settle(depths, None)
    assert proof is not None, "FIFOs that are never full can't slow a network down"
    if least is None:
        least = np.full(len(network.fifos), MIN_DEPTH, dtype=np.int64)
    elif found := search.settle(least, proof):  # mostly: then none is smaller, nor has to be deeper
        return Sizing(least.copy(), found, search.events / network.events)
    for fifo in _most_bits_first(network):
        depths[fifo], proof = _smallest(search, depths, int(fifo), int(least[fifo]), proof)
    return Sizing(depths, proof, search.events / network.events)


def with_margin(depths: Longs, margin: float) -> Longs:
    """Depths enlarged by a share, rounded up; FIFOs of :data:`MIN_DEPTH` stay."""
    return np.array(
        [d if d <= MIN_DEPTH else math.ceil(round(float(d) * (1 + margin), 9)) for d in depths],
        dtype=np.int64,
    )


def _most_bits_first(network: Network) -> Longs:
    return np.argsort(-network.pixels * network.widths, kind="stable")


def _smallest(
    search: _Search, depths: Longs, fifo: int, least: int, proof: PeriodicSchedule
) -> tuple[int, PeriodicSchedule]:
    """The smallest depth of one FIFO, the others as they are, and a schedule that works with it.

    Args:
        least: a depth that it has at least.
    """
    too_small = least - 1
    enough = max(search.held(fifo, proof), least)
    trial = depths.copy()
    # The least depth is often enough, so it is tried first. Mostly a schedule holds not much more
    # than is needed: from there the steps downwards double, until one is too long.
    probe, step = least, 1
    while enough - too_small > 1:
        trial[fifo] = probe
        found = search.shortened(trial, fifo, proof)
        if found is None:
            too_small = probe
        else:
            enough, proof, step = max(search.held(fifo, found), least), found, 2 * step
        probe = max(enough - step, (too_small + enough) // 2)
    return enough, proof
