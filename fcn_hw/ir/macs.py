"""How much work and how many parameters a graph has."""

from __future__ import annotations

from fcn_hw.ir.graph import Graph


def total_macs(graph: Graph) -> int:
    """Multiplications by a weight of one frame, all ops together."""
    return sum(op.macs(graph.operands(op)) for op in graph.ops)


def total_parameters(graph: Graph) -> int:
    return sum(op.parameters for op in graph.ops)
