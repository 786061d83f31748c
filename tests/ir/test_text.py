"""The dump, as people read it."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from random_graphs import graphs

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.text import si_prefixed, to_text
from fcn_hw.ops import Constant, Padding


def every_op() -> Graph:
    build = GraphBuilder("tiny")
    build.input("image", (6, 8, 3), parse_format("ufixed<8,0>"))
    weight, bias = parse_format("fixed<4,1>"), parse_format("fixed<8,2>")
    build.conv2d(
        "conv1",
        "image",
        Constant(np.ones((3, 2, 3, 4), np.int64), weight),
        Constant(np.ones(4, np.int64), bias),
        strides=(2, 1),
        dilation=(1, 2),
        padding=Padding(1, 0, 1, 1),
        fmt=parse_format("ufixed<4,2,RND_CONV,SAT>"),
        origin="act1",
    )
    build.max_pool2d("pool", "conv1", (2, 2), (1, 2), Padding(1, 0, 0, 0))
    build.upsample_nearest("near", "pool", (2, 2))
    build.upsample_bilinear("linear", "pool", (2, 2))
    build.skip_add("sum", "near", "linear")
    build.conv_transpose2d(
        "up",
        "pool",
        Constant(np.ones((4, 4, 4, 4), np.int64), weight),
        strides=(2, 2),
        crop=(1, 1),
        size=(6, 8),
    )
    build.skip_concat("both", "sum", "up")
    build.crop2d("crop", "both", (1, 2), (4, 5))
    build.zero_pad2d("pad", "crop", Padding(0, 1, 0, 2))
    build.quantize("q", "pad", parse_format("fixed<6,3,RND,SAT>"), origin="")
    build.relu("relu", "q")
    ones = Constant(np.ones(8, np.int64), weight)
    build.batch_norm("bn", "relu", ones, Constant(np.zeros(8, np.int64), bias))
    thresholds = Constant(np.zeros((8, 3), np.int64), build.tensor("bn").format)
    build.threshold("steps", "bn", thresholds, ones, ones)
    build.lookup("lookup", "steps", Constant(np.arange(8), weight))
    build.skip_subtract("less", "relu", "lookup")
    build.skip_maximum("most", "less", "lookup")
    build.skip_minimum("least", "most", "relu")
    build.skip_average("mean", "least", "relu")
    build.skip_multiply("gated", "mean", "relu")
    build.depth_to_space("space", "gated", (1, 2), 2)
    build.arg_max("classes", "space")
    return build.finish("classes")


def test_dump() -> None:
    assert to_text(every_op()) == Path(__file__).with_name("every_op.txt").read_text()


@given(graphs())
def test_a_line_for_each_tensor(graph: Graph) -> None:
    head, *lines, last = to_text(graph).splitlines()
    assert head.startswith("graph net  # ")
    assert [line.split(":")[0].strip() for line in lines] == [f"%{op.name}" for op in graph.ops]
    assert len({line.index(" = ") for line in lines}) == 1  # aligned
    assert last == "return " + ", ".join(f"%{name}" for name in graph.outputs)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 "), (999, "999 "), (1000, "1 k"), (1_326_000, "1.33 M"), (999_600, "1 M"),
     (38_500_000_000, "38.5 G"), (4 * 10**12, "4 T")],
)  # fmt: skip
def test_si(count: int, text: str) -> None:
    assert si_prefixed(count) == text


def test_every_field_that_matters_shows() -> None:
    """Two graphs that differ in one field differ in their text."""
    graph = every_op()
    text = to_text(graph)
    for index, op in enumerate(graph.ops):
        for item in fields(op):
            value = getattr(op, item.name)
            changed = {
                "origin": "other",
                "strides": (7, 7), "dilation": (7, 7), "pool": (7, 7), "scale": (7, 7),
                "crop": (7, 7), "offset": (7, 7), "padding": Padding(7, 7, 7, 7),
                "accum": parse_format("fixed<60,30>"),
            }.get(item.name)  # fmt: skip
            if isinstance(value, Constant):
                changed = Constant(value.codes, parse_format("fixed<60,30>"))
            elif value is None:  # no bias
                changed = None
            if changed is None:
                continue
            ops = list(graph.ops)
            ops[index] = replace(op, **{item.name: changed})
            assert to_text(graph.with_ops(ops)) != text, f"{op.kind}.{item.name}"
