"""The passes together: nothing changes but the work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import graphs, random_frames

from fcn_hw.errors import GraphError
from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.intervals import intervals
from fcn_hw.passes.pipeline import DEFAULT_PASSES, Pass, run_passes
from fcn_hw.reference import evaluate


@settings(max_examples=400)
@given(graphs(max_ops=9), st.data())
def test_no_output_code_changes(graph: Graph, data: st.DataObject) -> None:
    # Not every end of the graph is asked for, so that there are dead ops.
    count = data.draw(st.integers(1, len(graph.outputs)))
    graph = graph.with_ops(graph.ops, graph.outputs[:count])
    after = run_passes(graph)
    assert len(after.outputs) == len(graph.outputs)
    assert len(after.ops) <= len(graph.ops)
    frames = random_frames(graph, data.draw(st.integers(0, 2**32 - 1)))
    before_codes = evaluate(graph, frames, keep=graph.outputs)
    after_codes = evaluate(after, {op.name: frames[op.name] for op in after.inputs})
    for old, new in zip(graph.outputs, after.outputs, strict=True):
        assert np.array_equal(before_codes[old], after_codes[new])
        assert graph.tensor(old).format.fraction == after.tensor(new).format.fraction
        assert intervals(graph)[old][1] == intervals(after)[new][1]


@settings(max_examples=200)
@given(graphs(max_ops=9))
def test_an_origin_is_told_only_of_equal_values(graph: Graph) -> None:
    """Traces compare the tensor of an origin with the source layer's output."""
    ops = [replace(op, origin=f"layer_{op.name}") for op in graph.ops]
    graph = graph.with_ops(ops)
    after = run_passes(graph)
    frames = random_frames(graph, 1)
    before_codes = evaluate(graph, frames)
    after_codes = evaluate(after, {op.name: frames[op.name] for op in after.inputs})
    for op in after.ops:
        old = op.origin.removeprefix("layer_")
        assert np.array_equal(before_codes[old], after_codes[op.name])


@settings(max_examples=200)
@given(graphs(max_ops=9))
def test_a_second_run_changes_nothing(graph: Graph) -> None:
    once = run_passes(graph)
    assert run_passes(once) == once


def test_names_are_unique_and_reasons_given() -> None:
    assert len({step.name for step in DEFAULT_PASSES}) == len(DEFAULT_PASSES)
    assert all(step.reason for step in DEFAULT_PASSES)


def tiny() -> Graph:
    build = GraphBuilder("net")
    build.input("image", (2, 2, 1), parse_format("fixed<4,2>"))
    build.relu("relu", "image")
    return build.finish("relu")


def test_a_pass_that_breaks_a_rule_is_named() -> None:
    def break_it(graph: Graph) -> Graph:
        relu = graph["relu"]
        small = replace(relu.output, shape=(2, 1, 1))
        return graph.with_ops([*graph.ops[:-1], replace(relu, output=small)])

    with pytest.raises(GraphError) as caught:
        run_passes(tiny(), [*DEFAULT_PASSES, Pass("break_it", break_it, "a test")])
    assert str(caught.value) == (
        "graph 'net' after pass break_it: Relu 'relu': output shape is (2, 1, 1), must be (2, 2, 1)"
    )


def test_identities_between_an_op_and_its_quantize() -> None:
    """The order of the passes: the crop must go before the fold, the dead reader before both."""
    build = GraphBuilder("net")
    build.input("image", (2, 2, 1), parse_format("fixed<4,2>"))
    build.skip_add("sum", "image", "image")
    build.crop2d("crop", "sum", (0, 0), (2, 2))
    build.quantize("q", "crop", parse_format("fixed<3,2,RND,SAT>"))
    build.arg_max("dead", "sum")
    graph = build.finish("q", "dead")
    after = run_passes(graph.with_ops(graph.ops, ["q"]))
    assert [op.name for op in after.ops] == ["image", "sum"]


def test_two_conversions_that_undo_each_other() -> None:
    build = GraphBuilder("net")
    build.input("image", (2, 2, 1), parse_format("fixed<4,2>"))
    build.max_pool2d("pool", "image", (2, 2))
    build.quantize("wide", "pool", parse_format("fixed<9,4>"))
    build.quantize("narrow", "wide", parse_format("fixed<4,2,RND,SAT>"))
    after = run_passes(build.finish("narrow"))
    assert [op.name for op in after.ops] == ["image", "pool"]
