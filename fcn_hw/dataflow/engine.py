"""The compiled engine (``templates/sim/engine.cpp``), and networks as it sees them.

A frame of a network of 256x192 pixels is half a million events. Python takes a second for them,
the engine milliseconds, and sizing FIFOs runs some hundred frames. An event is kept as its
gap, its kind and its time in one frame. Of a FIFO only those times are kept that a later event can
ask for. They are the times of its unread pixels, for a pixel's time is asked for once, when it is
read; and of as many last reads as it has slots, for who writes to n slots waits for the n-th last
read. So frames cost no memory, and the times of short FIFOs stay in the processor's cache.
"""

from __future__ import annotations

import ctypes
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.dataflow.lowering import Dataflow, Process, Stream
from fcn_hw.files import cache_folder, replace_file
from fcn_hw.firing import READS, WRITES, Schedule
from fcn_hw.ops import Fold
from fcn_hw.plan import Plan
from fcn_hw.resources import data_folder
from fcn_hw.tools.gxx import plan_compile
from fcn_hw.tools.runner import run

UNBOUNDED = 2**40
"""A depth that no FIFO reaches."""

_BLOCK = 64
"""The engine's ``BLOCK``."""

FOR_PIXEL, FOR_SLOT = 1, 2
"""What a process waits for: the engine's ``WAITS_FOR_...``."""

Longs = npt.NDArray[np.int64]
Depths = Mapping[str, int]
"""Depth of each FIFO by name, in pixels."""


@dataclass(frozen=True, eq=False)
class Network:
    """Processes with their schedules, and the FIFOs between them.

    The ports of the top function never wait: frames come as fast as they are read and leave as fast
    as they are written.

    Args:
        name: of the design.
        processes: in topological order.
        schedules: of each process.
        fifos: inside the design.
    """

    name: str
    processes: tuple[Process, ...]
    schedules: tuple[Schedule, ...]
    fifos: tuple[Stream, ...]

    @cached_property
    def index(self) -> dict[str, int]:
        """Number of each FIFO."""
        return {fifo.name: number for number, fifo in enumerate(self.fifos)}

    @cached_property
    def producers(self) -> Longs:
        """Number of the process that writes each FIFO."""
        return self._ends([process.outputs for process in self.processes])

    @cached_property
    def consumers(self) -> Longs:
        """Number of the process that reads each FIFO."""
        return self._ends([process.inputs for process in self.processes])

    @cached_property
    def pixels(self) -> Longs:
        """Pixels of a frame in each FIFO."""
        return _longs([fifo.tensor.height * fifo.tensor.width for fifo in self.fifos])

    @cached_property
    def widths(self) -> Longs:
        """Bits of a pixel in each FIFO."""
        return _longs([width_bits(fifo) for fifo in self.fifos])

    @property
    def interval(self) -> int:
        """Cycles from frame to frame if no process ever waits: those of the slowest process."""
        return max(item.length for item in self.schedules)

    @property
    def events(self) -> int:
        """Events of a frame."""
        return int(self.first_events[-1])

    @cached_property
    def first_events(self) -> Longs:
        """Number of each process's first event, and that of all events."""
        return _starts([len(item.kinds) for item in self.schedules])

    def times_of(self, times: Longs, process: int, kind: int) -> Longs:
        """Of the times of all events of a frame, those in which a process reads, or writes."""
        own = times[self.first_events[process] : self.first_events[process + 1]]
        return np.asarray(own[(self.schedules[process].kinds & kind) != 0])

    def depths(self, by_name: Depths) -> Longs:
        """Depths in the order of the FIFOs; a FIFO that is not named is unbounded."""
        return _longs([by_name.get(fifo.name, UNBOUNDED) for fifo in self.fifos])

    def _ends(self, streams: Sequence[Sequence[Stream]]) -> Longs:
        found = {s.name: number for number, own in enumerate(streams) for s in own}
        return _longs([found[fifo.name] for fifo in self.fifos])

    @cached_property
    def numbers(self) -> tuple[tuple[Longs, Longs], ...]:
        """Numbers of the FIFOs that each process reads, and of those that it writes."""

        def numbers(streams: Sequence[Stream]) -> Longs:
            return _longs([self.index[s.name] for s in streams if s.name in self.index])

        return tuple((numbers(p.inputs), numbers(p.outputs)) for p in self.processes)

    @cached_property
    def tables(self) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
        """The engine's processes and FIFOs before a run; times and depths are left out."""
        processes = np.zeros(len(self.processes), dtype=_PROCESS)
        interval = self.interval
        for own, item, ranks, (inputs, outputs) in zip(
            processes, self.schedules, self._ranks, self.numbers, strict=True
        ):
            own["gaps"], own["kinds"] = _address(item.gaps), _address(item.kinds)
            own["ranks"] = _address(ranks)
            own["events"], own["tail"], own["last"] = len(item.kinds), item.tail, -1
            own["slack"] = interval - item.length
            own["inputs"], own["outputs"] = _address(inputs), _address(outputs)
            own["inputs_end"] = _address(inputs) + inputs.nbytes
            own["outputs_end"] = _address(outputs) + outputs.nbytes
        fifos = np.zeros(len(self.fifos), dtype=_FIFO)
        fifos["producer"], fifos["consumer"] = self.producers, self.consumers
        return processes, fifos

    @cached_property
    def _ranks(self) -> tuple[npt.NDArray[np.int32], ...]:
        """Reads and writes of each process before each block of its events (blocks x 2)."""
        found = []
        for item in self.schedules:
            blocks = np.arange(0, len(item.kinds), _BLOCK)
            ranks = np.zeros((len(blocks) + 1, 2), dtype=np.int32)
            for column, kind in enumerate((READS, WRITES)):
                counts = np.add.reduceat((item.kinds & kind) != 0, blocks, dtype=np.int32)
                np.cumsum(counts, out=ranks[1:, column])
            found.append(ranks)
        return tuple(found)


