"""C simulation of an emitted project: plan, run, traces.

The same sources are compiled in two ways. With the official ap_types, one frame at a time, which is
slow and the sign-off. Or with :mod:`fcn_hw.harness.lanes`, many frames side by side on native
integers, which is what ``csim`` takes by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import ToolFailed
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.lanes import LANES_FOLDER, lanes_of
from fcn_hw.harness.traces import read_trace, write_frames
from fcn_hw.ir import Graph, outputs
from fcn_hw.plan import Command, Plan
from fcn_hw.reference import evaluate_parts
from fcn_hw.tools.gxx import plan_compile
from fcn_hw.tools.runner import run

RUN_FOLDER = "csim"
"""Below the project: program, input frames and traces."""

SIGN_OFF_FOLDER = "sign_off"
"""The same for the program that is compiled with the official ap_types."""

QUIET = (
    "-Wno-unknown-pragmas",  # HLS
    "-Wno-unused-label",  # loops carry labels for HLS reports
    "-Wno-uninitialized",  # constructors of ap_int mask bits before these are set
    "-Wno-maybe-uninitialized",  # hls_stream.h copies an element through a bare variable
)

NO_EXCEPTIONS = "-fno-exceptions"
"""Nothing in a project throws. With exceptions g++ 12 takes a time that is quadratic in the length
of an array of ``ap_fixed`` that is initialised by fractions, as hls4ml's weights are."""

_FLAGS = (
    "-std=c++14", "-march=native", "-Wall", "-Wextra", *QUIET, NO_EXCEPTIONS, "-DFCN_HW_TRACE",
)  # fmt: skip

BATCH_FRAMES = 16
"""Frames that a QKeras model and the oracle evaluate at a time."""

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


class Interrupted(Exception):
    """The run was ended by the one who started it."""


def plan_build(
    graph: Graph,
    ap_types: Path,
    *,
    optimize: str = "-O3",
    folder: str = RUN_FOLDER,
    timeout_s: float = 1800.0,
) -> Plan:
    """Compiles the project of ``graph`` with ap_types into ``<folder>/simulate``, traces on.

    The test bench is that of the top function, through its AXI streams.

    Args:
        ap_types: folder of ``ap_fixed.h`` and its neighbours.
        optimize: g++'s optimization level; a low one compiles faster and simulates slower.
        folder: of the program, below the project.
        timeout_s: for each command.
    """
    return plan_compile(
        sources=(
            f"firmware/{graph.name}.cpp", f"firmware/{graph.name}_axi.cpp", "tb/csim_main.cpp",
        ),
        program=f"{folder}/simulate",
        flags=(
            *_FLAGS, optimize, "-Ifirmware", "-Itb/axis", "-isystem", str(ap_types),
        ),
        timeout_s=timeout_s,
    )  # fmt: skip


def plan_lanes_build(graph: Graph, *, optimize: str = "-O3") -> Plan:
    """Compiles the network for frames side by side into ``csim/simulate``, traces on.

    The sources are those of :func:`plan_build`, but for the wrapper that packs pixels into beats of
    the AXI streams, and the test bench.
    """
    return plan_compile(
        sources=(f"firmware/{graph.name}.cpp", "tb/lanes_main.cpp"),
        program=f"{RUN_FOLDER}/simulate",
        flags=(
            *_FLAGS, optimize, "-Wno-deprecated-copy", f"-DFCN_HW_LANES={lanes_of(graph)}",
            f"-I{LANES_FOLDER}", "-Ifirmware",
        ),
    )  # fmt: skip


def plan_run(
    graph: Graph, frames: int, timeout_s: float, *, folder: str = RUN_FOLDER, part: str = ""
) -> Plan:
    """Runs the compiled program on the frames in ``<folder>/<part>/<input>.in.bin``, one process.

    Args:
        folder: of the program.
        part: folder below it, of input frames and traces; programs can run side by side in several.
    """
    inputs = tuple(f"{op.name}.in.bin" for op in graph.inputs)
    cwd = f"{folder}/{part}" if part else folder
    return Plan(
        stages=(
            (
                Command(
                    name=f"{folder}-{part}" if part else folder,
                    argv=("../simulate" if part else "./simulate", str(frames), *inputs),
                    timeout_s=timeout_s,
                    expects=tuple(f"{cwd}/{name}.bin" for name in traced(graph)),
                    cwd=cwd,
                ),
            ),
        )
    )


