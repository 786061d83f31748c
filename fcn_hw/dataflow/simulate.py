"""Several frames through bounded FIFOs: when frames end, who waits, what FIFOs hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fcn_hw.dataflow.deadlock import waiting_cycle
from fcn_hw.dataflow.engine import Depths, Longs, Network, Run, run_network
from fcn_hw.errors import Deadlock
from fcn_hw.firing import READS, WRITES

DEFAULT_FRAMES = 3


@dataclass(frozen=True)
class Activity:
    """What a process does in the last frame that was simulated.

    Args:
        process: its name.
        busy_cycles: that it would take alone.
        interval_cycles: from the end of the frame before to the end of the last one.
        for_pixels, for_slots: cycles of these in which it waited for an input, for an output.
    """

    process: str
    busy_cycles: int
    interval_cycles: int
    for_pixels: int
    for_slots: int

    @property
    def stall_share(self) -> float:
        """Share of the time in which it waited."""
        return 1 - self.busy_cycles / self.interval_cycles


@dataclass(frozen=True, eq=False)
class Simulation:
    """A finished simulation.

    Args:
        run: of all frames, all times kept.
        first_input: cycle in which the first pixel enters the design.
        first_output: cycle in which the first pixel leaves the design.
        frame_ends: cycle in which the last pixel of each frame leaves.
        activities: of each process.
    """

    run: Run
    first_input: int
    first_output: int
    frame_ends: tuple[int, ...]
    activities: tuple[Activity, ...]

    @property
    def interval(self) -> int:
        """Cycles between the ends of the last two frames, or of the only frame."""
        return self.frame_ends[-1] - (self.frame_ends[-2] if len(self.frame_ends) > 1 else -1)

    @property
    def frame_latency(self) -> int:
        """Cycles of one frame through the empty design: from the one in which its first pixel
        enters to the one in which its last pixel leaves, both counted."""
        return self.frame_ends[0] - self.first_input + 1

    @property
    def bottleneck(self) -> Activity:
        """The process that waits least."""
        return min(self.activities, key=lambda item: item.interval_cycles - item.busy_cycles)

    @cached_property
    def peaks(self) -> dict[str, int]:
        """The most pixels that each FIFO held."""
        found = {}
        for fifo, writes, reads in zip(
            self.run.network.fifos, self.run.write_times, self.run.read_times, strict=True
        ):
            gone = np.searchsorted(reads, writes, side="left")
            found[fifo.name] = int(np.max(1 + np.arange(len(writes)) - gone))
        return found

    def occupancy(self, name: str, samples: int = 600) -> tuple[Longs, Longs]:
        """What a FIFO holds over time.

        Returns:
            (cycles, pixels): the most pixels in each of at most ``samples`` spans of equal length,
            at the start of the span.
        """
        fifo = self.run.network.index[name]
        writes, reads = self.run.write_times[fifo], self.run.read_times[fifo]
        held = 1 + np.arange(len(writes)) - np.searchsorted(reads, writes, side="left")
        edges = np.unique(np.linspace(0, self.frame_ends[-1] + 1, samples + 1).astype(np.int64))
        starts = edges[:-1]
        # at the start of a span, then after each write in it
        most = np.searchsorted(writes, starts) - np.searchsorted(reads, starts)
        np.maximum.at(most, np.searchsorted(starts, writes, side="right") - 1, held)
        return starts, most


def simulate(network: Network, depths: Depths, frames: int = DEFAULT_FRAMES) -> Simulation:
    """Runs frames through a network that is empty at first, as fast as it takes them.

    Args:
        depths: of each FIFO by name; one that is not named is unbounded.
        frames: at least 1.

    Raises:
        Deadlock: processes wait for one another.
        ToolNotFound: there is no C++ compiler.
    """
    by_number = network.depths(depths)
    # The first frames do not depend on those behind them, so each run shows the end of one frame.
    runs = [
        run_network(network, by_number, count, keep_frames=frames) for count in range(1, frames + 1)
    ]
    for run in runs:
        if not run.complete:
            raise deadlock(run)
    outputs = _output_processes(network)
    last = runs[-1]
    before = runs[-2] if frames > 1 else None
    return Simulation(
        last,
        first_input=min(_first_read(runs[0], process) for process in _input_processes(network)),
        first_output=min(_first_write(runs[0], process) for process in outputs),
        frame_ends=tuple(max(_last_write(run, process) for process in outputs) for run in runs),
        activities=tuple(
            _activity(last, before, process) for process in range(len(network.processes))
        ),
    )


def deadlock(run: Run) -> Deadlock:
    """The error that says why a run is not complete."""
    cycle = waiting_cycle(run)
    network = run.network
    fills = [
        f"{fifo.name} {fill} of {depth}"
        for fifo, fill, depth in zip(network.fifos, run.written - run.read, run.depths, strict=True)
    ]
    return Deadlock(
        network.name,
        [str(wait) for wait in cycle],
        [wait.fifo for wait in cycle if not wait.for_pixel],
        fills,
    )


def _input_processes(network: Network) -> list[int]:
    return [
        number
        for number, process in enumerate(network.processes)
        if any(stream.name not in network.index for stream in process.inputs)
    ]


def _output_processes(network: Network) -> list[int]:
    return [
        number
        for number, process in enumerate(network.processes)
        if any(stream.name not in network.index for stream in process.outputs)
    ]


def _times(run: Run, process: int, kind: int) -> Longs:
    first, end = run.network.first_events[process : process + 2]
    events = (run.network.schedules[process].kinds & kind) != 0
    return np.asarray(run.times[first:end][events])


def _first_read(run: Run, process: int) -> int:
    return int(_times(run, process, READS)[0])


def _first_write(run: Run, process: int) -> int:
    return int(_times(run, process, WRITES)[0])


def _last_write(run: Run, process: int) -> int:
    return int(_times(run, process, WRITES)[-1])


def _activity(run: Run, before: Run | None, process: int) -> Activity:
    network = run.network

    def waited(finished: Run | None, cycles: str, ends: Longs) -> int:
        if finished is None:
            return 0
        return int(getattr(finished, cycles)[ends == process].sum())

    return Activity(
        network.processes[process].name,
        network.schedules[process].length,
        int(run.ends[process] - (before.ends[process] if before else -1)),
        waited(run, "waited_for_pixel", network.consumers)
        - waited(before, "waited_for_pixel", network.consumers),
        waited(run, "waited_for_slot", network.producers)
        - waited(before, "waited_for_slot", network.producers),
    )