def make_network(
    dataflow: Dataflow, folds: Mapping[str, Fold], *, latency_scale: float = 1.0
) -> Network:
    """The network of a lowered graph.

    Args:
        folds: of each op that has one.
        latency_scale: as :meth:`fcn_hw.dataflow.lowering.Process.schedule` has it.
    """
    return Network(
        dataflow.name,
        dataflow.processes,
        tuple(
            process.schedule(folds.get(process.name), latency_scale=latency_scale)
            for process in dataflow.processes
        ),
        dataflow.fifos,
    )


def width_bits(fifo: Stream) -> int:
    """Bits of one pixel."""
    return fifo.tensor.channels * fifo.tensor.format.width


@dataclass(frozen=True, eq=False)
class Run:
    """What a run of the engine left.

    Args:
        network, depths: that ran.
        frames: complete.
        complete: whether that is all frames that were asked for.
        settled: whether a paced run ended because frames only repeat.
        times: time of each event in the last frame.
        written, read: pixels of each FIFO.
        positions: event at which each process stands, counted in the frame.
        waits: what each process waits for: 0, :data:`FOR_PIXEL` or :data:`FOR_SLOT`.
        waits_at: number of the FIFO at which it waits.
        waited_for_pixel, waited_for_slot: cycles of waiting at each FIFO, of its consumer and its
            producer.
        ends: cycle in which each process ends its last frame.
        events: that happened.
    """

    network: Network
    depths: Longs
    frames: int
    complete: bool
    settled: bool
    times: Longs
    written: Longs
    read: Longs
    positions: Longs
    waits: Longs
    waits_at: Longs
    waited_for_pixel: Longs
    waited_for_slot: Longs
    ends: Longs
    events: int


