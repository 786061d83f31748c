"""Convolutions lose their padding to an op of its own; every code stays."""

from __future__ import annotations

import numpy as np
from sample_graphs import tiny_graph

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.zero_pad2d import ZeroPad2D
from fcn_hw.passes.pipeline import HLS4ML_CONV_PASSES, run_passes
from fcn_hw.passes.separate_padding import separate_padding
from fcn_hw.reference import evaluate


def test_only_convolutions_with_padding_change() -> None:
    graph = tiny_graph()
    found = run_passes(graph, HLS4ML_CONV_PASSES)
    assert [op.name for op in found.ops if op.name not in graph] == ["conv1_padding"]
    padding, conv = found["conv1_padding"], found["conv1"]
    assert isinstance(padding, ZeroPad2D) and isinstance(conv, Conv2D)
    assert padding.output.shape == (8, 10, 1)
    assert padding.output.format == graph.tensor("image").format
    assert (conv.inputs, conv.padding) == (("conv1_padding",), Padding())
    assert found.ops[3:] == graph.ops[2:]
    codes = {"image": np.random.default_rng(1).integers(0, 256, (3, 6, 8, 1))}
    old, new = (
        evaluate(item, codes, keep=[op.name for op in graph.ops]) for item in (graph, found)
    )
    for name, expected in old.items():
        assert np.array_equal(new[name], expected), name
    assert separate_padding(found) == found


def test_a_name_that_is_taken_gets_a_number() -> None:
    build = GraphBuilder("net")
    build.input("image", (4, 4, 1), parse_format("fixed<4,2>"))
    weight = Constant(np.ones((3, 3, 1, 1)), parse_format("fixed<2,2>"))
    build.relu("conv_padding", "image")
    build.conv2d("conv", "conv_padding", weight, padding=Padding(1, 0, 2, 1))
    found = separate_padding(build.finish("conv"))
    assert [op.name for op in found.ops] == ["image", "conv_padding", "conv_padding_2", "conv"]
    assert found.tensor("conv_padding_2").shape == (5, 7, 1)
