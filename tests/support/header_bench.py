"""Runs op headers on many graphs: one C++ program for all cases of a test, codes pass in files."""

from __future__ import annotations

import importlib.util
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fcn_hw.backend.op_emission import emit_op
from fcn_hw.fixed import Codes
from fcn_hw.ir import Graph
from fcn_hw.ops import Fold, Op, Padding
from fcn_hw.ops.channel_folds import ChannelFolded
from fcn_hw.reference import evaluate
from fcn_hw.resources import data_folder

FLAGS = ("-std=c++14", "-O1", "-Wall", "-Wextra", "-Werror")
# What the house style and ap_types need: pragmas of HLS, labels of loops, and constructors of
# ap_int that mask bits before these are set.
QUIET = ("unknown-pragmas", "unused-label", "uninitialized", "maybe-uninitialized")
# ap_types shifts negative numbers to the left.
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize=shift", "-fno-sanitize-recover=all")

LANES = 4
"""Frames side by side."""

_LANES_MAIN = """
template <class pixel_T>
void read_frame(std::FILE *file, hls::stream<pixel_T> &stream, int pixels) {
    std::vector<long long> codes(size_t(FCN_HW_LANES) * pixels * pixel_T::size);
    if (std::fread(codes.data(), 8, codes.size(), file) != codes.size()) std::abort();
    for (int n = 0; n < pixels; ++n) {
        pixel_T pixel;
        for (unsigned c = 0; c < pixel_T::size; ++c) {
            fcn_hw::each<long long> code;
            for (int frame = 0; frame < FCN_HW_LANES; ++frame)
                code.of[frame] = codes[(size_t(frame) * pixels + n) * pixel_T::size + c];
            pixel[c] = fcn_hw::from_code<typename pixel_T::value_type>(code);
        }
        stream.write(pixel);
    }
}

template <class pixel_T>
bool write_frame(std::FILE *file, hls::stream<pixel_T> &stream, const char *name, int frame,
                 size_t pixels) {
    if (stream.size() != pixels) {
        std::printf("%s, frame %d: %zu pixels written\\n", name, frame, stream.size());
        return false;
    }
    std::vector<long long> codes(FCN_HW_LANES * pixels * pixel_T::size);
    for (size_t n = 0; n < pixels; ++n) {
        const pixel_T pixel = stream.read();
        for (unsigned c = 0; c < pixel_T::size; ++c) {
            const fcn_hw::each<long long> code = fcn_hw::to_code(pixel[c]);
            for (int frame = 0; frame < FCN_HW_LANES; ++frame)
                codes[(frame * pixels + n) * pixel_T::size + c] = code.of[frame];
        }
    }
    std::fwrite(codes.data(), 8, codes.size(), file);
    return true;
}
"""

_MAIN = """
template <class pixel_T>
void read_frame(std::FILE *file, hls::stream<pixel_T> &stream, int pixels) {
    for (int n = 0; n < pixels; ++n) {
        pixel_T pixel;
        for (unsigned c = 0; c < pixel_T::size; ++c) {
            long long code = 0;
            if (std::fread(&code, sizeof code, 1, file) != 1) std::abort();
            pixel[c] = fcn_hw::from_code<typename pixel_T::value_type>(code);
        }
        stream.write(pixel);
    }
}

template <class pixel_T>
bool write_frame(std::FILE *file, hls::stream<pixel_T> &stream, const char *name, int frame,
                 size_t pixels) {
    if (stream.size() != pixels) {
        std::printf("%s, frame %d: %zu pixels written\\n", name, frame, stream.size());
        return false;
    }
    for (size_t n = 0; n < pixels; ++n) {
        const pixel_T pixel = stream.read();
        for (unsigned c = 0; c < pixel_T::size; ++c) {
            const long long code = fcn_hw::to_code(pixel[c]);
            std::fwrite(&code, sizeof code, 1, file);
        }
    }
    return true;
}
"""

_ALL_READ = """
template <class pixel_T> bool all_read(hls::stream<pixel_T> &stream, const char *name, int frame) {
    if (!stream.empty())
        std::printf("%s, frame %d: %zu pixels left unread\\n", name, frame, stream.size());
    return stream.empty();
}
"""


@dataclass(frozen=True)
class Case:
    """An op under test and its inputs.

    Args:
        graph: inputs and one op, the output.
        fold: of an op that has one, else None.
        frames: codes (N, height, width, channels) of each input.
    """

    graph: Graph
    fold: Fold | None
    frames: dict[str, Codes]

    @property
    def op(self) -> Op:
        return self.graph[self.graph.outputs[0]]