@dataclass(frozen=True, eq=False)
class Held:
    """What FIFOs held.

    Args:
        peaks: the most pixels that each FIFO held.
        most: the most that each FIFO held in each span of time (FIFOs x spans).
    """

    peaks: Longs
    most: Longs


def run_network(
    network: Network, depths: Longs, frames: int, *, period: int = 0, start: Longs | None = None
) -> Run:
    """Runs a network.

    Args:
        depths: of each FIFO.
        frames: to run at most.
        period: paces the events of a frame by those of the frame before, and ends the run when
            frames only repeat, or can't come to; 0 to run freely.
        start: times of all events of a frame before the first one, for a paced run.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    reach = _frames_reached(network, depths)
    state = _State(network, depths, start)
    if start is not None:
        state.precede(reach, period)
    settled = ctypes.c_int64()
    done = _library().run(
        ctypes.byref(state.net),
        *map(ctypes.c_int64, (frames, period, reach, 0 if start is None else reach)),
        ctypes.byref(settled),
    )
    complete = done == frames or bool(settled.value)
    return state.result(int(done), complete, bool(settled.value))


def run_frames(
    network: Network, depths: Longs, frames: int, starts: Longs | None = None
) -> Iterator[tuple[Run, Held]]:
    """Runs a network freely, and says after each frame how it stands.

    A frame does not depend on those behind it. The last frame is the last complete one where the
    network deadlocks before.

    Args:
        depths: of each FIFO.
        frames: to run at most.
        starts: of the spans of time for :class:`Held`, ascending.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    library, state = _library(), _State(network, depths)
    held = state.measure(frames, _longs([]) if starts is None else starts)
    for done in range(1, frames + 1):
        complete = library.run(
            ctypes.byref(state.net),
            *map(ctypes.c_int64, (1, 0, 1, 0)),
            ctypes.byref(ctypes.c_int64()),
        )
        if done == frames:
            library.finish(ctypes.byref(state.net))
        yield state.result(done if complete else done - 1, bool(complete), False), held()
        if not complete:
            return


def occupancy(network: Network, fifo: int, times: Longs, period: int) -> int:
    """The most pixels that a FIFO holds if the times of the events repeat.

    Args:
        fifo: its number.
        times: of all events of a frame.
        period: cycles from frame to frame.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    state = _State(network, network.depths({}), times, rings=False)
    return int(
        _library().occupancy(ctypes.byref(state.net), ctypes.c_int64(fifo), ctypes.c_int64(period))
    )


def relax(network: Network, depths: Longs, fifo: int, times: Longs, period: int) -> bool:
    """Moves times to those that a paced run from them settles in, if few of them differ.

    Args:
        depths: of each FIFO; the schedule works with them but for those of one.
        fifo: the number of that one.
        times: of all events of a frame; moved in place.
        period: cycles from frame to frame.

    Returns:
        whether they are found this way; else all times are as they were.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    state = _State(network, depths, times, rings=False)
    room = network.events // _RELAXED
    steps = np.empty((room, 3), dtype=np.int64)
    raised = _library().relax(
        ctypes.byref(state.net), ctypes.c_int64(fifo), ctypes.c_int64(period),
        ctypes.c_void_p(_address(steps)), ctypes.c_int64(room),
    )  # fmt: skip
    return bool(raised >= 0)


