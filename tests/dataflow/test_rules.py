"""Firing rules against the formulas of cycles and against what the compiled headers do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from dataflow_graphs import random_folds
from header_bench import hls4ml_templates
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import graphs
from random_networks import random_network

from fcn_hw.backend.op_emission import emit_process
from fcn_hw.dataflow.lowering import Process, lower
from fcn_hw.firing import STREAM
from fcn_hw.ops import OPS, Fold
from fcn_hw.resources import data_folder


@settings(max_examples=60)
@given(graphs(), st.integers(0, 99))
def test_without_latency_a_frame_has_the_cycles_of_the_header(graph, seed) -> None:
    folds = random_folds(graph, seed)
    for process in lower(graph).processes:
        operands = tuple(stream.tensor for stream in process.inputs)
        fold = folds.get(process.name)
        found = process.schedule(fold, latency_scale=0)
        if process.op is not None:
            assert found.length == process.op.cycles(operands, fold)
        assert len(found.reads) == operands[0].height * operands[0].width
        output = process.outputs[0].tensor
        assert len(found.writes) == output.height * output.width


@settings(max_examples=60)
@given(graphs(), st.integers(0, 99), st.sampled_from([0.0, 0.5, 1.0, 2.0]))
def test_a_schedule_is_a_sequence_of_events(graph, seed, scale) -> None:
    folds = random_folds(graph, seed)
    for process in lower(graph).processes:
        found = process.schedule(folds.get(process.name), latency_scale=scale)
        for cycles in (found.reads, found.writes):
            assert np.all(np.diff(cycles) > 0)
            assert cycles[0] >= 0 and cycles[-1] < found.length
        assert np.all(found.gaps >= 1) and found.tail >= 0
        assert int(found.gaps.sum()) - 1 + found.tail == found.length - 1


@given(graphs(), st.integers(0, 99))
def test_latency_moves_writes_behind_reads_and_keeps_their_distances(graph, seed) -> None:
    folds = random_folds(graph, seed)
    for process in lower(graph).processes:
        fold = folds.get(process.name)
        without, with_latency = (process.schedule(fold, latency_scale=k) for k in (0.0, 1.0))
        operands = tuple(stream.tensor for stream in process.inputs)
        latency = process.op.latency_cycles(operands, fold) if process.op else STREAM
        assert latency >= 1
        assert np.array_equal(np.diff(without.writes), np.diff(with_latency.writes))
        assert with_latency.length >= without.length + latency


# -- the compiled headers --------------------------------------------------------------------------

_STREAM = """
#ifndef HLS_STREAM_H
#define HLS_STREAM_H
#include <vector>
// Counts the iterations of pipelined loops and notes in which of them a stream is read or written.
extern long cycle;
namespace hls {
template <class T> struct stream {
    std::vector<long> reads, writes;
    T read() { reads.push_back(cycle); return T(); }
    void write(const T &) { writes.push_back(cycle); }
};
}
#endif
"""

_MAIN = """
#include <cstdio>
long cycle = -1;
static void print(const char *what, const std::vector<long> &cycles) {
    std::printf("%s", what);
    for (long c : cycles) std::printf(" %ld", c);
    std::printf("\\n");
}
"""


@pytest.mark.gxx
def test_compiled_headers_read_and_write_in_the_cycles_of_the_schedule(tmp_path) -> None:
    """Every pipelined loop counts its iterations; all streams note theirs."""
    cases: list[tuple[Process, Fold | None]] = []
    for seed in range(24):
        graph = random_network(seed)
        folds = random_folds(graph, seed)
        cases += [(process, folds.get(process.name)) for process in lower(graph).processes]
    # all ops but the input, and the fork
    kinds = {process.op.kind if process.op else "fork" for process, _ in cases}
    assert len(kinds) == len(OPS), f"the networks lack an op: {sorted(kinds)}"
    # the same op of the same sizes once
    chosen = {_signature(process, fold): (process, fold) for process, fold in cases}
    found = _run(list(chosen.values()), tmp_path)
    for (process, fold), (total, reads, writes) in zip(chosen.values(), found, strict=True):
        expected = process.schedule(fold, latency_scale=0)
        context = f"{process.op}, {fold}"
        assert total == expected.length, context
        for cycles in reads:
            assert cycles == expected.reads.tolist(), context
        for cycles in writes:
            assert cycles == expected.writes.tolist(), context


def _signature(process: Process, fold: Fold | None) -> tuple[object, ...]:
    shapes = [s.tensor.shape for s in (*process.inputs, *process.outputs)]
    return (process.op.kind if process.op else "fork", str(shapes), fold)


def _run(
    cases: list[tuple[Process, Fold | None]], folder: Path
) -> list[tuple[int, list[list[int]], list[list[int]]]]:
    include = folder / "include" / "fcn_hw"
    include.mkdir(parents=True)
    (folder / "include" / "hls_stream.h").write_text(_STREAM)
    pipelined = 0
    for header in (data_folder("templates") / "include" / "fcn_hw").glob("*.h"):
        text = header.read_text()
        pipelined += text.count("#pragma HLS PIPELINE II=1")
        (include / header.name).write_text(text.replace("#pragma HLS PIPELINE II=1", "++cycle;"))
    assert pipelined >= 16, "the headers mark their pipelined loops in another way"
    headers = sorted({process.op.header().name for process, _ in cases if process.op})
    source = "".join(f'#include "fcn_hw/{name}"\n' for name in ["fork.h", *headers])
    source += '#include "nnet_types.h"\n' + _MAIN
    source += "".join(_case(index, *case) for index, case in enumerate(cases))
    calls = "".join(f"case{index}::run();\n" for index in range(len(cases)))
    (folder / "main.cpp").write_text(source + f"int main() {{\n{calls}}}\n")
    command = ["g++", "-std=c++14", "-O0", "-w", "-I", str(folder / "include")]
    for name in ("ap_types", "nnet_utils"):
        command += ["-isystem", str(hls4ml_templates() / name)]
    subprocess.run([*command, "main.cpp", "-o", "main"], cwd=folder, check=True)
    lines = subprocess.run(
        ["./main"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    results, position = [], 0
    for process, _ in cases:
        ends = position + 1 + len(process.inputs) + len(process.outputs)
        numbers = [[int(n) for n in line.split()[1:]] for line in lines[position:ends]]
        middle = 1 + len(process.inputs)
        results.append((numbers[0][0], numbers[1:middle], numbers[middle:]))
        position = ends
    return results


def _case(index: int, process: Process, fold: Fold | None) -> str:
    tensors = {s.tensor.name: s.tensor for s in (*process.inputs, *process.outputs)}
    names = [stream.name for stream in process.inputs], [stream.name for stream in process.outputs]
    text = f"namespace case{index} {{\n"
    for tensor in tensors.values():
        text += (
            f"typedef nnet::array<{tensor.format.ap_type}, {tensor.channels}> {tensor.name}_t;\n"
        )
    emitted = emit_process(process, fold, "Resource")
    lines = emitted.weights[1].splitlines() if emitted.weights else []
    text += emitted.config
    text += "\n".join(line for line in lines if not line.startswith("#")) + "\n"
    text += "void run() {\ncycle = -1;\n"
    for stream in (*process.inputs, *process.outputs):
        text += f"hls::stream<{stream.tensor.name}_t> {stream.name};\n"
    text += emitted.call + '\nstd::printf("cycles %ld\\n", cycle + 1);\n'
    text += "".join(f'print("r", {name}.reads);\n' for name in names[0])
    text += "".join(f'print("w", {name}.writes);\n' for name in names[1])
    return text + "}\n}\n"