def traced(graph: Graph) -> tuple[str, ...]:
    """The tensors that a simulation records: every op's but the inputs'."""
    return tuple(op.name for op in graph.computed)


def simulate(
    graph: Graph,
    project: Path,
    codes: Mapping[str, npt.NDArray[np.integer]],
    *,
    folder: str = RUN_FOLDER,
    part: str = "",
    timeout_s: float = 7200.0,
    on_frame: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> CsimRun:
    """Runs the built simulation on some frames, one process, traces of all frames.

    Args:
        codes: (N, H, W, C) of each input.
        folder, part: as :func:`plan_run` has them.
        stop: another thread sets it to end the run early; then there is nothing to compare.

    Raises:
        ToolFailed: the program failed, or a stream was read empty or left with data.
    """
    where = project / folder / part
    where.mkdir(parents=True, exist_ok=True)
    for op in graph.inputs:
        write_frames(where / f"{op.name}.in.bin", codes[op.name], op.output.format)
    return run_frames(
        graph, project, frame_count(codes), folder=folder, part=part, timeout_s=timeout_s,
        on_frame=on_frame, stop=stop,
    )  # fmt: skip


def run_frames(
    graph: Graph,
    project: Path,
    frames: int,
    *,
    folder: str = RUN_FOLDER,
    part: str = "",
    timeout_s: float = 7200.0,
    on_frame: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> CsimRun:
    """As :func:`simulate`, on the frames that lie in ``<folder>/<part>/<input>.in.bin``."""

    def on_line(line: str) -> None:
        if on_frame is not None and line.startswith("frame "):
            on_frame(int(line.split()[1]))

    plan = plan_run(graph, frames, timeout_s, folder=folder, part=part)
    results = run(plan, project, on_line=on_line, stop=stop)
    if not results:
        raise Interrupted
    (result,) = results
    for line in result.log.read_text(errors="replace").splitlines():
        if _STREAM_WARNING in line:
            raise ToolFailed(plan.commands[0].argv, result.log, line, "a stream was misused")
    return CsimRun(frames, result.seconds, project / folder / part)


def compare_with_oracle(
    graph: Graph,
    finished: CsimRun,
    codes: Mapping[str, npt.NDArray[np.integer]],
    *,
    first_frame: int = 0,
    on_frame: Callable[[int], None] | None = None,
) -> dict[str, Comparison]:
    """Every traced tensor against the oracle, all frames, tolerance zero.

    Args:
        codes: (N, H, W, C) of each input.
        first_frame: number of the run's first frame in a larger set.
    """
    names = traced(graph)
    found = {name: Comparison(name) for name in names}
    traces = {
        name: read_trace(_trace(finished, name), graph.tensor(name), finished.frames)
        for name in names
    }
    # what was just computed is compared in the cache
    for part, _, expected in evaluate_parts(graph, codes, keep=names):
        for name in names:
            found[name] = found[name].extended(
                expected[name], traces[name][part], first_frame + part.start
            )
        if on_frame is not None:
            on_frame(part.stop)
    return found


def class_maps(graph: Graph, finished: CsimRun) -> dict[str, npt.NDArray[np.uint8]]:
    """The simulated class maps (N, H, W), by output."""
    return {
        name: np.array(
            read_trace(_trace(finished, name), graph.tensor(name), finished.frames)[..., 0]
        )
        for name in outputs.class_maps(graph)
    }


def _trace(finished: CsimRun, name: str) -> Path:
    return finished.folder / f"{name}.bin"


def frame_count(codes: Mapping[str, npt.NDArray[np.integer]]) -> int:
    """How many frames the inputs have, which is the same for all."""
    (count,) = {len(item) for item in codes.values()}
    return count


def batches(count: int) -> Iterator[slice]:
    """Slices of :data:`BATCH_FRAMES` frames."""
    for first in range(0, count, BATCH_FRAMES):
        yield slice(first, min(first + BATCH_FRAMES, count))