def run_in_order(network: Network, depths: Longs) -> Run:
    """Runs one frame, each process as the sequential program that its header is; no times.

    Args:
        network: of latency 0.
        depths: of each FIFO.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    state = _State(network, depths, rings=False)
    complete = bool(_library().run_in_order(ctypes.byref(state.net)))
    return state.result(int(complete), complete, False)


def least_depth(network: Network, depths: Longs, fifo: int) -> int:
    """The smallest depth of one FIFO with which :func:`run_in_order` completes a frame.

    Args:
        network: of latency 0.
        depths: of each FIFO; of that one it plays no part.
        fifo: its number.
    """
    state = _State(network, depths, rings=False)
    return int(_library().least_depth(ctypes.byref(state.net), ctypes.c_int64(fifo)))


# -- inside ----------------------------------------------------------------------------------------

_RELAXED = 32
"""Of so many events one may be moved, before a run of all events takes less time."""

_POINTER = np.uintp
_PROCESS = np.dtype(
    [
        ("gaps", _POINTER), ("kinds", _POINTER), ("times", _POINTER), ("events", np.int64),
        ("tail", np.int64), ("inputs", _POINTER), ("inputs_end", _POINTER), ("outputs", _POINTER),
        ("outputs_end", _POINTER), ("slack", np.int64), ("ranks", _POINTER), ("next", np.int64),
        ("last", np.int64), ("waits", np.int64), ("waits_at", np.int64), ("access", np.int64),
        ("queued", np.int64),
    ]
)  # fmt: skip
"""``struct process``."""

_FIFO = np.dtype(
    [
        ("depth", np.int64), ("bounded", np.int64), ("producer", np.int64),
        ("consumer", np.int64), ("written", np.int64), ("read", np.int64),
        ("write_times", _POINTER), ("write_mask", np.int64),
        ("read_times", _POINTER), ("read_mask", np.int64), ("waited_for_pixel", np.int64),
        ("waited_for_slot", np.int64), ("measured", np.int64), ("gone", np.int64),
        ("peak", np.int64), ("span", np.int64), ("most", _POINTER),
    ]
)  # fmt: skip
"""``struct fifo``."""


class _NetworkStruct(ctypes.Structure):
    """``struct network``."""

    _fields_ = (
        ("processes", ctypes.c_int64),
        ("fifos", ctypes.c_int64),
        ("process_list", ctypes.c_void_p),
        ("fifo_list", ctypes.c_void_p),
        ("queue", ctypes.c_void_p),
        ("events", ctypes.c_int64),
        ("measures", ctypes.c_int64),
        ("spans", ctypes.c_int64),
        ("starts", ctypes.c_void_p),
    )


class _State:
    """The memory of a run.

    Args:
        start: times of all events of a frame before the first one.
        rings: whether times of reads and writes are kept.
    """

    def __init__(
        self, network: Network, depths: Longs, start: Longs | None = None, *, rings: bool = True
    ) -> None:
        self.network, self.depths = network, depths
        if not rings and start is None:
            self.times = np.zeros(0, dtype=np.int64)
        elif start is None:
            self.times = np.full(network.events, -UNBOUNDED, dtype=np.int64)
        else:
            self.times = start.copy() if rings else start
        processes, fifos = network.tables
        self.processes, self.fifos = processes, fifos = processes.copy(), fifos.copy()
        processes["times"] = _address(self.times) + 8 * network.first_events[:-1]
        fifos["depth"], fifos["bounded"] = depths, depths < UNBOUNDED
        self._held: list[Longs] = []
        if rings:
            # unread pixels; they are of one frame, see the invariant of engine.cpp
            self._ring("write", np.minimum(depths, network.pixels))
            self._ring("read", np.where(depths < UNBOUNDED, depths, 0))
        self.queue = np.zeros(len(processes), dtype=np.int64)
        self.net = _NetworkStruct(
            len(processes), len(fifos), _address(processes), _address(fifos), _address(self.queue)
        )

    def precede(self, frames: int, period: int) -> None:
        """Makes it look as if some frames had just passed, the last one at the start."""
        self.fifos["written"] = frames * self.network.pixels
        _library().precede(ctypes.byref(self.net), ctypes.c_int64(frames), ctypes.c_int64(period))

    def measure(self, frames: int, starts: Longs) -> Callable[[], Held]:
        """Lets a run of some frames note what FIFOs hold; the function returns it so far."""
        # reads that are compared with writes which are computed later: of two depths at most
        kept = np.minimum(2 * self.depths + 2, frames * self.network.pixels)
        self._ring("read", kept)
        self._ring("write", np.minimum(kept, frames * self.network.pixels))
        most = np.zeros((len(self.fifos), len(starts)), dtype=np.int64)
        self.fifos["most"] = _address(most) + most.strides[0] * np.arange(len(most))
        self.net.measures, self.net.spans = 1, len(starts)
        self.net.starts = _address(starts)
        self._held += [most, starts]
        return lambda: Held(self.fifos["peak"].copy(), most)

    def result(self, frames: int, complete: bool, settled: bool) -> Run:
        processes, fifos = self.processes, self.fifos
        return Run(
            self.network, self.depths, frames, complete, settled, self.times,
            written=fifos["written"].copy(),
            read=fifos["read"].copy(),
            positions=processes["next"].copy(),
            waits=processes["waits"].copy(),
            waits_at=processes["waits_at"].copy(),
            waited_for_pixel=fifos["waited_for_pixel"].copy(),
            waited_for_slot=fifos["waited_for_slot"].copy(),
            ends=processes["last"].copy(),
            events=int(self.net.events),
        )  # fmt: skip

    def _ring(self, name: str, least: Longs) -> None:
        """Rings of a power of two of slots; none where ``least`` is 0."""
        slots = 2 ** np.ceil(np.log2(np.maximum(least, 1))).astype(np.int64)
        ring = np.empty(int(slots[least > 0].sum()), dtype=np.int64)
        first = _starts(np.where(least > 0, slots, 0))[:-1]
        self.fifos[f"{name}_times"] = np.where(least > 0, _address(ring) + 8 * first, 0)
        self.fifos[f"{name}_mask"] = slots - 1
        self._held.append(ring)


def _frames_reached(network: Network, depths: Longs) -> int:
    """How many frames back a slot may have been freed that a pixel of this frame takes."""
    bounded = depths < UNBOUNDED
    return int(max(1, np.max(-(-depths[bounded] // network.pixels[bounded]), initial=1)))


def _longs(values: Sequence[int]) -> Longs:
    return np.array(values, dtype=np.int64)


def _starts(counts: Sequence[int] | Longs) -> Longs:
    """Where each of consecutive parts begins, and the end."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _address(array: npt.NDArray[Any]) -> int:
    assert array.flags.c_contiguous
    return int(array.ctypes.data)


