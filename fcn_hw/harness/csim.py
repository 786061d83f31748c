"""C simulation of an emitted project: plan, run, traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import ReportError, ToolFailed
from fcn_hw.fixed import Codes
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.traces import element_dtype, read_trace, write_frames
from fcn_hw.ir import Graph, Input
from fcn_hw.plan import Command, Plan
from fcn_hw.reference import evaluate
from fcn_hw.tools.gxx import plan_compile
from fcn_hw.tools.runner import run

RUN_FOLDER = "csim"
"""Below the project: input frames and traces."""

QUIET = (
    "-Wno-unknown-pragmas",  # HLS
    "-Wno-unused-label",  # loops carry labels for HLS reports
    "-Wno-uninitialized",  # constructors of ap_int mask bits before these are set
    "-Wno-maybe-uninitialized",  # hls_stream.h copies an element through a bare variable
)

NO_EXCEPTIONS = "-fno-exceptions"
"""Nothing in a project throws. With exceptions g++ 12 takes a time that is quadratic in the length
of an array of ``ap_fixed`` that is initialised by fractions, as hls4ml's weights are."""

BATCH_FRAMES = 16
"""Frames that the oracle evaluates at a time."""

_STREAM_WARNING = "WARNING: Hls::stream"  # an empty read or leftover data, by hls_stream.h


@dataclass(frozen=True)
class CsimRun:
    """What a simulation left behind.

    Args:
        frames: simulated.
        seconds: of the simulation, without compilation.
        folder: holds ``<tensor>.bin``.
    """

    frames: int
    seconds: float
    folder: Path


def plan_build(
    graph: Graph, ap_types: Path, *, optimize: str = "-O3", timeout_s: float = 1800.0
) -> Plan:
    """Compiles the project of ``graph`` into ``csim/simulate``, traces on.

    Args:
        ap_types: folder of ``ap_fixed.h`` and its neighbours.
        optimize: g++'s optimization level; a low one compiles faster and simulates slower.
        timeout_s: for each command.
    """
    return plan_compile(
        sources=(
            f"firmware/{graph.name}.cpp", f"firmware/{graph.name}_axi.cpp", "tb/csim_main.cpp",
        ),
        program=f"{RUN_FOLDER}/simulate",
        flags=(
            "-std=c++14", optimize, "-march=native", "-Wall", "-Wextra", *QUIET,
            NO_EXCEPTIONS, "-DFCN_HW_TRACE", "-Ifirmware", "-Itb/axis", "-isystem", str(ap_types),
        ),
        timeout_s=timeout_s,
    )  # fmt: skip


def plan_run(graph: Graph, frames: int, timeout_s: float) -> Plan:
    """Runs the compiled program on the frames in ``csim/<input>.bin``, one process."""
    inputs = tuple(f"{op.name}.in.bin" for op in graph.inputs)
    return Plan(
        stages=(
            (
                Command(
                    name="csim",
                    argv=("./simulate", str(frames), *inputs),
                    timeout_s=timeout_s,
                    expects=tuple(f"{RUN_FOLDER}/{name}.bin" for name in traced(graph)),
                    cwd=RUN_FOLDER,
                ),
            ),
        )
    )


def traced(graph: Graph) -> tuple[str, ...]:
    """The tensors that a simulation records: every op's but the inputs'."""
    return tuple(op.name for op in graph.ops if not isinstance(op, Input))


def simulate(
    graph: Graph,
    project: Path,
    codes: Codes,
    *,
    timeout_s: float = 7200.0,
    on_frame: Callable[[int], None] | None = None,
) -> CsimRun:
    """Runs the built simulation on input codes (N, H, W, C).

    Raises:
        ToolFailed: the program failed, or a stream was read empty or left with data.
    """
    folder = project / RUN_FOLDER
    write_frames(folder / f"{graph.inputs[0].name}.in.bin", codes, graph.inputs[0].output.format)
    return run_frames(graph, project, len(codes), timeout_s=timeout_s, on_frame=on_frame)


def run_frames(
    graph: Graph,
    project: Path,
    frames: int,
    *,
    timeout_s: float = 7200.0,
    on_frame: Callable[[int], None] | None = None,
) -> CsimRun:
    """As :func:`simulate`, on the frames that lie in ``csim/<input>.in.bin``."""

    def on_line(line: str) -> None:
        if on_frame is not None and line.startswith("frame "):
            on_frame(int(line.split()[1]))

    plan = plan_run(graph, frames, timeout_s)
    (result,) = run(plan, project, on_line=on_line)
    for line in result.log.read_text(errors="replace").splitlines():
        if _STREAM_WARNING in line:
            raise ToolFailed(plan.commands[0].argv, result.log, line, "a stream was misused")
    return CsimRun(frames, result.seconds, project / RUN_FOLDER)


def compare_with_oracle(
    graph: Graph,
    finished: CsimRun,
    codes: Codes,
    *,
    on_frame: Callable[[int], None] | None = None,
) -> dict[str, Comparison]:
    """Every traced tensor against the oracle, all frames, tolerance zero."""
    names = traced(graph)
    found = {name: Comparison(name) for name in names}
    traces = {
        name: read_trace(_trace(finished, name), graph.tensor(name), finished.frames)
        for name in names
    }
    for first in range(0, finished.frames, BATCH_FRAMES):
        batch = slice(first, first + BATCH_FRAMES)
        expected = evaluate(graph, {graph.inputs[0].name: codes[batch]}, keep=names)
        for name in names:
            found[name] = found[name].extended(expected[name], traces[name][batch], first)
        if on_frame is not None:
            on_frame(min(first + BATCH_FRAMES, finished.frames))
    return found


def class_maps(graph: Graph, finished: CsimRun) -> npt.NDArray[np.uint8]:
    """The simulated class maps (N, H, W) of the first output."""
    tensor = graph.tensor(graph.outputs[0])
    if element_dtype(tensor.format) != np.uint8 or tensor.channels != 1:
        raise ReportError(f"'{tensor.name}' is no class map", hint="export the model with arg-max")
    return np.array(read_trace(_trace(finished, tensor.name), tensor, finished.frames)[..., 0])


def _trace(finished: CsimRun, name: str) -> Path:
    return finished.folder / f"{name}.bin"


def batches(count: int) -> Iterator[slice]:
    """Slices of :data:`BATCH_FRAMES` frames."""
    for first in range(0, count, BATCH_FRAMES):
        yield slice(first, min(first + BATCH_FRAMES, count))
