"""The oracle against plain loops over exact fractions."""

from __future__ import annotations

from brute_force import brute_force
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import graphs, random_frames

from fcn_hw.ir.graph import Graph
from fcn_hw.ir.ops import OPS
from fcn_hw.reference import evaluate


def test_every_op_of_random_graphs() -> None:
    seen: set[type] = set()

    @settings(max_examples=300)
    @given(graphs(), st.integers(0, 2**32 - 1))
    def check(graph: Graph, seed: int) -> None:
        frames = random_frames(graph, seed, count=2)
        found = evaluate(graph, frames)
        for index in range(2):
            expected = brute_force(graph, {name: codes[index] for name, codes in frames.items()})
            for name, codes in expected.items():
                assert found[name][index].tolist() == codes, f"{graph[name].kind} '{name}'"
        seen.update(type(op) for op in graph.ops)

    check()
    assert seen == set(OPS), "an op that never occurred was not tested"
