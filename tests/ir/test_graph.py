"""The graph's structure: order, names, readers."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from fcn_hw.errors import GraphError
from fcn_hw.fixed import parse_format
from fcn_hw.ir import Graph
from fcn_hw.ops import Constant, Tensor
from fcn_hw.ops.input import Input
from fcn_hw.ops.quantize import Quantize
from fcn_hw.ops.skip_add import SkipAdd

FMT = parse_format("fixed<8,4>")


def tensor(name: str) -> Tensor:
    return Tensor(name, (2, 3, 4), FMT)


IMAGE = Input("image", (), tensor("image"))
LEFT = Quantize("left", ("image",), tensor("left"))
RIGHT = Quantize("right", ("image",), tensor("right"))
SUM = SkipAdd("sum", ("left", "right"), tensor("sum"), FMT)
GRAPH = Graph("net", (IMAGE, LEFT, RIGHT, SUM), ("sum",))


def test_look_ups() -> None:
    assert GRAPH["left"] is LEFT
    assert "left" in GRAPH and "centre" not in GRAPH
    assert GRAPH.inputs == (IMAGE,)
    assert GRAPH.tensor("right") is RIGHT.output
    assert GRAPH.operands(SUM) == (LEFT.output, RIGHT.output)
    assert GRAPH.readers("image") == (LEFT, RIGHT)
    assert GRAPH.readers("sum") == ()


def test_a_reader_counts_as_often_as_it_reads() -> None:
    double = SkipAdd("double", ("image", "image"), tensor("double"), FMT)
    assert Graph("net", (IMAGE, double), ("double",)).readers("image") == (double, double)


def test_with_ops_keeps_the_name_and_the_outputs() -> None:
    assert GRAPH.with_ops(GRAPH.ops) == GRAPH
    assert GRAPH.with_ops((IMAGE, LEFT), ["left"]) == Graph("net", (IMAGE, LEFT), ("left",))


def test_an_unknown_op() -> None:
    with pytest.raises(GraphError) as caught:
        GRAPH["lefd"]
    assert str(caught.value) == "graph 'net': there is no op 'lefd'; near: 'left'"


@pytest.mark.parametrize(
    ("ops", "outputs", "problems"),
    [
        ((IMAGE, LEFT, LEFT), ("left",), ["op 'left' occurs twice"]),
        (
            (LEFT, IMAGE), ("left",),
            ["op 'left' reads 'image', which no earlier op writes"],
        ),
        (
            (Quantize("image", ("image",), tensor("image")),), ("image",),
            ["op 'image' reads 'image', which no earlier op writes"],
        ),
        (
            (IMAGE, Quantize("q", ("image",), tensor("r"))), ("q",),
            ["op 'q' writes a tensor named 'r'"],
        ),
        ((IMAGE,), (), ["the graph has no output"]),
        (
            (IMAGE, IMAGE), ("sum", "image"),
            ["op 'image' occurs twice", "output 'sum' is written by no op"],
        ),
    ],
)  # fmt: skip
def test_structure(ops: tuple, outputs: tuple[str, ...], problems: list[str]) -> None:
    with pytest.raises(GraphError) as caught:
        Graph("net", ops, outputs)
    assert list(caught.value.diagnostics) == problems
    assert str(caught.value).startswith(f"graph 'net': {problems[0]}")


def test_constants_are_frozen_copies() -> None:
    codes = np.array([1, 2, 3], np.int32)
    constant = Constant(codes, FMT)
    codes[0] = 9
    assert constant.codes.tolist() == [1, 2, 3] and constant.codes.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        constant.codes[0] = 9
    with pytest.raises(FrozenInstanceError):
        constant.format = FMT  # type: ignore[misc]


def test_constants_compare_by_codes_and_format() -> None:
    constant = Constant(np.array([1, 2]), FMT)
    assert constant == Constant(np.array([1, 2]), FMT)
    assert constant != Constant(np.array([1, 3]), FMT)
    assert constant != Constant(np.array([[1, 2]]), FMT)
    assert constant != Constant(np.array([1, 2]), parse_format("fixed<8,5>"))
    assert constant != "constant"