def padding_of(given: str | tuple[int, int, int, int], *window: tuple[int, int]) -> Padding:
    """(top, bottom, left, right), or TensorFlow's ``"same"``.

    Args:
        window: size of the frame, kernel or pool, strides and dilation if there is one.
    """
    return Padding.same(*window) if isinstance(given, str) else Padding(*given)


def make_case(graph: Graph, seed: int, fold: Fold | None = None) -> Case:
    """A case of four frames: random codes, all least, all largest, and extremes at random.

    Ops that need no fold get one of theirs by the seed.
    """
    op = graph[graph.outputs[0]]
    if fold is None and isinstance(op, ChannelFolded):
        fold = op.legal_folds()[seed % len(op.legal_folds())]
    generator = np.random.default_rng(seed)
    frames = {}
    for port in graph.inputs:
        fmt, shape = port.output.format, port.output.shape
        ends = np.array([fmt.min_code, fmt.max_code])
        frames[port.name] = np.stack(
            [
                generator.integers(fmt.min_code, fmt.max_code, shape, endpoint=True),
                np.full(shape, fmt.min_code),
                np.full(shape, fmt.max_code),
                generator.choice(ends, shape),
            ]
        )
    return Case(graph, fold, frames)


def check(
    cases: list[Case], folder: Path, *flags: str, cycles: bool = False, lanes: bool = False
) -> None:
    """Compiles and runs all cases and compares every code with the oracle's.

    Args:
        flags: further options of the compiler.
        cycles: also counts the cycles of the pipelined loops and compares with ``Op.cycles``.
        lanes: all frames of a case side by side, without ap_types.

    Raises:
        AssertionError: warnings, a stream that is not read or written exactly, or a wrong code.
    """
    if lanes:
        cases = [_with_full_lanes(case) for case in cases]
    results = run(cases, folder, *flags, cycles=cycles, lanes=lanes)
    for index, (case, found) in enumerate(zip(cases, results, strict=True)):
        expected = evaluate(case.graph, case.frames)[case.op.name]
        wrong = np.argwhere(found != expected)
        assert not wrong.size, (
            f"case {index}, {case.op}, {case.fold}: {len(wrong)} of {found.size} codes differ, "
            f"first at {tuple(wrong[0])}: "
            f"expected {expected[tuple(wrong[0])]}, got {found[tuple(wrong[0])]}"
        )


