"""Conversions folded into what computes their input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fcn_hw.fixed import FixedFormat, Overflow, Rounding, parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.verify import verify
from fcn_hw.ops import Constant, Op
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.passes.fold_quantize import fold_quantize
from fcn_hw.reference import evaluate

FMT = parse_format("fixed<5,2>")
ACT = parse_format("ufixed<3,1,RND_CONV,SAT>")
SIGNED = parse_format("fixed<3,1,RND_CONV,SAT>")
WEIGHT = Constant(np.array([[[[3, -5], [-2, 7]]]]), parse_format("fixed<4,1>"))


@pytest.fixture
def build() -> GraphBuilder:
    builder = GraphBuilder("net")
    builder.input("image", (3, 4, 2), FMT)
    return builder


def folded(build: GraphBuilder, *outputs: str) -> Graph:
    """The rewritten graph, after a check that the outputs' codes are the same."""
    before = build.finish(*outputs)
    after = verify(fold_quantize(before))
    frames = {"image": np.random.default_rng(0).integers(-16, 16, (5, 3, 4, 2))}
    for old, new in zip(before.outputs, after.outputs, strict=True):
        assert np.array_equal(evaluate(before, frames)[old], evaluate(after, frames)[new])
    return after


def names(graph: Graph) -> list[str]:
    return [op.name for op in graph.ops[1:]]


def producer(build: GraphBuilder, kind: str) -> None:
    makers = {
        "conv2d": lambda: build.conv2d("y", "image", WEIGHT),
        "conv_transpose2d": lambda: build.conv_transpose2d("y", "image", WEIGHT, size=(3, 4)),
        "skip_add": lambda: build.skip_add("y", "image", "image"),
        "upsample_bilinear": lambda: build.upsample_bilinear("y", "image", (2, 2)),
        "relu": lambda: build.relu("y", "image"),
        "quantize": lambda: build.quantize("y", "image", parse_format("fixed<9,4>")),
    }
    makers[kind]()


KINDS = ("conv2d", "conv_transpose2d", "skip_add", "upsample_bilinear", "relu", "quantize")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fmt", [ACT, SIGNED, parse_format("fixed<2,1>")], ids=str)
def test_an_exact_source_takes_the_format(build: GraphBuilder, kind: str, fmt: FixedFormat) -> None:
    producer(build, kind)
    build.quantize("q", "y", fmt, origin="act")
    graph = folded(build, "q")
    assert names(graph) == ["y"] and graph.outputs == ("y",)
    assert graph["y"].output.format == fmt
    assert graph["y"].origin == "act"
    relu_is_a_conversion = kind == "relu" and fmt == ACT
    assert graph["y"].kind == ("Quantize" if relu_is_a_conversion else build._ops["y"].kind)


def test_the_rest_of_the_op_stays(build: GraphBuilder) -> None:
    build.conv2d("y", "image", WEIGHT)
    build.quantize("q", "y", ACT)
    before, after = build._ops["y"], folded(build, "q")["y"]
    assert isinstance(before, Conv2D) and isinstance(after, Conv2D)
    assert (after.accum, after.weight, after.inputs) == (before.accum, before.weight, before.inputs)


@pytest.mark.parametrize("kind", ["max_pool2d", "concat", "input"])
def test_other_sources_keep_their_quantize(build: GraphBuilder, kind: str) -> None:
    source = {
        "max_pool2d": lambda: build.max_pool2d("y", "image", (2, 2)),
        "concat": lambda: build.skip_concat("y", "image", "image"),
        "input": lambda: "image",
    }[kind]()
    build.quantize("q", source, ACT)
    assert names(folded(build, "q"))[-1] == "q"


def test_two_roundings_are_not_one(build: GraphBuilder) -> None:
    """0.4375 to halves is 0.5, then to ones (ties to even) 0; to ones at once it is 0 as well;
    but 0.625 to halves is 0.5, then 0, and at once it is 1."""
    build.conv2d("y", "image", WEIGHT, fmt=parse_format("fixed<8,7,RND_CONV>"))
    build.quantize("q", "y", parse_format("fixed<8,8,RND_CONV,SAT>"))
    assert names(folded(build, "q")) == ["y", "q"]


def test_saturation_before_is_not_exact(build: GraphBuilder) -> None:
    build.skip_add("y", "image", "image", fmt=parse_format("fixed<5,2,TRN,SAT>"))
    build.quantize("q", "y", parse_format("fixed<8,4>"))
    assert names(folded(build, "q")) == ["y", "q"]


def test_an_exact_format_may_be_finer_and_have_modes(build: GraphBuilder) -> None:
    build.skip_add("y", "image", "image", fmt=parse_format("fixed<9,4,RND,SAT>"))
    build.quantize("q", "y", ACT)
    assert names(folded(build, "q")) == ["y"]


