"""hls4ml's convolutions against the oracle, code for code, over a grid of shapes and formats."""

from __future__ import annotations

from itertools import cycle, product
from pathlib import Path

import numpy as np
import pytest

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.hls4ml_conv import emitted_graph
from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import Layout
from fcn_hw.boards import load_board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import Folding
from fcn_hw.fixed import Codes, FixedFormat, Overflow, Rounding, parse_format
from fcn_hw.harness.csim import RUN_FOLDER, plan_build, plan_run, traced
from fcn_hw.harness.traces import read_trace, write_frames
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.reference import evaluate
from fcn_hw.tools.runner import run, write_files

pytestmark = pytest.mark.gxx

FRAMES = 3  # the line buffers keep what the frame before left in them

# kernel, strides, padding (top, bottom, left, right), "same" or "valid"
GEOMETRIES = [
    *product([(1, 1), (2, 2), (3, 3), (5, 5)], [(1, 1), (2, 2)], ["same", "valid"]),
    ((3, 3), (1, 2), "same"),
    ((3, 3), (3, 2), "valid"),
    ((2, 2), (3, 3), "valid"),  # pixels that no window reads
    ((1, 1), (2, 3), (0, 1, 2, 0)),
    ((2, 3), (2, 1), (0, 1, 2, 0)),
    ((5, 1), (2, 1), (2, 1, 0, 0)),
    ((1, 5), (1, 2), "same"),
    ((3, 3), (1, 1), (4, 0, 0, 5)),  # windows of padding only
]
SIZES = [(7, 9), (6, 5), (5, 8), (9, 7)]
FLAT = [  # kernels that are larger than the frame too
    ((1, 9), (3, 3), (1, 1), "same"),
    ((9, 1), (3, 3), (2, 1), "same"),
    ((1, 1), (5, 5), (1, 1), "same"),
    ((1, 1), (1, 1), (1, 1), "valid"),
    ((1, 6), (1, 3), (1, 1), "valid"),
    ((6, 1), (3, 1), (2, 1), "valid"),
]
CHANNELS = [(1, 1), (3, 8), (8, 3), (1, 3), (8, 8), (3, 1), (6, 4)]
INPUTS = ["ufixed<8,0>", "ufixed<4,0>", "fixed<4,2>", "ufixed<1,1>", "fixed<16,4>", "fixed<3,5>"]
WEIGHTS = ["fixed<4,1>", "fixed<2,1,RND_CONV,SAT_SYM>", "fixed<8,-1>", "ufixed<3,1>", "fixed<2,2>"]
BIASES = ["fixed<8,1>", None, "fixed<24,4>", "fixed<6,6>"]
OUTPUTS = [
    None,
    FixedFormat(False, 1, 9, Rounding.RND_CONV, Overflow.SAT),  # far above all sums
    FixedFormat(True, 2, 40, Rounding.RND, Overflow.SAT),
    *(
        FixedFormat(signed, 4 + number % 3, number % 4, rounding, overflow)
        for number, (signed, rounding, overflow) in enumerate(
            product((False, True), Rounding, Overflow)
        )
    ),
]


def grid() -> tuple[Graph, Folding]:
    """All cases in one graph: an input and a convolution each, half of them Latency."""
    rng = np.random.default_rng(11)
    channels, sizes, outputs = cycle(CHANNELS), cycle(SIZES), cycle(OUTPUTS)
    inputs, weights, biases = cycle(INPUTS), cycle(WEIGHTS), cycle(BIASES)
    cases = [(next(sizes), *geometry) for geometry in GEOMETRIES] + FLAT
    build = GraphBuilder("grid")
    folds, strategies = {}, {}

    def constant(shape: tuple[int, ...], text: str) -> Constant:
        fmt = parse_format(text)
        return Constant(rng.integers(fmt.min_code, fmt.max_code, shape, endpoint=True), fmt)

    for number, (size, kernel, strides, padding) in enumerate(cases):
        n_chan, n_filt = next(channels)
        if padding == "same":
            pad = Padding.same(size, kernel, strides, (1, 1))
        else:
            pad = Padding() if padding == "valid" else Padding(*padding)
        build.input(f"in{number}", (*size, n_chan), parse_format(next(inputs)))
        bias = next(biases)
        build.conv2d(
            f"conv{number}", f"in{number}", constant((*kernel, n_chan, n_filt), next(weights)),
            None if bias is None else constant((n_filt,), bias),
            strides=strides, padding=pad, fmt=next(outputs),
        )  # fmt: skip
    graph = build.finish(*(f"conv{number}" for number in range(len(cases))))
    for number, op in enumerate(op for op in graph.ops if isinstance(op, Conv2D)):
        choices = op.legal_folds()
        folds[op.name] = choices[rng.integers(len(choices))]
        strategies[op.name] = ("Resource", "Resource", "Latency")[number % 3]
    return graph, Folding(folds, strategies)


def frames(graph: Graph) -> dict[str, Codes]:
    """Random codes; all largest; extremes at random."""
    rng = np.random.default_rng(12)
    found = {}
    for port in graph.inputs:
        fmt, shape = port.output.format, port.output.shape
        found[port.name] = np.stack(
            [
                rng.integers(fmt.min_code, fmt.max_code, shape, endpoint=True),
                np.full(shape, fmt.max_code),
                rng.choice([fmt.min_code, fmt.max_code], shape),
            ]
        )
    return found


def test_every_code_is_the_oracles(tmp_path: Path) -> None:
    graph, folding = grid()
    emitted = emitted_graph(graph, "hls4ml")
    plan = plan_project(
        graph, load_board("pynq-z2"), Hls(Conv="hls4ml"), Layout(folding, lower(emitted))
    )
    assert str(plan.files["firmware/grid.cpp"]).count("nnet::") == len(emitted.ops) - len(
        graph.inputs
    )
    write_files(plan, tmp_path)
    run(plan_build(graph, ap_types_folder(), optimize="-O0"), tmp_path)
    codes = frames(graph)
    for port in graph.inputs:
        write_frames(
            tmp_path / RUN_FOLDER / f"{port.name}.in.bin", codes[port.name], port.output.format
        )
    run(plan_run(emitted, FRAMES, 300.0), tmp_path)
    expected = evaluate(emitted, codes, keep=traced(emitted))
    for name in traced(emitted):
        found = read_trace(tmp_path / RUN_FOLDER / f"{name}.bin", emitted.tensor(name), FRAMES)
        wrong = np.argwhere(found != expected[name])
        assert not wrong.size, (emitted[name], len(wrong), wrong[0])
