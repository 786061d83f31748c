"""The compiled engine (``templates/sim/engine.cpp``), and networks as it sees them.

A frame of a network of 256x192 pixels is half a million events. Python takes a second for them, the
engine milliseconds, and sizing FIFOs runs some hundred frames.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.dataflow.lowering import Dataflow, Process, Stream
from fcn_hw.files import replace_file
from fcn_hw.firing import READS, WRITES, Schedule
from fcn_hw.ops import Fold
from fcn_hw.plan import Plan
from fcn_hw.resources import data_folder
from fcn_hw.tools.gxx import plan_compile
from fcn_hw.tools.runner import run

UNBOUNDED = 2**40
"""A depth that no FIFO reaches."""

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
        return sum(len(item.cycles) for item in self.schedules)

    @cached_property
    def first_events(self) -> Longs:
        return _starts([len(item.cycles) for item in self.schedules])

    @cached_property
    def accesses(self) -> tuple[tuple[Longs, ...], tuple[Longs, ...]]:
        """For each FIFO, the events that read its pixels, and those that write them."""
        reads, writes = (
            [
                first + np.flatnonzero(item.kinds & kind)
                for first, item in zip(self.first_events[:-1], self.schedules, strict=True)
            ]
            for kind in (READS, WRITES)
        )
        return (
            tuple(reads[process] for process in self.consumers),
            tuple(writes[process] for process in self.producers),
        )

    def depths(self, by_name: Depths) -> Longs:
        """Depths in the order of the FIFOs; a FIFO that is not named is unbounded."""
        return _longs([by_name.get(fifo.name, UNBOUNDED) for fifo in self.fifos])

    def _ends(self, streams: Sequence[Sequence[Stream]]) -> Longs:
        found = {s.name: number for number, own in enumerate(streams) for s in own}
        return _longs([found[fifo.name] for fifo in self.fifos])

    @cached_property
    def _arrays(self) -> tuple[npt.NDArray[np.int64] | npt.NDArray[np.uint8], ...]:
        """The engine's view, without the depths."""
        inputs = [[s.name for s in p.inputs if s.name in self.index] for p in self.processes]
        outputs = [[s.name for s in p.outputs if s.name in self.index] for p in self.processes]
        return (
            self.first_events,
            np.concatenate([item.gaps for item in self.schedules]),
            np.concatenate([item.kinds for item in self.schedules]),
            _longs([item.tail for item in self.schedules]),
            _starts([len(names) for names in inputs]),
            _longs([self.index[name] for names in inputs for name in names]),
            _starts([len(names) for names in outputs]),
            _longs([self.index[name] for names in outputs for name in names]),
            self.producers,
            self.consumers,
        )


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
    _buffers: _Buffers

    # in order only for whom asks: sizing makes hundreds of runs and never does

    @cached_property
    def write_times(self) -> tuple[Longs, ...]:
        """Of the last pixels of each FIFO, oldest first."""
        return self._buffers.in_order(self._buffers.write_times, self.written)

    @cached_property
    def read_times(self) -> tuple[Longs, ...]:
        """Of the last pixels of each FIFO, oldest first."""
        return self._buffers.in_order(self._buffers.read_times, self.read)


def run_network(
    network: Network,
    depths: Longs,
    frames: int,
    *,
    keep_frames: int = 0,
    period: int = 0,
    start: Longs | None = None,
) -> Run:
    """Runs a network.

    Args:
        depths: of each FIFO.
        frames: to run at most.
        keep_frames: of how many frames the times of reads and writes are kept at least.
        period: paces the events of a frame by those of the frame before, and ends the run when
            frames only repeat; 0 to run freely.
        start: times of all events of a frame before the first one, for a paced run.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    reach = _frames_reached(network, depths)
    buffers = _Buffers.make(network, depths, max(keep_frames, reach + 1))
    if start is not None:
        buffers.precede(network, start, period, reach)
    settled = ctypes.c_int64()
    done = _library().run(
        ctypes.byref(buffers.net),
        ctypes.byref(buffers.state),
        ctypes.c_int64(frames),
        ctypes.c_int64(period),
        ctypes.c_int64(reach),
        ctypes.c_int64(0 if start is None else reach),
        ctypes.byref(settled),
    )
    complete = done == frames or bool(settled.value)
    return buffers.result(network, depths, int(done), complete, bool(settled.value))


def run_in_order(network: Network, depths: Longs) -> Run:
    """Runs one frame, each process as the sequential program that its header is; no times.

    Args:
        network: of latency 0.
        depths: of each FIFO.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    buffers = _Buffers.make(network, depths, 0)
    access = np.zeros(len(network.processes), dtype=np.int64)
    complete = bool(
        _library().run_in_order(
            ctypes.byref(buffers.net), ctypes.byref(buffers.state), _pointer(access)
        )
    )
    return buffers.result(network, depths, int(complete), complete, False)


# -- inside ----------------------------------------------------------------------------------------

_LONG_POINTER = ctypes.POINTER(ctypes.c_int64)
_BYTE_POINTER = ctypes.POINTER(ctypes.c_uint8)


class _NetworkStruct(ctypes.Structure):
    """``struct network``."""

    _fields_ = (
        ("processes", ctypes.c_int64),
        ("fifos", ctypes.c_int64),
        ("first_event", _LONG_POINTER),
        ("gaps", _LONG_POINTER),
        ("kinds", _BYTE_POINTER),
        ("tails", _LONG_POINTER),
        ("first_input", _LONG_POINTER),
        ("inputs", _LONG_POINTER),
        ("first_output", _LONG_POINTER),
        ("outputs", _LONG_POINTER),
        ("producer", _LONG_POINTER),
        ("consumer", _LONG_POINTER),
        ("depths", _LONG_POINTER),
    )


