"""What the tensors of a graph can hold."""

from __future__ import annotations

from collections.abc import Collection

from fcn_hw.intervals import Interval
from fcn_hw.ir.graph import Graph

FLOAT32_EXACT = 1 << 24
"""float32 holds every integer up to here (IEEE 754: 24 bits of significand)."""


def intervals(graph: Graph) -> dict[str, tuple[Interval, Interval]]:
    """For each op (what it computes exactly, what its output tensor can hold)."""
    found: dict[str, tuple[Interval, Interval]] = {}
    for op in graph.ops:
        exact = op.interval([found[name][1] for name in op.inputs])
        found[op.name] = (exact, exact.converted(op.output.format))
    return found


def float32_exact(graph: Graph, proved: Collection[str] = ()) -> frozenset[str]:
    """The ops whose exact result, and all before it, float32 holds without rounding.

    Args:
        proved: ops whose codes are known to be those of a float function, whatever float32 makes
            of their own arithmetic.
    """
    found: set[str] = set()
    for name, (exact, _) in intervals(graph).items():
        op = graph[name]
        small = max(abs(exact.low), abs(exact.high)) <= FLOAT32_EXACT
        same = name in proved or (small and not op.stands_for_floats)
        if same and all(source in found for source in op.inputs):
            found.add(name)
    return frozenset(found)