def test_a_second_reader_keeps_it(build: GraphBuilder) -> None:
    build.conv2d("y", "image", WEIGHT)
    build.quantize("q", "y", ACT)
    build.quantize("r", "y", SIGNED)
    assert names(folded(build, "q", "r")) == ["y", "q", "r"]


def test_one_reader_that_reads_twice_keeps_it(build: GraphBuilder) -> None:
    build.skip_add("y", "image", "image")
    build.skip_add("z", "y", "y")
    build.quantize("q", "z", ACT)
    assert names(folded(build, "q")) == ["y", "z"]


def test_an_output_keeps_it(build: GraphBuilder) -> None:
    build.conv2d("y", "image", WEIGHT)
    build.quantize("q", "y", ACT)
    graph = folded(build, "y", "q")
    assert names(graph) == ["y", "q"] and graph.outputs == ("y", "q")


def test_the_readers_of_the_quantize_read_the_merged_op(build: GraphBuilder) -> None:
    build.conv2d("y", "image", WEIGHT)
    build.quantize("q", "y", ACT)
    build.max_pool2d("pool", "q", (2, 2))
    build.skip_add("sum", "q", "q")
    graph = folded(build, "pool", "sum", "q")
    assert names(graph) == ["y", "pool", "sum"]
    assert graph.outputs == ("pool", "sum", "y")
    assert graph["sum"].inputs == ("y", "y")


def test_a_relu_and_its_quantize_vanish_in_the_convolution(build: GraphBuilder) -> None:
    build.conv2d("conv", "image", WEIGHT)
    build.relu("relu", "conv")
    build.quantize("q", "relu", ACT, origin="act")
    graph = folded(build, "q")
    assert names(graph) == ["conv"]
    assert (graph["conv"].output.format, graph["conv"].origin) == (ACT, "act")


def test_a_relu_of_an_unsigned_saturating_format_alone_too(build: GraphBuilder) -> None:
    build.conv2d("conv", "image", WEIGHT)
    build.relu("relu", "conv", ACT)
    assert names(folded(build, "relu")) == ["conv"]


def test_a_relu_to_a_signed_format_stays(build: GraphBuilder) -> None:
    build.conv2d("conv", "image", WEIGHT)
    build.relu("relu", "conv")
    build.quantize("q", "relu", SIGNED)
    graph = folded(build, "q")
    assert {op.name: op.kind for op in graph.ops[1:]} == {"conv": "Conv2D", "relu": "Relu"}


def test_a_relu_to_a_wrapping_format_stays(build: GraphBuilder) -> None:
    build.conv2d("conv", "image", WEIGHT)
    build.relu("relu", "conv", parse_format("ufixed<3,1,RND,WRAP>"))
    assert names(folded(build, "relu")) == ["conv", "relu"]


def test_a_merged_op_counts_the_readers_of_what_it_merged(build: GraphBuilder) -> None:
    """``y`` has one reader, but the ``q`` that it becomes has two: ``r`` may not follow."""
    build.conv2d("y", "image", WEIGHT)
    build.quantize("q", "y", parse_format("fixed<24,12>"))  # exact: only readers are in the way
    build.quantize("r", "q", ACT)
    build.quantize("s", "q", SIGNED)
    assert names(folded(build, "r", "s")) == ["y", "r", "s"]


def test_a_merged_op_that_is_returned_takes_no_more(build: GraphBuilder) -> None:
    build.conv2d("y", "image", WEIGHT)
    build.quantize("q", "y", parse_format("fixed<24,12>"))
    build.quantize("r", "q", ACT)
    graph = folded(build, "q", "r")
    assert names(graph) == ["y", "r"] and graph.outputs == ("y", "r")


def test_a_chain_of_conversions_folds_while_the_first_are_exact(build: GraphBuilder) -> None:
    build.conv2d("y", "image", WEIGHT)
    build.quantize("q", "y", parse_format("fixed<24,12>"))
    build.quantize("r", "q", SIGNED)
    build.quantize("s", "r", parse_format("fixed<2,1,RND_CONV,SAT>"))
    assert names(folded(build, "s")) == ["y", "s"]


@pytest.mark.parametrize(
    ("rounding", "overflow"), list(itertools.product(Rounding, [Overflow.SAT, Overflow.SAT_SYM]))
)
def test_relu_is_unsigned_saturation_for_every_code(rounding: Rounding, overflow: Overflow) -> None:
    """The proof in the pass, tried out on every code of the source."""
    fmt = FixedFormat(False, 3, 1, rounding, overflow)
    build = GraphBuilder("net")
    build.input("x", (1, 1 << 8, 1), parse_format("fixed<8,3>"))
    build.relu("relu", "x", fmt)
    before = build.finish("relu")
    after: Op = fold_quantize(before)["relu"]
    assert after.kind == "Quantize"
    frames = {"x": np.arange(-128, 128).reshape(1, 1, -1, 1)}
    expected = evaluate(before, frames)["relu"]
    assert np.array_equal(evaluate(fold_quantize(before), frames)["relu"], expected)