@cache
def _library() -> ctypes.CDLL:
    """The engine, compiled once for each version of its source."""
    source = (data_folder("templates") / "sim" / "engine.cpp").read_bytes()
    plan = plan_compile(
        sources=("engine.cpp",),
        program="engine.so",
        flags=("-std=c++14", "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror"),
        link_flags=("-shared",),
        files={"engine.cpp": source},
        timeout_s=120.0,
    )
    kept = (
        cache_folder()
        / f"engine-{hashlib.sha256(source + plan.digest.encode()).hexdigest()[:16]}.so"
    )
    if not _is_whole(kept):
        _compile(plan, kept)
    library = ctypes.CDLL(str(kept))
    library.run.restype = ctypes.c_int64
    library.run_in_order.restype = ctypes.c_int64
    library.least_depth.restype = ctypes.c_int64
    library.occupancy.restype = ctypes.c_int64
    library.relax.restype = ctypes.c_int64
    return library


def _compile(plan: Plan, kept: Path) -> None:
    """Compiles in a folder of its own, so that a second process at the same time does no harm."""
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        run(plan, Path(folder))
        compiled = Path(folder) / "engine.so"
        digest = hashlib.sha256(compiled.read_bytes()).hexdigest()
        compiled.replace(kept)
        replace_file(kept.with_suffix(".sha256"), digest)


def _is_whole(kept: Path) -> bool:
    """Whether the library is there as it was compiled: a damaged one could do anything."""
    try:
        digest = hashlib.sha256(kept.read_bytes()).hexdigest()
        return kept.with_suffix(".sha256").read_bytes() == digest.encode()
    except OSError:
        return False