class _StateStruct(ctypes.Structure):
    """``struct state``."""

    _fields_ = (
        ("times", _LONG_POINTER),
        ("first_slot", _LONG_POINTER),
        ("slot_masks", _LONG_POINTER),
        ("write_times", _LONG_POINTER),
        ("read_times", _LONG_POINTER),
        ("written", _LONG_POINTER),
        ("read", _LONG_POINTER),
        ("next", _LONG_POINTER),
        ("last", _LONG_POINTER),
        ("waits", _LONG_POINTER),
        ("waits_at", _LONG_POINTER),
        ("queue", _LONG_POINTER),
        ("queued", _BYTE_POINTER),
        ("waited_for_pixel", _LONG_POINTER),
        ("waited_for_slot", _LONG_POINTER),
        ("events", ctypes.c_int64),
    )


@dataclass
class _Buffers:
    """The memory of a run."""

    net: _NetworkStruct
    state: _StateStruct
    times: Longs
    first_slot: Longs
    slots: Longs
    write_times: Longs
    read_times: Longs
    per_fifo: Longs
    per_process: Longs
    last: Longs
    held: list[object] = field(default_factory=list)

    @staticmethod
    def make(network: Network, depths: Longs, keep_frames: int) -> _Buffers:
        processes, fifos = len(network.processes), len(network.fifos)
        slots = 2 ** np.ceil(np.log2(np.maximum(keep_frames * network.pixels, 1))).astype(np.int64)
        first_slot = _starts(slots)[:-1]
        times = np.full(network.events, -UNBOUNDED, dtype=np.int64)
        write_times, read_times = (np.empty(int(slots.sum()), dtype=np.int64) for _ in range(2))
        per_fifo = np.zeros((4, fifos), dtype=np.int64)
        per_process = np.zeros((4, processes), dtype=np.int64)
        last = np.full(processes, -1, dtype=np.int64)
        masks, queued = slots - 1, np.zeros(processes, dtype=np.uint8)
        arrays = network._arrays
        net = _NetworkStruct(processes, fifos, *map(_pointer, arrays), _pointer(depths))
        state = _StateStruct(
            *map(_pointer, (times, first_slot, masks, write_times, read_times)),
            *map(_pointer, per_fifo[:2]),
            _pointer(per_process[0]), _pointer(last), *map(_pointer, per_process[1:]),
            _pointer(queued),
            *map(_pointer, per_fifo[2:]),
            0,
        )  # fmt: skip
        return _Buffers(
            net, state, times, first_slot, slots, write_times, read_times, per_fifo, per_process,
            last, [arrays, depths, masks, queued],
        )  # fmt: skip

    def precede(self, network: Network, times: Longs, period: int, frames: int) -> None:
        """Makes it look as if some frames had just passed, the last one at ``times``."""
        self.times[:] = times
        reads, writes = network.accesses
        earlier = -period * np.arange(frames - 1, -1, -1)[:, None]
        for fifo, (first, pixels) in enumerate(zip(self.first_slot, network.pixels, strict=True)):
            part = slice(first, first + frames * pixels)
            self.write_times[part] = (earlier + times[writes[fifo]]).ravel()
            self.read_times[part] = (earlier + times[reads[fifo]]).ravel()
        self.per_fifo[:2] = frames * network.pixels
        ends = network.first_events[1:] - 1
        self.last[:] = times[ends] + network._arrays[3]

    def result(
        self, network: Network, depths: Longs, frames: int, complete: bool, settled: bool
    ) -> Run:
        written, read, waited_for_pixel, waited_for_slot = self.per_fifo
        positions, waits, waits_at, _ = self.per_process
        return Run(
            network, depths, frames, complete, settled, self.times,
            written, read, positions - network.first_events[:-1], waits, waits_at,
            waited_for_pixel, waited_for_slot, self.last, int(self.state.events), self,
        )  # fmt: skip

    def in_order(self, times: Longs, count: Longs) -> tuple[Longs, ...]:
        """The times of the last pixels of each FIFO, oldest first."""
        found = []
        for first, slots, pixels in zip(self.first_slot, self.slots, count, strict=True):
            numbers = np.arange(max(pixels - slots, 0), pixels)
            found.append(times[first + numbers % slots])
        return tuple(found)


def _frames_reached(network: Network, depths: Longs) -> int:
    """How many frames back a slot may have been freed that a pixel of this frame takes."""
    bounded = depths < UNBOUNDED
    return int(max(1, np.max(-(-depths[bounded] // network.pixels[bounded]), initial=1)))


def _longs(values: Sequence[int]) -> Longs:
    return np.array(values, dtype=np.int64)


def _starts(counts: Sequence[int] | Longs) -> Longs:
    """Where each of consecutive parts begins, and the end."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _pointer(array: npt.NDArray[np.int64] | npt.NDArray[np.uint8]) -> object:
    assert array.flags.c_contiguous
    kind = _BYTE_POINTER if array.dtype == np.uint8 else _LONG_POINTER
    return array.ctypes.data_as(kind)


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
        _cache_folder()
        / f"engine-{hashlib.sha256(source + plan.digest.encode()).hexdigest()[:16]}.so"
    )
    if not _is_whole(kept):
        _compile(plan, kept)
    library = ctypes.CDLL(str(kept))
    library.run.restype = ctypes.c_int64
    library.run_in_order.restype = ctypes.c_int64
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


def _cache_folder() -> Path:
    """The user's own cache, or a new folder where none can be written.

    Never a folder that others can write to: what lies there is loaded and run.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "fcn_hw"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or a user without a home
        return Path(tempfile.mkdtemp(prefix="fcn_hw-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="fcn_hw-"))
