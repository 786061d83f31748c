"""What hls4ml's ModelGraph holds of a dataflow."""

from __future__ import annotations

import re

import numpy as np
from sample_graphs import tiny_graph

from fcn_hw.backend.hls4ml_bridge import (
    Target,
    fifo_depth,
    stream_variable,
    to_model_graph,
)
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.fixed import FixedFormat
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant

TARGET = Target("xc7z020clg400-1", 10.0, 1, "Resource")


def test_model_graph_holds_formats_and_depths() -> None:
    dataflow = lower(tiny_graph())
    model = to_model_graph(dataflow, TARGET)
    # hls4ml's flow inserted, merged and dropped nothing, and kept the order
    names = [node.name for node in model.get_layers()]
    assert names == ["fcn_hw_stream_image", *(process.name for process in dataflow.processes)]
    for process in dataflow.processes:
        for stream in process.outputs:
            variable = stream_variable(model, stream)
            fmt, held = stream.tensor.format, variable.type.precision
            assert list(variable.shape) == list(stream.tensor.shape)
            assert (held.width, held.integer, bool(held.signed)) == (
                fmt.width, fmt.integer, fmt.signed,
            )  # fmt: skip
            assert held.rounding_mode.name == fmt.rounding.value
            assert held.saturation_mode.name == fmt.overflow.value
    (port,) = dataflow.inputs
    held = stream_variable(model, port).type.precision
    assert (held.width, held.integer, bool(held.signed)) == (8, 0, False)
    for fifo in dataflow.fifos:
        assert fifo_depth(model, fifo) == fifo.depth > 0


def test_streams_of_a_fork_to_a_port_are_not_cloned() -> None:
    build = GraphBuilder("net")
    image = build.input("image", (2, 3, 1), FixedFormat(False, 8, 0))
    shared = build.relu("shared", image)
    first, second = build.relu("first", shared), build.relu("second", shared)
    dataflow = lower(build.finish(build.skip_add("total", first, second), shared))
    model = to_model_graph(dataflow, TARGET)
    assert [node.name for node in model.get_layers()] == [
        "fcn_hw_stream_image", "shared", "shared_fork1", "first", "second", "total",
    ]  # fmt: skip
    assert sorted(model.outputs) == ["fcn_hw_stream_shared_out", "fcn_hw_stream_total"]


def top_function(image: str, conv: str, relu: str) -> str:
    """The emitted top function of a small network, without the graph's digest."""
    fmt = FixedFormat(False, 8, 0)
    build = GraphBuilder("net")
    build.input(image, (4, 4, 2), fmt)
    weight = Constant(np.ones((1, 1, 2, 2), np.int64), FixedFormat(True, 4, 1))
    build.conv2d(conv, image, weight, fmt=fmt)
    build.relu(relu, conv, fmt)
    text = plan_project(build.finish(relu), load_board("zcu104"), Hls()).files["firmware/net.cpp"]
    return re.sub(r"graph [0-9a-f]{12}", "graph", str(text))


def test_layers_may_be_named_like_settings_of_hls4ml() -> None:
    """A layer of hls4ml keeps its streams among its settings, by name: ``strategy`` crashed it."""
    expected = top_function("image_0", "conv_0", "relu_0")
    for names in (
        ("strategy", "weight", "reuse_factor"),
        ("name", "inputs", "outputs"),
        ("precision", "strategy", "class_name"),
        ("reuse_factor", "function_cpp", "strategy"),
    ):
        back = dict(zip(names, ("image_0", "conv_0", "relu_0"), strict=True))
        either = f"(?<![A-Za-z0-9])({'|'.join(names)})(?![A-Za-z0-9])"
        parts = re.split(either, top_function(*names))  # every second one is a name
        assert "".join(back.get(part, part) for part in parts) == expected
