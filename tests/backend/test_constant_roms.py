"""The order of scales, thresholds and tables in the ROMs."""

from __future__ import annotations

import numpy as np

from fcn_hw.backend.constant_roms import render_constants, rom_names, rom_tables
from fcn_hw.backend.op_emission import op_roms
from fcn_hw.fixed import parse_format
from fcn_hw.ir import Constant
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.cycles import Fold
from fcn_hw.ir.graph import Graph

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


def test_channels_go_by_groups() -> None:
    net = graph()
    scales, biases = rom_tables(net["bn"], net.tensor("x"), Fold(2, 1))
    assert (scales.codes, biases.codes) == ([[1, -2], [3, 4]], [[4, 5], [6, 7]])
    assert (scales.width, biases.width) == (8, 4), "an unsigned code takes a bit more"
    bases, steps, coarse, fine = rom_tables(net["steps"], net.tensor("x"), Fold(1, 1))
    assert bases.codes == [[0], [1], [2], [3]] and steps.codes == [[1], [1], [2], [2]]
    # -3 and -2 always count, as 0 does; 8 never does, as 7 is the largest code
    assert coarse.codes == [[[0]], [[1]], [[4]], [[7]]]
    assert fine.codes == [[[0, 0]], [[0, 2]], [[3, 5]], [[6, 8]]]
    assert coarse.width == fine.width == 5


def test_names_are_those_of_the_tables() -> None:
    net = graph()
    for name, fold in [("bn", Fold(4, 1)), ("steps", Fold(2, 1)), ("lookup", None)]:
        op = net[name]
        assert rom_names(op) == [t.variable for t in rom_tables(op, net.tensor("x"), fold)]


def test_rendered_headers() -> None:
    net = graph()
    assert render_constants(net["steps"], net.tensor("x"), Fold(2, 1)) == (
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
    ) in op_roms(net["lookup"], (net.tensor("x"),), None)
    assert op_roms(net["x"], (), None) == ""
