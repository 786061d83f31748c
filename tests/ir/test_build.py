"""What the builder derives."""

from __future__ import annotations

import numpy as np
import pytest

from fcn_hw.errors import FormatError, GraphError
from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding


@pytest.fixture
def build() -> GraphBuilder:
    builder = GraphBuilder("net")
    builder.input("image", (4, 6, 2), parse_format("ufixed<4,0>"))
    return builder


def ones(*shape: int) -> Constant:
    return Constant(np.ones(shape, np.int64), parse_format("fixed<2,1>"))


def shape_and_format(build: GraphBuilder, name: str) -> str:
    tensor = build.tensor(name)
    return f"{'x'.join(map(str, tensor.shape))} {tensor.format}"


def test_every_method(build: GraphBuilder) -> None:
    """Shape and the narrowest exact format of each op."""
    made = {
        build.conv2d("conv", "image", ones(3, 3, 2, 5), padding=Padding(1, 1, 1, 1)):
            "4x6x5 ufixed<9,4>",  # 18 * 15 = 270, 4 + 1 fraction bits
        build.conv2d("apart", "image", ones(2, 2, 2, 1), strides=(2, 2), dilation=(2, 3)):
            "1x2x1 ufixed<7,2>",
        build.conv_transpose2d("up", "image", ones(4, 4, 2, 3), strides=(2, 2), size=(9, 13)):
            "9x13x3 ufixed<7,2>",  # 2 * 2 taps of 2 channels meet: 8 * 15 = 120
        build.max_pool2d("pool", "image", (3, 2), padding=Padding(1, 1, 0, 0)):
            "2x3x2 ufixed<4,0>",
        build.max_pool2d("slide", "image", (2, 2), (1, 1)): "3x5x2 ufixed<4,0>",
        build.upsample_nearest("near", "image", (3, 2)): "12x12x2 ufixed<4,0>",
        build.upsample_bilinear("linear", "image", (2, 4)): "8x24x2 ufixed<9,0>",
        build.skip_add("sum", "image", "image", "image"): "4x6x2 ufixed<6,2>",
        build.skip_average("mean", "image", "image"): "4x6x2 ufixed<5,0>",
        build.skip_concat("both", "image", "conv"): "4x6x7 ufixed<9,4>",
        build.depth_to_space("space", "both", (1, 7)): "4x42x1 ufixed<9,4>",
        build.crop2d("crop", "image", (1, 2), (2, 3)): "2x3x2 ufixed<4,0>",
        build.zero_pad2d("pad", "image", Padding(1, 0, 2, 3)): "5x11x2 ufixed<4,0>",
        build.quantize("q", "image", parse_format("fixed<3,1,RND>")): "4x6x2 fixed<3,1,RND,WRAP>",
        build.relu("relu", "q"): "4x6x2 ufixed<2,0>",
        build.arg_max("classes", "conv"): "4x6x1 ufixed<8,8>",
    }  # fmt: skip
    assert {name: shape_and_format(build, name) for name in made} == made
    read = {"image", "conv", "q", "both"}
    assert len(build.finish(*(set(made) - read)).ops) == len(made) + 1


def test_accumulators_are_derived_whatever_the_output(build: GraphBuilder) -> None:
    fmt = parse_format("ufixed<2,2,RND,SAT>")
    bias = Constant(np.array([-3]), parse_format("fixed<8,1>"))
    build.conv2d("conv", "image", ones(1, 1, 2, 1), bias, fmt=fmt)
    build.skip_add("sum", "image", "image", fmt=fmt)
    graph = build.finish("conv", "sum")
    # 2 * 15 = 30 at 5 fraction bits is 120 at the bias's 7; the bias alone is -3.
    assert graph["conv"].accum == FixedFormat(True, 8, 1)
    assert graph["sum"].accum == FixedFormat(False, 5, 1)
    assert graph["conv"].output.format == graph["sum"].output.format == fmt


def test_ranges_are_narrower_than_formats(build: GraphBuilder) -> None:
    """The range of a value is carried on, not taken anew from the format of its tensor."""
    build.quantize("wide", "image", parse_format("fixed<20,10>"))
    build.skip_add("sum", "wide", "wide")
    assert build.tensor("sum").format == FixedFormat(False, 11, 1)  # 30/16 at 10 bits


def test_moving_ops_leave_the_modes_behind(build: GraphBuilder) -> None:
    build.quantize("q", "image", parse_format("ufixed<2,0,RND_CONV,SAT>"))
    build.max_pool2d("pool", "q", (2, 2))
    assert str(build.tensor("pool").format) == "ufixed<2,0>"


def test_origins(build: GraphBuilder) -> None:
    build.relu("named", "image")
    build.relu("other", "image", origin="layer")
    build.relu("none", "image", origin="")
    graph = build.finish("named", "other", "none")
    assert [op.origin for op in graph.ops] == ["image", "named", "layer", ""]


def test_a_name_is_used_once(build: GraphBuilder) -> None:
    with pytest.raises(AssertionError, match="'image' is already in the graph"):
        build.relu("image", "image")


def test_finish_verifies(build: GraphBuilder) -> None:
    build.crop2d("crop", "image", (3, 3), (2, 2))
    with pytest.raises(GraphError) as caught:
        build.finish("crop")
    assert (
        str(caught.value) == "graph 'net': Crop2D 'crop': the rectangle leaves the input's (4, 6)"
    )


def test_what_no_format_can_hold() -> None:
    build = GraphBuilder("net")
    build.input("image", (1, 1, 1), FixedFormat(True, 62, 62))
    weight = Constant(np.full((1, 1, 1, 1), 7), parse_format("fixed<4,4>"))
    with pytest.raises(FormatError, match="width 65 is outside 1 to 63 bits"):
        build.conv2d("conv", "image", weight)
