"""The order of scales, thresholds and tables in the ROMs."""

from __future__ import annotations

import numpy as np

from fcn_hw.backend.op_emission import emit_op
from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Constant, Fold

FORMAT = parse_format("fixed<8,8>")
SMALL = parse_format("ufixed<3,3>")


def graph() -> Graph:
    build = GraphBuilder("net")
    build.input("x", (2, 2, 4), SMALL)
    build.batch_norm("bn", "x", Constant(np.array([1, -2, 3, 4]), FORMAT), constant(4, 5, 6, 7))
    thresholds = Constant(np.arange(1, 13).reshape(4, 3) - 4, FORMAT)
    build.threshold("steps", "x", thresholds, constant(0, 1, 2, 3), constant(1, 1, 2, 2))
    build.lookup("lookup", "x", Constant(np.array([0, -1, 2, 3, 4, 5, 6, 7]), FORMAT))
    return build.finish("bn", "steps", "lookup")


def constant(*codes: int) -> Constant:
    return Constant(np.array(codes), SMALL)


def header(net: Graph, name: str, fold: Fold | None) -> str:
    weights = emit_op(net[name], (net.tensor("x"),), ["x"], name, fold, "Resource").weights
    assert weights is not None and weights[0] == f"{name}.h"
    return weights[1]


def test_channels_go_by_groups() -> None:
    net = graph()
    scales, biases = net["bn"].roms((net.tensor("x"),), Fold(2, 1), "Resource")
    assert scales.codes.tolist() == [[1, -2], [3, 4]]
    assert biases.codes.tolist() == [[4, 5], [6, 7]]
    assert (scales.bits, biases.bits) == (8, 4), "an unsigned code takes a bit more"
    roms = net["steps"].roms((net.tensor("x"),), Fold(1, 1), "Resource")
    bases, steps, coarse, fine = roms
    assert bases.codes.tolist() == [[0], [1], [2], [3]]
    assert steps.codes.tolist() == [
        [1],
        [1],
        [2],
        [2],
    ]
    # -3 and -2 always count, as 0 does; 8 never does, as 7 is the largest code
    assert coarse.codes.tolist() == [[[0]], [[1]], [[4]], [[7]]]
    assert fine.codes.tolist() == [[[0, 0]], [[0, 2]], [[3, 5]], [[6, 8]]]
    assert coarse.bits == fine.bits == 5


def test_rendered_headers() -> None:
    net = graph()
    assert header(net, "steps", Fold(2, 1)) == (
        "// ROMs of steps: integer codes. Emitted by fcn_hw.\n"
        "//   bases    ufixed<3,3>, [channel group 2][channel 2]\n"
        "//   steps    ufixed<3,3>, [channel group 2][channel 2]\n"
        "//   level 0  ufixed<4,4>, [channel group 2][channel 2][entry 1]\n"
        "//   level 1  ufixed<4,4>, [channel group 2][channel 2][entry 2]\n"
        "#ifndef STEPS_ROM_H_\n"
        "#define STEPS_ROM_H_\n"
        "\n"
        '#include "fcn_hw/types.h"\n'
        "\n"
        "static const fcn_hw::rom_t<4> steps_bases[2][2] = {\n"
        "    {0, 1},\n"
        "    {2, 3},\n"
        "};\n"
        "\n"
        "static const fcn_hw::rom_t<4> steps_steps[2][2] = {\n"
        "    {1, 1},\n"
        "    {2, 2},\n"
        "};\n"
        "\n"
        "static const fcn_hw::rom_t<5> steps_thresholds0[2][2][1] = {\n"
        "    {\n"
        "        {0},\n"
        "        {1},\n"
        "    },\n"
        "    {\n"
        "        {4},\n"
        "        {7},\n"
        "    },\n"
        "};\n"
        "\n"
        "static const fcn_hw::rom_t<5> steps_thresholds1[2][2][2] = {\n"
        "    {\n"
        "        {0, 0},\n"
        "        {0, 2},\n"
        "    },\n"
        "    {\n"
        "        {3, 5},\n"
        "        {6, 8},\n"
        "    },\n"
        "};\n"
        "\n"
        "#endif\n"
    )
    assert (
        "static const fcn_hw::rom_t<8> lookup_table[8] = {\n    0, -1, 2, 3, 4, 5, 6, 7,\n};\n"
    ) in header(net, "lookup", None)
