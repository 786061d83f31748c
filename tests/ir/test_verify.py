"""Every rule of a graph, by the text that a user reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from random_graphs import graphs

from fcn_hw.errors import GraphError
from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.verify import verify
from fcn_hw.ops import Constant, Op, Padding, Tensor
from fcn_hw.ops.arg_max import ArgMax
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.batch_norm import BatchNorm
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.crop2d import Crop2D
from fcn_hw.ops.depth_to_space import DepthToSpace
from fcn_hw.ops.depthwise_conv2d import DepthwiseConv2D
from fcn_hw.ops.input import Input
from fcn_hw.ops.lookup import Lookup
from fcn_hw.ops.max_pool2d import MaxPool2D
from fcn_hw.ops.quantize import Quantize
from fcn_hw.ops.skip_add import SkipAdd
from fcn_hw.ops.skip_average import SkipAverage
from fcn_hw.ops.skip_concat import SkipConcat
from fcn_hw.ops.skip_maximum import SkipMaximum
from fcn_hw.ops.skip_subtract import SkipSubtract
from fcn_hw.ops.threshold import Threshold
from fcn_hw.ops.upsample_bilinear import UpsampleBilinear
from fcn_hw.ops.upsample_nearest import UpsampleNearest
from fcn_hw.ops.zero_pad2d import ZeroPad2D

FMT = parse_format("fixed<4,2>")
CLASSES = parse_format("ufixed<8,8>")
WEIGHT = Constant(np.ones((3, 3, 2, 5), np.int64), parse_format("fixed<2,2>"))
BIAS = Constant(np.ones(5, np.int64), parse_format("fixed<4,2>"))
ACCUM = parse_format("fixed<9,7>")


def tensor(name: str, *shape: int, fmt: FixedFormat = FMT) -> Tensor:
    height, width, channels = shape
    return Tensor(name, (height, width, channels), fmt)


IMAGE = Input("image", (), tensor("image", 6, 8, 2))
CONV = Conv2D("y", ("image",), tensor("y", 4, 6, 5), WEIGHT, ACCUM, BIAS)
UP = ConvTranspose2D("y", ("image",), tensor("y", 8, 10, 5), WEIGHT, ACCUM, BIAS)
POOL = MaxPool2D("y", ("image",), tensor("y", 3, 4, 2), (2, 2), (2, 2))
NEAREST = UpsampleNearest("y", ("image",), tensor("y", 12, 8, 2), (2, 1))
SPACE = DepthToSpace("y", ("image",), tensor("y", 6, 16, 1), (1, 2))
BILINEAR = UpsampleBilinear("y", ("image",), tensor("y", 12, 8, 2), (2, 1))
CROP = Crop2D("y", ("image",), tensor("y", 2, 3, 2), (4, 5))
PAD = ZeroPad2D("y", ("image",), tensor("y", 7, 8, 2), Padding(top=1))
ADD = SkipAdd("y", ("image", "image"), tensor("y", 6, 8, 2), parse_format("fixed<5,3>"))
MEAN = SkipAverage("y", ("image", "image"), tensor("y", 6, 8, 2), parse_format("fixed<5,2>"))
CONCAT = SkipConcat("y", ("image", "image"), tensor("y", 6, 8, 4))
ARG_MAX = ArgMax("y", ("image",), tensor("y", 6, 8, 1, fmt=CLASSES))
QUANTIZE = Quantize("y", ("image",), tensor("y", 6, 8, 2))
DEPTHWISE = DepthwiseConv2D(
    "y",
    ("image",),
    tensor("y", 4, 6, 6),
    Constant(np.ones((3, 3, 2, 3), np.int64), parse_format("fixed<2,2>")),
    ACCUM,
)
AVERAGE = AveragePool2D(
    "y", ("image",), tensor("y", 3, 4, 2), (2, 2), (2, 2), parse_format("fixed<6,2>"), 4
)
SUBTRACT = SkipSubtract("y", ("image", "image"), tensor("y", 6, 8, 2), parse_format("fixed<5,3>"))
MAXIMUM = SkipMaximum("y", ("image", "image"), tensor("y", 6, 8, 2), FMT)
ROW = Constant(np.ones(2, np.int64), FMT)
NORM = BatchNorm("y", ("image",), tensor("y", 6, 8, 2), ROW, ROW, parse_format("fixed<6,2>"))
STEPS = Threshold(
    "y", ("image",), tensor("y", 6, 8, 2), Constant(np.array([[-3, 0, 9], [1, 1, 2]]),
    parse_format("fixed<6,4>")), ROW, ROW,
)  # fmt: skip
TABLE = Lookup("y", ("image",), tensor("y", 6, 8, 2), Constant(np.arange(16) - 8, FMT))
GOOD = (
    CONV, UP, DEPTHWISE, POOL, AVERAGE, NEAREST, BILINEAR, CROP, PAD, ADD, SUBTRACT, MAXIMUM,
    CONCAT, NORM, STEPS, TABLE, ARG_MAX, QUANTIZE,
)  # fmt: skip


def resized(op: Op, *shape: int) -> Op:
    return replace(op, output=tensor("y", *shape, fmt=op.output.format))


def retyped(op: Op, fmt: str) -> Op:
    return replace(op, output=replace(op.output, format=parse_format(fmt)))


def problems(*ops: Op, outputs: tuple[str, ...] = ("y",), name: str = "net") -> list[str]:
    try:
        verify(Graph(name, ops, outputs))
    except GraphError as error:
        return list(error.diagnostics)
    return []


@pytest.mark.parametrize("op", GOOD, ids=lambda op: op.kind)
def test_the_ops_below_are_right_before_they_are_broken(op: Op) -> None:
    assert problems(IMAGE, op) == []


def kernel(**fields: Any) -> Op:
    return replace(CONV, **fields)


CASES: list[tuple[Op, str]] = [
    # arity
    (replace(QUANTIZE, inputs=("image", "image")), "Quantize 'y': needs one input, has 2"),
    (replace(ADD, inputs=("image",)), "SkipAdd 'y': needs two inputs or more, has 1"),
    (replace(CONCAT, inputs=("image",)), "SkipConcat 'y': needs two inputs or more, has 1"),
    (Quantize("y", (), QUANTIZE.output), "Quantize 'y': needs one input, has 0"),
    (Input("y", ("image",), QUANTIZE.output), "Input 'y': an input reads nothing"),
    # shapes
    (resized(QUANTIZE, 6, 8, 0), "Quantize 'y': output shape (6, 8, 0) is empty"),
    (resized(CONV, 4, 6, 4), "Conv2D 'y': output shape is (4, 6, 4), must be (4, 6, 5)"),
    (
        replace(CONV, dilation=(3, 1)),
        "Conv2D 'y': output shape is (4, 6, 5), must be (0, 6, 5)",
    ),
    (resized(UP, 8, 10, 2), "ConvTranspose2D 'y': output shape is (8, 10, 2), must be (8, 10, 5)"),
    (resized(POOL, 3, 5, 2), "MaxPool2D 'y': output shape is (3, 5, 2), must be (3, 4, 2)"),
    (
        resized(NEAREST, 6, 8, 2),
        "UpsampleNearest 'y': output shape is (6, 8, 2), must be (12, 8, 2)",
    ),
    (
        resized(BILINEAR, 6, 8, 2),
        "UpsampleBilinear 'y': output shape is (6, 8, 2), must be (12, 8, 2)",
    ),
    (resized(CONCAT, 6, 8, 2), "SkipConcat 'y': output shape is (6, 8, 2), must be (6, 8, 4)"),
    (resized(PAD, 6, 8, 2), "ZeroPad2D 'y': output shape is (6, 8, 2), must be (7, 8, 2)"),
    (resized(ARG_MAX, 6, 8, 2), "ArgMax 'y': output shape is (6, 8, 2), must be (6, 8, 1)"),
    (resized(QUANTIZE, 6, 8, 1), "Quantize 'y': output shape is (6, 8, 1), must be (6, 8, 2)"),
    # kernels
    (
        kernel(weight=Constant(np.ones((3, 3, 2), np.int64), FMT)),
        "Conv2D 'y': weight shape (3, 3, 2) is not (height, width, channels in, channels out)",
    ),
    (
        kernel(weight=Constant(np.ones((3, 0, 2, 5), np.int64), FMT)),
        "Conv2D 'y': weight shape (3, 0, 2, 5) is not (height, width, channels in, channels out)",
    ),
    (
        kernel(weight=Constant(np.ones((3, 3, 4, 5), np.int64), FMT)),
        "Conv2D 'y': weight is for 4 channels, the input has 2",
    ),
    (
        kernel(weight=replace(WEIGHT, codes=2 * WEIGHT.codes)),
        "Conv2D 'y': weight codes 2 to 2 leave fixed<2,2>",
    ),
    (kernel(bias=replace(BIAS, codes=BIAS.codes[:4])), "Conv2D 'y': bias shape (4,) is not (5,)"),
    (kernel(bias=replace(BIAS, codes=BIAS.codes[:0])), "Conv2D 'y': bias shape (0,) is not (5,)"),
    (
        kernel(bias=replace(BIAS, codes=-9 * BIAS.codes)),
        "Conv2D 'y': bias codes -9 to -9 leave fixed<4,2>",
    ),
    (
        replace(DEPTHWISE, weight=replace(WEIGHT, codes=WEIGHT.codes[..., 0])),
        "DepthwiseConv2D 'y': weight shape (3, 3, 2) is not "
        "(height, width, channels in, filters a channel)",
    ),
    (
        replace(DEPTHWISE, weight=replace(WEIGHT, codes=WEIGHT.codes[:, :, :1])),
        "DepthwiseConv2D 'y': weight is for 1 channels, the input has 2",
    ),
    (
        resized(DEPTHWISE, 4, 6, 3),
        "DepthwiseConv2D 'y': output shape is (4, 6, 3), must be (4, 6, 6)",
    ),
    (replace(DEPTHWISE, bias=BIAS), "DepthwiseConv2D 'y': bias shape (5,) is not (6,)"),
    # fields
    (replace(DEPTHWISE, strides=(1, 0)), "DepthwiseConv2D 'y': strides (1, 0) must be at least 1"),
    (replace(AVERAGE, pool=(2, 0)), "AveragePool2D 'y': pool (2, 0) must be at least 1"),
    (replace(AVERAGE, strides=(2, -1)), "AveragePool2D 'y': strides (2, -1) must be at least 1"),
    (
        replace(AVERAGE, padding=Padding(right=2)),
        "AveragePool2D 'y': a window would lie wholly outside the frame",
    ),
    (replace(AVERAGE, multiple=2), "AveragePool2D 'y': multiple is 2, the windows have 4"),
    (replace(CONV, strides=(0, 1)), "Conv2D 'y': strides (0, 1) must be at least 1"),
    (replace(CONV, dilation=(1, -1)), "Conv2D 'y': dilation (1, -1) must be at least 1"),
    (replace(UP, strides=(1, 0)), "ConvTranspose2D 'y': strides (1, 0) must be at least 1"),
    (replace(POOL, pool=(0, 2)), "MaxPool2D 'y': pool (0, 2) must be at least 1"),
    (replace(NEAREST, scale=(0, 1)), "UpsampleNearest 'y': scale (0, 1) must be at least 1"),
    (
        replace(PAD, padding=Padding(top=-1)),
        "ZeroPad2D 'y': Padding(top=-1, bottom=0, left=0, right=0) is negative",
    ),
    (
        replace(resized(POOL, 4, 4, 2), padding=Padding(top=2)),
        "MaxPool2D 'y': a window would lie wholly outside the frame",
    ),
    (
        replace(resized(BILINEAR, 198, 8, 2), scale=(33, 1)),
        "UpsampleBilinear 'y': scale (33, 1): bilinear upsampling goes up to 32",
    ),
    (
        replace(resized(SPACE, 12, 16, 1), scale=(2, 2)),
        "DepthToSpace 'y': 2 channels can't be shared out to 2x2 pixels",
    ),
    (
        replace(SPACE, channel_stride=3),
        "DepthToSpace 'y': channel_stride 3 must be 1 or 2",
    ),
    (replace(UP, crop=(-1, 0)), "ConvTranspose2D 'y': crop (-1, 0) must not be negative"),
    (
        replace(MEAN, inputs=("image",) * 3),
        "SkipAverage 'y': the mean of 3 inputs is no short binary fraction",
    ),
    (replace(CROP, offset=(5, 5)), "Crop2D 'y': the rectangle leaves the input's (6, 8)"),
    (replace(CROP, offset=(0, -1)), "Crop2D 'y': the rectangle leaves the input's (6, 8)"),
    (resized(CROP, 2, 3, 1), "Crop2D 'y': a crop keeps all channels"),
    # formats
    (
        retyped(ARG_MAX, "ufixed<4,4>"),
        "ArgMax 'y': the class index is ufixed<8,8>, not ufixed<4,4>",
    ),
    (
        retyped(POOL, "fixed<5,3>"),
        "MaxPool2D 'y': output format fixed<5,3> differs from the input's fixed<4,2>",
    ),
    (
        retyped(NEAREST, "ufixed<4,2>"),
        "UpsampleNearest 'y': output format ufixed<4,2> differs from the input's fixed<4,2>",
    ),
    (
        retyped(CROP, "fixed<4,1>"),
        "Crop2D 'y': output format fixed<4,1> differs from the input's fixed<4,2>",
    ),
    (
        retyped(PAD, "fixed<6,2>"),
        "ZeroPad2D 'y': output format fixed<6,2> differs from the input's fixed<4,2>",
    ),
    (
        replace(CONV, accum=parse_format("fixed<7,5>")),
        "Conv2D 'y': accumulator fixed<7,5> can't hold codes -144 to 127 with 2 fraction bits",
    ),
    (
        replace(CONV, accum=parse_format("fixed<12,9>")),
        "Conv2D 'y': accumulator fixed<12,9> can't hold codes -144 to 127 with 2 fraction bits",
    ),
    (
        replace(UP, accum=parse_format("fixed<8,6>")),
        "ConvTranspose2D 'y': "
        "accumulator fixed<8,6> can't hold codes -144 to 127 with 2 fraction bits",
    ),
    (
        replace(DEPTHWISE, accum=parse_format("fixed<7,5>")),
        "DepthwiseConv2D 'y': accumulator fixed<7,5> can't hold codes -72 to 63 "
        "with 2 fraction bits",
    ),
    (
        replace(AVERAGE, accum=parse_format("fixed<5,1>")),
        "AveragePool2D 'y': accumulator fixed<5,1> can't hold codes -32 to 28 "
        "with 4 fraction bits",
    ),
    (
        replace(AVERAGE, accum=parse_format("fixed<6,3>")),
        "AveragePool2D 'y': accumulator fixed<6,3> can't hold codes -32 to 28 "
        "with 4 fraction bits",
    ),
    (
        replace(ADD, accum=parse_format("fixed<4,2>")),
        "SkipAdd 'y': accumulator fixed<4,2> can't hold codes -16 to 14 with 2 fraction bits",
    ),
    (
        replace(SUBTRACT, accum=FMT),
        "SkipSubtract 'y': accumulator fixed<4,2> can't hold codes -15 to 15 with 2 fraction bits",
    ),
    (replace(SUBTRACT, inputs=("image",) * 3), "SkipSubtract 'y': needs two inputs, has 3"),
    (
        replace(MAXIMUM, accum=parse_format("fixed<4,3>")),
        "SkipMaximum 'y': accumulator fixed<4,3> can't hold codes -8 to 7 with 2 fraction bits",
    ),
    (
        replace(MAXIMUM, inputs=("image",) * 5),
        "SkipMaximum 'y': takes 4 inputs at most, has 5",
    ),
    # constants of a channel
    (
        replace(NORM, scale=Constant(np.ones(3), FMT)),
        "BatchNorm 'y': scale shape (3,) is not (2,)",
    ),
    (
        replace(NORM, bias=Constant(np.array([1, 8]), FMT)),
        "BatchNorm 'y': bias codes 1 to 8 leave fixed<4,2>",
    ),
    (
        replace(NORM, accum=parse_format("fixed<4,0>")),
        "BatchNorm 'y': accumulator fixed<4,0> can't hold codes -8 to 11 with 4 fraction bits",
    ),
    (
        replace(STEPS, thresholds=Constant(np.zeros((3, 1)), FMT)),
        "Threshold 'y': thresholds shape (3, 1) is not (2, 1)",
    ),
    (
        replace(STEPS, thresholds=Constant(np.zeros((2, 0)), FMT)),
        "Threshold 'y': thresholds shape (2, 0) is not (2, 1)",
    ),
    (
        replace(STEPS, thresholds=Constant(np.array([[1, 0], [0, 0]]), FMT)),
        "Threshold 'y': thresholds of a channel are not ascending",
    ),
    (
        replace(STEPS, thresholds=Constant(np.zeros((2, 1)), parse_format("fixed<4,1>"))),
        "Threshold 'y': thresholds fixed<4,1> have another binary point than the input",
    ),
    (
        replace(STEPS, step=Constant(np.ones(2), parse_format("fixed<4,1>"))),
        "Threshold 'y': step fixed<4,1> has another binary point than the output",
    ),
    (
        replace(STEPS, step=Constant(np.full(2, 4), FMT)),
        "Threshold 'y': output format fixed<4,2> can't hold codes 1 to 13",
    ),
    (
        replace(STEPS, thresholds=Constant(np.zeros((2, 4096)), FMT)),
        "Threshold 'y': 4096 thresholds a channel are more than the 4095 of a search",
    ),
    (
        replace(
            STEPS, base=Constant(np.full(2, 2**62 - 1), parse_format("fixed<63,61>")),
            step=Constant(np.full(2, 2**62 - 1), parse_format("fixed<63,61>")),
        ),
        "Threshold 'y': base and 3 times step need more than 63 bits",
    ),
    (
        replace(TABLE, table=Constant(np.zeros(15), FMT)),
        "Lookup 'y': table shape (15,) is not (16,)",
    ),
    (
        retyped(TABLE, "fixed<4,1>"),
        "Lookup 'y': table format fixed<4,2> has another binary point than the output",
    ),
    (
        retyped(TABLE, "fixed<3,1>"),
        "Lookup 'y': output format fixed<3,1> can't hold codes -8 to 7",
    ),
    (
        retyped(CONCAT, "fixed<4,3>"),
        "SkipConcat 'y': output format fixed<4,3> does not hold every input exactly",
    ),
    (
        retyped(CONCAT, "fixed<4,1>"),
        "SkipConcat 'y': output format fixed<4,1> does not hold every input exactly",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("op", "expected"), CASES, ids=[text for _, text in CASES])
def test_rule(op: Op, expected: str) -> None:
    reads_image = "image" in op.inputs
    extra = () if reads_image else ("image",)
    assert expected in problems(IMAGE, op, outputs=("y", *extra))


def test_an_accumulator_with_modes_that_saturate_symmetrically() -> None:
    """SAT_SYM gives up the lowest code; the interval must not need it."""
    tight = replace(ADD, accum=parse_format("fixed<5,3,TRN,SAT_SYM>"))
    assert problems(IMAGE, tight) == [
        "SkipAdd 'y': accumulator fixed<5,3,TRN,SAT_SYM> can't hold codes -16 to 14 "
        "with 2 fraction bits"
    ]


def test_inputs_that_differ() -> None:
    small = Crop2D("little", ("image",), tensor("little", 6, 7, 2), (0, 0))
    add = replace(ADD, inputs=("image", "little"))
    assert problems(IMAGE, small, add) == [
        "SkipAdd 'y': inputs differ in shape: (6, 8, 2), (6, 7, 2)"
    ]
    concat = replace(CONCAT, inputs=("image", "little"))
    assert problems(IMAGE, small, concat) == [
        "SkipConcat 'y': inputs differ in size: (6, 8), (6, 7)"
    ]


def test_means_without_a_small_common_denominator() -> None:
    """Windows of 1 to 20 rows."""
    image = replace(IMAGE, output=tensor("image", 30, 1, 2))
    average = AveragePool2D(
        "y", ("image",), tensor("y", 30, 1, 2), (20, 1), (1, 1), FMT, 232792560,
        Padding(top=19),
    )  # fmt: skip
    assert problems(image, average) == [
        "AveragePool2D 'y': the means of its windows have the common denominator 232792560, "
        "1048576 is the limit"
    ]


def test_too_many_classes() -> None:
    image = replace(IMAGE, output=tensor("image", 6, 8, 257))
    assert problems(image, ARG_MAX) == ["ArgMax 'y': 257 classes do not fit one byte"]


def test_an_input_that_is_too_wide_for_a_search_or_a_table() -> None:
    wide = parse_format("fixed<62,60>")
    image = replace(IMAGE, output=replace(IMAGE.output, format=wide))
    thresholds = Constant(np.zeros((2, 1)), wide)
    assert problems(image, replace(STEPS, thresholds=thresholds)) == [
        "Threshold 'y': an input of 62 bits is more than the 61 of a search"
    ]
    assert problems(image, TABLE) == [
        "Lookup 'y': an input of 62 bits is more than the 12 of a lookup"
    ]


def test_too_many_bits() -> None:
    image = replace(IMAGE, output=replace(IMAGE.output, format=parse_format("fixed<63,63>")))
    found = problems(image, QUANTIZE)
    assert found == [
        "Input 'image': a value of more than 62 bits can't be converted to fixed<63,63>",
        "Quantize 'y': a value of more than 62 bits can't be converted to fixed<4,2>",
    ]


def test_names() -> None:
    assert problems(IMAGE, QUANTIZE, name="2net") == ["'2net': the name is no C identifier"]
    odd = replace(QUANTIZE, name="a-b", output=replace(QUANTIZE.output, name="a-b"))
    assert problems(IMAGE, odd, outputs=("a-b",)) == ["Quantize 'a-b': the name is no C identifier"]


def test_what_nothing_reads() -> None:
    unread = replace(QUANTIZE, name="z", output=replace(QUANTIZE.output, name="z"))
    assert problems(IMAGE, QUANTIZE, unread) == [
        "Quantize 'z': nothing reads its output, its stream would fill up"
    ]


def test_no_input() -> None:
    assert "the graph has no input" in problems(Quantize("y", (), QUANTIZE.output))


def test_all_problems_at_once_and_the_place() -> None:
    crop, pool = replace(CROP, offset=(5, 5)), replace(POOL, pool=(0, 2))
    pool = replace(pool, name="z", output=replace(POOL.output, name="z"))
    with pytest.raises(GraphError) as caught:
        verify(Graph("net", (IMAGE, crop, pool), ("y", "z")), where="after pass nonsense")
    assert str(caught.value) == (
        "graph 'net' after pass nonsense: Crop2D 'y': the rectangle leaves the input's (6, 8) "
        "(and 2 more)"
    )
    assert "MaxPool2D 'z': pool (0, 2) must be at least 1" in caught.value.diagnostics


@given(graphs())
def test_the_builder_s_graphs_are_right(graph: Graph) -> None:
    assert verify(graph) is graph
