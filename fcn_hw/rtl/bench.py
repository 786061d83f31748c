"""The RTL of a network in Verilator: how the simulator is built and run, and what it measures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.errors import ReportError
from fcn_hw.plan import Command, Plan
from fcn_hw.resources import data_folder
from fcn_hw.rtl.front_end import CLANG
from fcn_hw.rtl.network import Network
from fcn_hw.rtl.verilog import legal

FOLDER = "simulator"
VERILOG = "verilog"
RESULT = "result.json"
IDLE_CLOCKS = 5000
"""Clocks without a transfer after which a network of fast folds stands still."""


@dataclass(frozen=True)
class Frames:
    """Of a stream, what the files have: bytes a code, pixels a frame."""

    code_bytes: int
    pixels: int


@dataclass(frozen=True)
class StreamResult:
    """What was seen of a stream.

    Args:
        first_wrong: number of the first wrong code, counted over pixels and channels.
        expected, actual: this code's bits; 0 where no code was expected any more.
        held, peak: pixels in its FIFO, at the end and at most.
        writer_waits, reader_waits: whether a process waits at its FIFO at the end.
        frame_ends: clock of the last pixel of each frame.
    """

    pixels: int
    wrong: int
    first_wrong: int
    expected: int
    actual: int
    held: int
    peak: int
    writer_waits: bool
    reader_waits: bool
    frame_ends: tuple[int, ...]


@dataclass(frozen=True)
class Simulated:
    """A simulation.

    Args:
        finished: whether every frame came out; otherwise the network stood still.
        seconds: of processor time, of the simulation alone.
    """

    clocks: int
    seconds: float
    finished: bool
    streams: Mapping[str, StreamResult]


def plan_simulator(
    network: Network,
    verilog: Mapping[str, str],
    frames: Mapping[str, Frames],
    *,
    jobs: int = 1,
    clang: str = CLANG,
    optimize: str = "-O2",
) -> Plan:
    """Has Verilator turn the network into C++, and make and clang compile it with the bench.

    The simulator is for the machine that builds it (``-march=native``), as that of C simulation is.

    Args:
        verilog: every module's file by name; the top has taps.
        frames: of each stream.
        jobs: compilations at a time.
        clang: the C++ compiler; the code that g++ 12 makes of Verilator's takes a third longer.
        optimize: how; ``-O0`` for a simulation that is shorter than a compilation.
    """
    top = f"V{legal(network.name)}"
    bench = data_folder("templates") / "rtl" / "bench"
    files = {f"{VERILOG}/{name}": text for name, text in verilog.items()}
    files |= {f"{FOLDER}/{name}": (bench / name).read_text() for name in ("bench.cpp", "shapes.h")}
    files[f"{FOLDER}/network.h"] = _table(network, top, frames)
    translate = Command(
        "verilator",
        (
            "verilator", "--cc", "--exe", "--no-timing", "-Wall", "-Wno-DECLFILENAME", "-O3",
            "--x-assign", "fast", "--x-initial", "fast", "--noassert", "--output-split", "8000",
            "--prefix", top, "--top-module", legal(network.name), "--Mdir", f"{FOLDER}/obj",
            "-CFLAGS", "-I.. -std=c++17 -fno-exceptions", "-LDFLAGS", "-latomic",
            *(f"{VERILOG}/{name}" for name in verilog), f"{FOLDER}/bench.cpp", "-o", "../bench",
        ),
        600.0,
        (f"{FOLDER}/obj/{top}.mk",),
    )  # fmt: skip
    build = Command(
        "build-simulator",
        (
            "make", "-j", str(jobs), "-f", f"{top}.mk", f"CXX={clang}", f"LINK={clang}",
            f"OPT_FAST={optimize} -march=native", "OPT_SLOW=-O0", f"OPT_GLOBAL={optimize}",
            "CFG_CXXFLAGS_PCH_I=-include",
        ),
        1800.0,
        (f"{FOLDER}/bench",),
        cwd=f"{FOLDER}/obj",
    )  # fmt: skip
    return Plan(files=files, stages=((translate,), (build,)))


def plan_lint(network: Network, verilog: Mapping[str, str]) -> Plan:
    """Has Verilator check the modules, every warning on; those that are waived are named in
    them."""
    argv = ("verilator", "--lint-only", "-Wall", "-Wno-DECLFILENAME", "--top-module",
            legal(network.name), *(f"{VERILOG}/{name}" for name in verilog))  # fmt: skip
    files = {f"{VERILOG}/{name}": text for name, text in verilog.items()}
    return Plan(files=files, stages=((Command("lint", argv, 600.0),),))


def plan_run(
    *, stall: float = 0.0, seed: int = 1, part: str = "run", idle_clocks: int = IDLE_CLOCKS
) -> Plan:
    """Runs the simulator on the files in ``<FOLDER>/<part>``.

    Args:
        stall: share of the clocks in which a port of the top waits.
        idle_clocks: without a transfer, after which the network stands still; more than any process
            computes between two pixels.
    """
    words = (str(round(1000 * stall)), str(seed), str(idle_clocks))
    cwd = f"{FOLDER}/{part}"
    command = Command(
        f"simulate-{part}", ("../bench", *words), 72 * 3600.0, (f"{cwd}/{RESULT}",), cwd
    )
    return Plan(stages=((command,),))


def read_simulated(path: Path) -> Simulated:
    """What a run left.

    Raises:
        ReportError: it can't be read.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        streams = {
            name: StreamResult(**{**item, "frame_ends": tuple(item["frame_ends"])})
            for name, item in stored["streams"].items()
        }
        return Simulated(stored["clocks"], stored["seconds"], stored["finished"], streams)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path}: is no result of an RTL simulation ({error})") from error


def _table(network: Network, top: str, frames: Mapping[str, Frames]) -> str:
    """``network.h``: the ports of the model by stream."""
    inputs, outputs = set(network.inputs), set(network.outputs)
    rows_in, rows_out = [], []
    for name, stream in network.streams.items():
        own = frames[name]
        shape = f"{{{stream.pixel.width}, {stream.pixel.channels}, {own.code_bytes}}}"
        if name in inputs:
            rows_in.append(
                f'        {{"{name}", {shape}, '
                f"&top.{name}_dout, &top.{name}_empty, &top.{name}_read}},"
            )
            continue
        full = f"&top.{name}_full" if name in outputs else "nullptr"
        read, *waits = (
            "nullptr" if name in outputs else f"&top.tap_{name}_{end}"
            for end in ("read", "writer_waits", "reader_waits")
        )
        rows_out.append(
            f'        {{"{name}", {shape}, {own.pixels}, &top.tap_{name}, &top.tap_{name}_write, '
            f"{read}, {full}, {', '.join(waits)}}},"
        )
    return "\n".join(
        [
            "// Written by fcn_hw: the ports of the Verilated top.",
            f'#include "{top}.h"',
            '#include "shapes.h"',
            "#include <vector>",
            f"typedef {top} TOP;",
            "inline std::vector<Input> inputs_of(TOP &top) {",
            "    return {",
            *rows_in,
            "    };",
            "}",
            "inline std::vector<Tap> taps_of(TOP &top) {",
            "    return {",
            *rows_out,
            "    };",
            "}",
            "",
        ]
    )
