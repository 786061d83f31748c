"""Removes what no output needs."""

from __future__ import annotations

from fcn_hw.ir.graph import Graph


def remove_dead(graph: Graph) -> Graph:
    """Drops every op, inputs too, from which no output can be reached.

    Such an op would write a stream that nothing reads, and ``verify`` refuses it.
    """
    needed = set(graph.outputs)
    for op in reversed(graph.ops):
        if op.name in needed:
            needed.update(op.inputs)
    return graph.with_ops(op for op in graph.ops if op.name in needed)
