"""Several frames through bounded FIFOs: when frames end, who waits, what FIFOs hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_hw.dataflow.deadlock import waiting_cycle
from fcn_hw.dataflow.engine import Depths, Longs, Network, Run, run_frames
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
        run: of all frames.
        first_input: cycle in which the first pixel enters the design.
        first_output: cycle in which the first pixel leaves the design.
        frame_ends: cycle in which the last pixel of each frame leaves.
        activities: of each process.
        peaks: the most pixels that each FIFO held.
    """

    run: Run
    first_input: int
    first_output: int
    frame_ends: tuple[int, ...]
    activities: tuple[Activity, ...]
    peaks: dict[str, int]

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

    def held(self, samples: int) -> tuple[Longs, dict[str, Longs]]:
        """What FIFOs hold over time: runs the frames again.

        Returns:
            (cycles, pixels by name): the starts of at most ``samples`` spans of equal length, and
            the most pixels in each of them.
        """
        run = self.run
        edges = np.unique(np.linspace(0, self.frame_ends[-1] + 1, samples + 1).astype(np.int64))
        starts = edges[:-1]
        *_, (_, held) = run_frames(run.network, run.depths, run.frames, starts)
        names = [fifo.name for fifo in run.network.fifos]
        return starts, dict(zip(names, held.most, strict=True))


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
    sources, sinks = _port_processes(network)
    first_input = first_output = 0
    frame_ends: list[int] = []
    run = before = held = None
    for after, held in run_frames(network, by_number, frames):  # noqa: B007
        if not after.complete:
            raise deadlock(after)
        writes = [network.times_of(after.times, process, WRITES) for process in sinks]
        if not frame_ends:
            reads = [network.times_of(after.times, process, READS) for process in sources]
            first_input = int(min(times[0] for times in reads))
            first_output = int(min(times[0] for times in writes))
        frame_ends.append(int(max(times[-1] for times in writes)))
        before, run = run, after
    assert run is not None and held is not None, "at least one frame"
    activities = [_activity(run, before, process) for process in range(len(network.processes))]
    names = [fifo.name for fifo in network.fifos]
    return Simulation(
        run, first_input, first_output, tuple(frame_ends), tuple(activities),
        dict(zip(names, held.peaks.tolist(), strict=True)),
    )  # fmt: skip


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


def _port_processes(network: Network) -> tuple[list[int], list[int]]:
    """Numbers of the processes that read inputs of the design, and of those that write outputs."""
    found: tuple[list[int], list[int]] = ([], [])
    for number, process in enumerate(network.processes):
        for streams, numbers in zip((process.inputs, process.outputs), found, strict=True):
            if any(stream.name not in network.index for stream in streams):
                numbers.append(number)
    return found


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
