"""Why processes stand still: the cycle of those that wait for one another.

Each FIFO has one writer and one reader, so a process that waits at one waits for one other process.
A process that has ended its frame keeps nobody waiting: it has written all pixels and taken all.
From any process that waits, following who waits for whom therefore leads into a cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_hw.dataflow.engine import (
    FOR_PIXEL,
    UNBOUNDED,
    Depths,
    Network,
    Run,
    least_depth,
    run_in_order,
)


@dataclass(frozen=True)
class Wait:
    """A process that waits at a FIFO.

    Args:
        process: its name.
        fifo: where it waits.
        for_pixel: whether for a pixel to read; else for a slot to write to.
        pixel: that it wants to read or write, counted in the frame.
        row, column: of that pixel.
        peer: the process at the other end, which it waits for.
        fill: pixels in the FIFO.
    """

    process: str
    fifo: str
    for_pixel: bool
    pixel: int
    row: int
    column: int
    peer: str
    fill: int

    def __str__(self) -> str:
        place = f"pixel {self.pixel} (row {self.row}, column {self.column})"
        if self.for_pixel:
            return f"'{self.process}' waits for {place} of '{self.fifo}', from '{self.peer}'"
        return (
            f"'{self.process}' waits for a slot for {place} in '{self.fifo}', full with "
            f"{self.fill}, from '{self.peer}'"
        )


def waiting_cycle(run: Run) -> tuple[Wait, ...]:
    """The processes that wait for one another; empty if the run was complete."""
    if run.complete:
        return ()
    network = run.network
    seen: list[int] = []
    process = int(np.flatnonzero(run.waits)[0])
    while process not in seen:
        seen.append(process)
        fifo = int(run.waits_at[process])
        ends = network.producers if run.waits[process] == FOR_PIXEL else network.consumers
        process = int(ends[fifo])
        assert run.waits[process], "a process that ended its frame keeps nobody waiting"
    return tuple(_wait(run, number) for number in seen[seen.index(process) :])


def least_depths(ordered: Network, by_name: Depths) -> dict[str, int]:
    """For each FIFO, the smallest depth with which no deadlock can occur, the others as they are.

    A deeper FIFO only removes reasons to wait. So where one run is complete with many FIFOs of one
    slot, one slot is enough for each of them; only the others are looked at one by one.

    Args:
        ordered: network of latency 0: the order of the C++.
        by_name: depths with which the network does not deadlock.
    """
    depths = ordered.depths(by_name)
    assert np.all(depths < UNBOUNDED), "every FIFO needs a depth"
    trial = np.ones_like(depths)
    while cycle := waiting_cycle(run_in_order(ordered, trial)):
        full = [ordered.index[wait.fifo] for wait in cycle if not wait.for_pixel]
        trial[full] = depths[full]  # one of them is deeper now, or the network would deadlock
    found = np.ones_like(depths)
    for number in np.flatnonzero(trial > 1):
        found[number] = least_depth(ordered, depths, int(number))
    return dict(zip((fifo.name for fifo in ordered.fifos), found.tolist(), strict=True))


def _wait(run: Run, process: int) -> Wait:
    network, fifo = run.network, int(run.waits_at[process])
    for_pixel = bool(run.waits[process] == FOR_PIXEL)
    peer = (network.producers if for_pixel else network.consumers)[fifo]
    pixel = int((run.read if for_pixel else run.written)[fifo] % network.pixels[fifo])
    row, column = divmod(pixel, network.fifos[fifo].tensor.width)
    return Wait(
        network.processes[process].name,
        network.fifos[fifo].name,
        for_pixel,
        pixel,
        row,
        column,
        network.processes[int(peer)].name,
        int(run.written[fifo] - run.read[fifo]),
    )
