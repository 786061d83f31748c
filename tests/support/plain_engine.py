"""The dataflow engine as its description reads, every time of every frame in a list.

It shares the firing rules with the compiled engine, not its order of computation, and it forgets
nothing. Sizing with it bisects each FIFO, as the docstring of ``sizing.py`` has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_hw.dataflow.engine import UNBOUNDED, Network
from fcn_hw.dataflow.sizing import MIN_DEPTH, PACED_FRAMES
from fcn_hw.firing import READS, WRITES


@dataclass
class PlainRun:
    """Times of all frames.

    Args:
        frames: complete; where the run stopped, the frame at hand is not.
        settled: whether frames only repeat.
        times: of each event of a process, frame after frame.
        written, read: times by FIFO.
        waits: cycles of waiting at each FIFO, of its consumer and of its producer, frame by frame.
    """

    frames: int
    settled: bool
    times: list[list[int]]
    written: list[list[int]]
    read: list[list[int]]
    waits: list[tuple[list[int], list[int]]]


def run(  # noqa: PLR0915
    network: Network,
    depths: list[int],
    frames: int,
    period: int = 0,
    start: list[int] | None = None,
) -> PlainRun:
    """As ``run_network``.

    Args:
        depths: of each FIFO.
        start: the times of all events of the frame before the first one.
    """
    ends = network.first_events.tolist()
    # frames that the deepest FIFO reaches back: so many must repeat, or are behind the first one
    frames_of = [-(-d // p) for d, p in zip(depths, network.pixels, strict=True) if d < UNBOUNDED]
    reach = int(max([1, *frames_of]))
    count = len(network.processes)
    inputs, outputs = zip(*([i.tolist() for i in pair] for pair in network.numbers), strict=True)
    kinds = [item.kinds.tolist() for item in network.schedules]
    gaps = [item.gaps.tolist() for item in network.schedules]
    times: list[list[int]] = [[] for _ in range(count)]
    written: list[list[int]] = [[] for _ in network.fifos]
    read: list[list[int]] = [[] for _ in network.fifos]
    if start is not None:
        parts = np.split(np.asarray(start), ends[1:-1])
        times = [
            [t + period * k for k in range(1 - reach, 1) for t in own.tolist()] for own in parts
        ]
        for process, streams in enumerate(network.numbers):
            for fifos, passed, kind in zip(streams, (read, written), (READS, WRITES), strict=True):
                each = zip(times[process], reach * kinds[process], strict=True)
                happened = [time for time, what in each if what & kind]
                for fifo in fifos:
                    passed[fifo] += happened
    waits: list[tuple[list[int], list[int]]] = []
    for_pixel, for_slot = ([0] * len(network.fifos) for _ in range(2))
    before = 0 if start is None else reach
    quiet = 0

    def event(process: int, frame: int) -> bool:
        """Whether the next event of a process could be computed."""
        own, size = times[process], len(kinds[process])
        number = len(own) - (frame + before) * size
        if number == size:
            return False
        tail = 0 if number else network.schedules[process].tail
        ready = (own[-1] + tail if own else -1) + gaps[process][number]
        lower: list[tuple[int, list[int] | None, int]] = [(ready, None, 0)]
        if period and len(own) >= size:
            lower.append((own[-size] + period, None, 0))
        if kinds[process][number] & READS:
            for fifo in inputs[process]:
                if len(read[fifo]) == len(written[fifo]):
                    return False
                lower.append((written[fifo][len(read[fifo])] + 1, for_pixel, fifo))
        if kinds[process][number] & WRITES:
            for fifo in outputs[process]:
                slot = len(written[fifo]) - depths[fifo]
                if slot >= len(read[fifo]):
                    return False
                if slot >= 0:
                    lower.append((read[fifo][slot] + 1, for_slot, fifo))
        time = max(item[0] for item in lower)
        _, waited, fifo = next(item for item in lower if item[0] == time)
        if waited is not None:
            waited[fifo] += time - ready
        own.append(time)
        if kinds[process][number] & READS:
            for fifo in inputs[process]:
                read[fifo].append(time)
        if kinds[process][number] & WRITES:
            for fifo in outputs[process]:
                written[fifo].append(time)
        return True

    for frame in range(frames):
        while sum(event(process, frame) for process in range(count)):
            pass
        if any(
            len(own) != (frame + before + 1) * len(k) for own, k in zip(times, kinds, strict=True)
        ):
            return PlainRun(frame, False, times, written, read, waits)
        waits.append((for_pixel.copy(), for_slot.copy()))
        repeats = before + frame > 0 and all(
            own[-len(k) + i] == own[-2 * len(k) + i] + period
            for own, k in zip(times, kinds, strict=True)
            for i in range(len(k))
        )
        quiet = quiet + 1 if repeats and before + frame >= reach else 0
        if period and quiet == reach:
            return PlainRun(frame + 1, True, times, written, read, waits)
    return PlainRun(frames, False, times, written, read, waits)


def peaks(found: PlainRun) -> list[int]:
    """The most pixels that each FIFO held."""
    most = []
    for writes, reads in zip(found.written, found.read, strict=True):
        gone = np.searchsorted(reads, writes, side="left")
        most.append(int(np.max(1 + np.arange(len(writes)) - gone)))
    return most


def least_depths(network: Network) -> list[int]:
    """The depths of ``minimize``, each by bisection."""
    period = network.interval
    sizes = np.diff(network.first_events).tolist()

    def last_frame(found: PlainRun) -> list[int]:
        return [time for own, size in zip(found.times, sizes, strict=True) for time in own[-size:]]

    def held(found: PlainRun, fifo: int) -> int:
        pixels = int(network.pixels[fifo])
        writes, reads = found.written[fifo][-pixels:], found.read[fifo][-pixels:]
        many = [time + period * frame for frame in range(-9, 10) for time in reads]
        gone = np.searchsorted(many, writes, side="left") - 9 * pixels
        return max(int(np.max(1 + np.arange(pixels) - gone)), MIN_DEPTH)

    depths = [UNBOUNDED] * len(network.fifos)
    found = run(network, depths, PACED_FRAMES, period)
    assert found.settled
    for fifo in np.argsort(-network.pixels * network.widths, kind="stable").tolist():
        too_small, enough = MIN_DEPTH - 1, held(found, fifo)
        while enough - too_small > 1:
            trial = depths.copy()
            trial[fifo] = (too_small + enough) // 2
            tried = run(network, trial, PACED_FRAMES, period, last_frame(found))
            if tried.settled:
                enough, found = held(tried, fifo), tried
            else:
                too_small = trial[fifo]
        depths[fifo] = enough
    return depths
