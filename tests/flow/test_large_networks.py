"""Five hundred layers, and a frame of 1920 x 1080: from the graph to exact C++."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fcn_hw
from fcn_hw.errors import DoesNotFit
from fcn_hw.fixed import from_quantized_relu, parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding

pytestmark = [pytest.mark.slow, pytest.mark.gxx]

WEIGHTS = parse_format("fixed<4,1>")
ACTIVATIONS = from_quantized_relu(4, 2)


def conv(build: GraphBuilder, name: str, source: str, channels: int, kernel: int = 3) -> str:
    shape = (kernel, kernel, build.tensor(source).channels, channels)
    codes = np.random.default_rng(len(name)).integers(-8, 8, shape)
    around = Padding(*[kernel // 2] * 4)
    constant = Constant(codes, WEIGHTS)
    return build.conv2d(name, source, constant, padding=around, fmt=ACTIVATIONS)


def deep(layers: int, convolutions_of: int) -> Graph:
    """A chain with a skip over every five convolutions; one op of so many is a convolution."""
    build = GraphBuilder("deep")
    last = kept = build.input("image", (8, 8, 1), parse_format("ufixed<8,0>"))
    for index in range(1, layers - 1):
        if (index - 1) % convolutions_of == 0:
            last = conv(build, f"conv{index}", last, 1)
        elif index % (5 * convolutions_of) == 0:
            last = build.skip_add(f"add{index}", last, kept, fmt=ACTIVATIONS)
            kept = last
        else:
            last = build.relu(f"relu{index}", last, from_quantized_relu(4 - index % 2, 2))
            kept = kept if kept != "image" else last
    return build.finish(build.arg_max("class_map", last))


def full_hd() -> Graph:
    """An encoder and a decoder with a skip, at 1920 x 1080."""
    build = GraphBuilder("full_hd")
    build.input("image", (1080, 1920, 3), parse_format("ufixed<8,0>"))
    conv(build, "conv1", "image", 4)
    build.max_pool2d("pool1", "conv1", (2, 2))
    conv(build, "conv2", "pool1", 4)
    build.upsample_nearest("up", "conv2", (2, 2))
    build.skip_add("skip", "up", "conv1", fmt=ACTIVATIONS)
    conv(build, "scores", "skip", 3, kernel=1)
    return build.finish(build.arg_max("class_map", "scores"))


def test_five_hundred_layers(tmp_path: Path) -> None:
    graph = deep(500, 5)
    assert len(graph.ops) == 500
    fcn_hw.save_graph(graph, tmp_path / "graph")
    assert fcn_hw.load_graph(tmp_path / "graph") == graph
    found = fcn_hw.csim_graph(tmp_path / "graph", "zcu102", tmp_path / "project", images=2)
    assert found.mismatches == 0
    assert found.values_compared == 2 * 499 * 64
    print(f"compiled in {found.compile_s} s")


def test_more_convolutions_than_a_board_holds_are_refused(tmp_path: Path) -> None:
    fcn_hw.save_graph(deep(500, 1), tmp_path / "graph")
    with pytest.raises(DoesNotFit, match=r"pynq-z2: needs .* LUT, has"):
        fcn_hw.hls_graph(tmp_path / "graph", "pynq-z2", tmp_path / "project")
    assert not (tmp_path / "project" / "firmware").exists()


def test_full_hd_frame(tmp_path: Path) -> None:
    fcn_hw.save_graph(full_hd(), tmp_path / "graph")
    run = fcn_hw.estimate_graph(tmp_path / "graph", "zcu102")
    assert run.estimate.interval_cycles >= 1080 * 1920
    run.check()
    found = fcn_hw.csim_graph(tmp_path / "graph", "zcu102", tmp_path / "project", images=1)
    assert found.mismatches == 0
    assert found.values_compared == sum(op.output.size for op in full_hd().ops[1:])
