"""Multiplications and parameters, counted by hand."""

from __future__ import annotations

import numpy as np

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.macs import total_macs, total_parameters
from fcn_hw.ops import Constant, Padding

FMT = parse_format("fixed<8,4>")


def constant(*shape: int) -> Constant:
    return Constant(np.zeros(shape, np.int64), FMT)


def test_counts() -> None:
    build = GraphBuilder("net")
    build.input("image", (6, 8, 3), FMT)
    pad = Padding(1, 1, 1, 1)
    build.conv2d("same", "image", constant(3, 3, 3, 5), constant(5), padding=pad)
    build.conv2d("apart", "same", constant(2, 2, 5, 4), strides=(2, 2))
    build.upsample_bilinear("linear", "apart", (2, 2))
    build.conv_transpose2d(
        "up", "apart", constant(4, 4, 4, 2), constant(2), strides=(2, 2), crop=(1, 1), size=(6, 8)
    )
    build.depthwise_conv2d("each", "up", constant(3, 2, 2, 3), constant(6), strides=(3, 2))
    build.average_pool2d("mean", "each", (2, 2))
    build.arg_max("classes", "mean")
    graph = build.finish("linear", "classes")
    counts = {op.name: (op.macs(graph.operands(op)), op.parameters) for op in graph.ops}
    assert counts == {
        "image": (0, 0),
        "same": (6 * 8 * 3 * 3 * 3 * 5, 3 * 3 * 3 * 5 + 5),  # the taps on padding too
        "apart": (3 * 4 * 2 * 2 * 5 * 4, 2 * 2 * 5 * 4),
        "linear": (0, 0),
        "up": (3 * 4 * 4 * 4 * 4 * 2, 4 * 4 * 4 * 2 + 2),  # by inputs, the cropped ones too
        "each": (2 * 4 * 3 * 2 * 2 * 3, 3 * 2 * 2 * 3 + 6),
        "mean": (0, 0),
        "classes": (0, 0),
    }
    assert total_macs(graph) == sum(work for work, _ in counts.values())
    assert total_parameters(graph) == sum(size for _, size in counts.values())