def run(
    cases: list[Case], folder: Path, *flags: str, cycles: bool = False, lanes: bool = False
) -> list[Codes]:
    """Compiles and runs all cases; the codes of each one's output."""
    source, program = folder / "cases.cpp", folder / "cases"
    source.write_text(_source(cases, cycles, lanes))
    include = data_folder("templates") / "include"
    if cycles:
        include = counting_headers(include, folder / "include")
    compiled = compile_source(source, include, *flags, "-o", str(program), lanes=lanes)
    assert compiled.returncode == 0, compiled.stderr[:6000]
    assert not compiled.stderr, compiled.stderr[:6000]

    step = LANES if lanes else 1
    calls = [
        (case, slice(first, first + step))
        for case in cases
        for first in range(0, _count(case), step)
    ]
    codes = [
        case.frames[port.name][call].ravel() for case, call in calls for port in case.graph.inputs
    ]
    np.concatenate(codes).astype("<i8").tofile(folder / "in.bin")
    ran = subprocess.run([program], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and not ran.stdout and not ran.stderr, ran.stdout + ran.stderr

    found = np.fromfile(folder / "out.bin", dtype="<i8")
    results, start = [], 0
    for case in cases:
        shape = (_count(case), *case.op.output.shape)
        results.append(found[start : start + int(np.prod(shape))].reshape(shape))
        start += int(np.prod(shape))
    assert start == found.size
    return results


def hls4ml_templates() -> Path:
    """Where hls4ml keeps its C++ headers; found without the second that importing it takes."""
    spec = importlib.util.find_spec("hls4ml")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "templates" / "vivado"


def compile_source(
    source: Path, include: Path, *flags: str, lanes: bool = False
) -> subprocess.CompletedProcess[str]:
    """Runs g++ on a file that uses the headers below ``include``."""
    command = ["g++", *FLAGS, *(f"-Wno-{name}" for name in QUIET), *flags]
    if lanes:
        stand_in = data_folder("templates") / "sim" / "lanes"
        command += [f"-DFCN_HW_LANES={LANES}", "-Wno-deprecated-copy", "-I", str(stand_in)]
    for name in ("nnet_utils",) if lanes else ("ap_types", "nnet_utils"):
        command += ["-isystem", str(hls4ml_templates() / name)]
    command += ["-I", str(include), str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def counting_headers(include: Path, copy: Path) -> Path:
    """A copy of the headers in which every iteration of a pipelined loop counts as a cycle."""
    (copy / "fcn_hw").mkdir(parents=True)
    for header in (include / "fcn_hw").glob("*.h"):
        text = header.read_text().replace("#pragma HLS PIPELINE II=1", "++pipelined_cycles;")
        (copy / "fcn_hw" / header.name).write_text(text)
    return copy


def _with_full_lanes(case: Case) -> Case:
    """The case with its first frames again at the end, so that the lanes come out even."""
    count = -(-_count(case) // LANES) * LANES
    frames = {
        name: np.resize(codes, (count, *codes.shape[1:])) for name, codes in case.frames.items()
    }
    return Case(case.graph, case.fold, frames)


def _count(case: Case) -> int:
    return len(next(iter(case.frames.values())))


def _source(cases: list[Case], cycles: bool, lanes: bool) -> str:
    headers = sorted({f"fcn_hw/{case.op.header().name}" for case in cases} | {"fcn_hw/code.h"})
    text = "static long long pipelined_cycles = 0;\n" if cycles else ""
    text += "".join(f'#include "{header}"\n' for header in headers)
    text += '#include "nnet_types.h"\n#include <cstdio>\n#include <cstdlib>\n#include <vector>\n'
    text += (_LANES_MAIN if lanes else _MAIN) + _ALL_READ
    text += "".join(_case_source(index, case, cycles, lanes) for index, case in enumerate(cases))
    calls = " && ".join(f"case{index}::run(in, out)" for index in range(len(cases)))
    return text + (
        "\nint main() {\n"
        '    std::FILE *in = std::fopen("in.bin", "rb"), *out = std::fopen("out.bin", "wb");\n'
        f"    const bool passed = {calls};\n"
        "    std::fclose(in);\n    std::fclose(out);\n    return passed ? 0 : 1;\n}\n"
    )


def _case_source(index: int, case: Case, cycles: bool, lanes: bool) -> str:
    op, graph = case.op, case.graph
    tensors = [graph.tensor(name) for name in dict.fromkeys((*op.inputs, op.name))]
    text = f"\nnamespace case{index} {{\n"
    for tensor in tensors:
        text += (
            f"typedef nnet::array<{tensor.format.ap_type}, {tensor.channels}> {tensor.name}_t;\n"
        )
    emitted = emit_op(op, graph.operands(op), op.inputs, op.name, case.fold, "Resource")
    text += emitted.config
    # one translation unit holds the ROMs of all cases: no include guards, no includes
    lines = emitted.weights[1].splitlines() if emitted.weights else []
    text += "\n".join(line for line in lines if not line.startswith("#")) + "\n"
    text += "bool run(std::FILE *in, std::FILE *out) {\n"
    text += "".join(f'hls::stream<{t.name}_t> {t.name}("{t.name}");\n' for t in tensors)
    calls = _count(case) // LANES if lanes else _count(case)
    text += f"for (int frame = 0; frame < {calls}; ++frame) {{\n"
    label = f'"case {index} {op.kind}", frame'
    for port in graph.inputs:
        pixels = port.output.height * port.output.width
        text += f"read_frame(in, {port.name}, {pixels});\n"
    text += emitted.call + "\n"
    if cycles:
        expected = op.cycles(graph.operands(op), case.fold)
        text += (
            f"if (pipelined_cycles != {expected}) {{\n"
            f'std::printf("%s %d: %lld cycles, not {expected}\\n", {label}, pipelined_cycles);\n'
            "return false;\n}\npipelined_cycles = 0;\n"
        )
    pixels = op.output.height * op.output.width
    conditions = [f"all_read({name}, {label})" for name in op.inputs]
    conditions.append(f"write_frame(out, {op.name}, {label}, {pixels})")
    return text + f"if (!({' && '.join(conditions)})) return false;\n}}\nreturn true;\n}}\n}}\n"
