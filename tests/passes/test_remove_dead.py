"""What no output needs is removed."""

from __future__ import annotations

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.passes.remove_dead import remove_dead

FMT = parse_format("fixed<4,2>")


def test_dead_branches_and_dead_inputs_go() -> None:
    build = GraphBuilder("net")
    build.input("image", (2, 2, 1), FMT)
    build.input("unused", (2, 2, 1), FMT)
    build.relu("kept", "image")
    build.relu("dead", "image")
    build.skip_add("deader", "dead", "unused")
    graph = build.finish("kept", "deader")
    found = remove_dead(graph.with_ops(graph.ops, ["kept"]))
    assert [op.name for op in found.ops] == ["image", "kept"]
    assert found.outputs == ("kept",)
    assert remove_dead(graph) == graph
