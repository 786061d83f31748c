"""Small graphs that several tests share."""

from __future__ import annotations

import numpy as np

from fcn_hw.fixed import from_quantized_bits, from_quantized_relu, parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding


def tiny_graph() -> Graph:
    """Every op once, small enough to be read."""
    rng = np.random.default_rng(1)
    weights, bits = parse_format("fixed<4,1>"), parse_format("fixed<8,2>")
    build = GraphBuilder("tiny")
    image = build.input("image", (6, 8, 1), parse_format("ufixed<8,0>"))
    build.conv2d(
        "conv1", image, Constant(rng.integers(-8, 8, (3, 3, 1, 2)), weights),
        Constant(rng.integers(-128, 128, 2), bits), padding=Padding(1, 1, 1, 1),
        fmt=from_quantized_relu(4, 2),
    )  # fmt: skip
    build.max_pool2d("pool1", "conv1", (2, 2))
    build.conv2d(
        "conv2", "pool1", Constant(rng.integers(-8, 8, (1, 1, 2, 2)), weights),
        fmt=from_quantized_bits(5, 2),
    )  # fmt: skip
    build.conv_transpose2d(
        "up", "conv2", Constant(rng.integers(-8, 8, (4, 4, 2, 2)), weights),
        strides=(2, 2), crop=(1, 1), size=(6, 8), fmt=from_quantized_bits(5, 3),
    )  # fmt: skip
    build.skip_add("skip", "up", "conv1")
    build.zero_pad2d("padded", "conv2", Padding(1, 0, 0, 1))
    build.crop2d("cut", "padded", (1, 0), (3, 4))
    build.relu("positive", "cut")
    build.depthwise_conv2d(
        "apart", "positive", Constant(rng.integers(-8, 8, (3, 3, 2, 1)), weights),
        Constant(rng.integers(-128, 128, 2), bits), padding=Padding(1, 1, 1, 1),
        fmt=from_quantized_relu(4, 2),
    )  # fmt: skip
    build.average_pool2d("mean", "apart", (3, 3), (1, 1), Padding(1, 1, 1, 1))
    build.upsample_nearest("nearest", "mean", (2, 2))
    build.upsample_bilinear("bilinear", "conv2", (2, 2))
    build.quantize("coarse", "bilinear", parse_format("fixed<4,3,RND_CONV,SAT>"))
    three = parse_format("fixed<4,4>")
    build.batch_norm(
        "scaled", "skip", Constant(np.array([3, -5]), weights), Constant(np.array([90, -7]), bits)
    )
    build.threshold(
        "counted", "scaled",
        Constant(np.array([[-300, 0, 400], [-64, 64, 300]]), build.tensor("scaled").format),
        Constant(np.array([0, 3]), three), Constant(np.array([1, -1]), three),
    )  # fmt: skip
    build.lookup("looked_up", "counted", Constant(np.array([-5, 0, 1, 7]), weights))
    build.skip_subtract("less", "coarse", "looked_up")
    build.skip_maximum("most", "less", "nearest")
    build.skip_concat("both", "skip", "most", "coarse")
    return build.finish(build.arg_max("class_map", "both", origin=""))


def two_in_three_out() -> Graph:
    """A graph with two inputs and three outputs."""
    build = GraphBuilder("wide")
    fmt = parse_format("ufixed<8,0>")
    build.input("left", (4, 6, 1), fmt)
    build.input("right", (4, 6, 3), fmt)
    weights = Constant(np.ones((1, 1, 1, 2), dtype=np.int64), parse_format("fixed<4,1>"))
    build.conv2d("mixed", "left", weights, fmt=parse_format("fixed<12,4>"))
    build.skip_concat("both", "left", "right")
    build.relu("positive", "mixed")
    return build.finish("both", "positive", "mixed")
