"""Bounded simulation: the emitted processes side by side, on FIFOs of their real depths.

The C simulation lets every stream grow without end, so a FIFO that is too short shows on the board
only. Here each process of the emitted project waits where its FIFO is empty or full, several frames
back to back. The processes are a Kahn network: they do blocking reads and writes only, so what they
compute, and whether they stop for ever, does not depend on their speeds (G. Kahn, "The semantics of
a simple language for parallel programming", IFIP 1974; bounded channels are channels with a second
one in the other direction for the free places, T. M. Parks, "Bounded scheduling of process
networks", 1995). One run that ends therefore proves that no clocking of these processes deadlocks
on these frame counts. It does not prove what is not in the C++: a pipeline that holds finished
pixels back while it waits for a read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_hw.dataflow.lowering import lower
from fcn_hw.errors import ConfigError, Deadlock, ReportError, StreamError, ToolFailed, nearest
from fcn_hw.fixed import Codes
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import NO_EXCEPTIONS, QUIET, batches
from fcn_hw.harness.traces import read_trace, write_frames
from fcn_hw.ir import Graph
from fcn_hw.plan import Command, Plan
from fcn_hw.reference import evaluate
from fcn_hw.tools.gxx import plan_compile
from fcn_hw.tools.runner import run

RUN_FOLDER = "bounded"
"""Below the project: program, input frames, outputs and report."""

REPORT = "bounded.json"

BOUNDED_FRAMES = 3
"""Frames by default: one fills the network, one meets a full network, one drains it."""


@dataclass(frozen=True)
class Fifo:
    """A FIFO when the simulation ended.

    Args:
        name: of the stream.
        depth: pixels that it can hold.
        fill: pixels in it.
        peak: most pixels that were in it at a time, in the simulation's order of processes.
        writer, reader: processes.
    """

    name: str
    depth: int
    fill: int
    peak: int
    writer: str
    reader: str


@dataclass(frozen=True)
class Wait:
    """A process that can't go on.

    Args:
        process: its name.
        frame: that it computes, from 0.
        action: ``"read"`` from an empty FIFO or ``"write"`` to a full one.
        fifo: where it waits.
        waits_for: the process at the FIFO's other end.
    """

    process: str
    frame: int
    action: str
    fifo: str
    waits_for: str


@dataclass(frozen=True)
class BoundedRun:
    """A simulation that ran to its end.

    Args:
        frames: simulated back to back.
        seconds: of the simulation, without compilation.
        folder: holds the outputs' files.
        fifos: every FIFO and port.
    """

    frames: int
    seconds: float
    folder: Path
    fifos: tuple[Fifo, ...]


def plan_build(ap_types: Path, *, optimize: str = "-O1") -> Plan:
    """Compiles the project's processes and the bounded test bench into ``bounded/simulate``.

    Args:
        ap_types: folder of ``ap_fixed.h`` and its neighbours.
        optimize: g++'s optimization level. -O2 compiles a quarter longer than -O1 and simulates a
            third faster; -O0 simulates ten times as slowly.
    """
    return plan_compile(
        sources=("tb/bounded_main.cpp",),
        program=f"{RUN_FOLDER}/simulate",
        flags=(
            "-std=c++14", optimize, "-march=native", "-Wall", "-Wextra", *QUIET,
            "-Wno-deprecated-copy",  # nnet::array has an assignment, but no copy constructor
            NO_EXCEPTIONS, "-U_FORTIFY_SOURCE", "-Itb/sim", "-Ifirmware", "-isystem", str(ap_types),
        ),
    )  # fmt: skip


def plan_run(graph: Graph, frames: int, depths: Mapping[str, int], timeout_s: float) -> Plan:
    """Runs the compiled program on the frames in ``bounded/<input>.in.bin``.

    Args:
        depths: pixels of the FIFOs that shall not have the emitted depth.
    """
    inputs = (f"{op.name}.in.bin" for op in graph.inputs)
    changed = (f"{name}={depth}" for name, depth in depths.items())
    return Plan(
        stages=(
            (
                Command(
                    name="bounded",
                    argv=("./simulate", str(frames), *inputs, *changed),
                    timeout_s=timeout_s,
                    expects=tuple(
                        f"{RUN_FOLDER}/{name}" for name in (REPORT, *_output_files(graph).values())
                    ),
                    cwd=RUN_FOLDER,
                ),
            ),
        )
    )


def check_depths(depths: Mapping[str, int], fifos: Iterable[str]) -> None:
    """Whether each depth is one and belongs to a FIFO of the project.

    Raises:
        ConfigError: it names the nearest FIFOs.
    """
    names = tuple(fifos)
    for name, depth in depths.items():
        if name not in names:
            raise ConfigError(
                f"the project has no FIFO '{name}'", hint=f"nearest: {nearest(name, names)}"
            )
        if depth < 1:
            raise ConfigError(f"FIFO '{name}' can't hold {depth} pixels", hint="the least is 1")


def simulate(
    graph: Graph,
    project: Path,
    codes: Mapping[str, Codes],
    *,
    depths: Mapping[str, int] | None = None,
    timeout_s: float = 7200.0,
    on_frame: Callable[[int], None] | None = None,
) -> BoundedRun:
    """Runs the built simulation.

    Args:
        codes: (N, H, W, C) for each input.
        depths: pixels of the FIFOs that shall not have the emitted depth.
        on_frame: called with the number of frames that have left.

    Raises:
        Deadlock: processes wait for one another.
        StreamError: a process reads more or fewer pixels than another one writes.
        ToolFailed: the program failed in another way.
    """
    folder = project / RUN_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for op in graph.inputs:
        write_frames(folder / f"{op.name}.in.bin", codes[op.name], op.output.format)

    def on_line(line: str) -> None:
        if on_frame is not None and line.startswith("frame "):
            on_frame(int(line.split()[1]))

    frames = len(codes[graph.inputs[0].name])
    report = folder / REPORT
    try:
        (result,) = run(plan_run(graph, frames, depths or {}, timeout_s), project, on_line=on_line)
    except ToolFailed as error:
        if report.is_file():
            read_report(report)  # knows better what went wrong
        raise error
    return BoundedRun(frames, result.seconds, folder, read_report(report))


def read_report(path: Path) -> tuple[Fifo, ...]:
    """The FIFOs after a run that ended well.

    Raises:
        Deadlock, StreamError: the run did not end well.
        ReportError: no report of a bounded simulation.
    """
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fifos = tuple(Fifo(**item) for item in stored["fifos"])
        waits = tuple(Wait(**item) for item in stored["waits"])
        state, name = stored["state"], stored["network"]
    except (ValueError, KeyError, TypeError) as error:
        raise ReportError(f"'{path.name}' is no report of a bounded simulation: {error}") from error
    if state == "finished":
        return fifos
    by_name = {fifo.name: fifo for fifo in fifos}
    if state == "deadlock":
        raise deadlock(name, waits, by_name)
    fills = fills_of(fifos)
    if state == "underflow":
        (wait,) = waits
        raise StreamError(
            name,
            f"'{wait.process}' reads more pixels from '{wait.fifo}' than '{wait.waits_for}' writes",
            fills,
        )
    left = next(fifo for fifo in fifos if fifo.fill)
    if waits:
        left = by_name[waits[0].fifo]
    raise StreamError(
        name,
        f"'{left.writer}' writes more pixels to '{left.name}' than '{left.reader}' reads",
        fills,
    )


def compare_outputs(
    graph: Graph, finished: BoundedRun, codes: Mapping[str, Codes]
) -> dict[str, Comparison]:
    """Every output against the oracle, all frames, tolerance zero."""
    found = {name: Comparison(name) for name in graph.outputs}
    written = {
        name: read_trace(finished.folder / file, graph.tensor(name), finished.frames)
        for name, file in _output_files(graph).items()
    }
    for batch in batches(finished.frames):
        expected = evaluate(graph, {name: item[batch] for name, item in codes.items()})
        for name in graph.outputs:
            found[name] = found[name].extended(expected[name], written[name][batch], batch.start)
    return found


def _output_files(graph: Graph) -> dict[str, str]:
    """What the test bench names the file of each output: after the port, which may be a copy."""
    ports = lower(graph).outputs
    return {name: f"{port.name}.bin" for name, port in zip(graph.outputs, ports, strict=True)}


def deadlock(name: str, waits: Sequence[Wait], fifos: Mapping[str, Fifo]) -> Deadlock:
    """The error that tells of a deadlock.

    Args:
        name: of the network.
        waits: the cycle; each process waits for the next one, the last for the first.
        fifos: every FIFO by its name.
    """
    return Deadlock(
        name,
        waits=[_in_words(wait, fifos[wait.fifo]) for wait in waits],
        full=[wait.fifo for wait in waits if wait.action == "write"],
        fills=fills_of(fifos.values()),
    )


def fills_of(fifos: Iterable[Fifo]) -> list[str]:
    """What each FIFO holds, in words."""
    return [f"{fifo.name} {fifo.fill} of {fifo.depth}" for fifo in fifos]


def _in_words(wait: Wait, fifo: Fifo) -> str:
    state = "empty" if wait.action == "read" else "full"
    return (
        f"{wait.process} waits for {wait.waits_for} to "
        f"{'write' if wait.action == 'read' else 'read'} {wait.fifo}: "
        f"{state}, {fifo.fill} of {fifo.depth}, frame {wait.frame}"
    )
