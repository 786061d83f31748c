"""Products that do not fit a stage, made of narrower ones."""

from __future__ import annotations

from collections.abc import Mapping

from fcn_hw.rtl.cycles import in_cycles
from fcn_hw.rtl.delays import DelayModel
from fcn_hw.rtl.ir import Builder, Node, ProcessGraph, mask
from fcn_hw.rtl.ranges import Bits

LEAST_BITS = 2
"""The narrower operand of a product has more bits than this when it is halved."""


def halved(
    graph: ProcessGraph, bits: Mapping[Node, Bits], delays: DelayModel, stage_ns: float
) -> ProcessGraph:
    """Makes ``a * low(b) + (a * high(b) << half)`` of a product that takes longer than a stage.

    Multiplication wraps around at the product's width, so the bits are the same. Products inside a
    recurrence stay: an addition would only lengthen them.

    Args:
        stage_ns: what a stage may take, from flip-flop to flip-flop.

    Returns:
        The same graph where no product is too slow.
    """
    order = graph.order()
    own = stage_ns - delays.clock_to_q - delays.setup
    slow = {node for node in order if node.op == "mul" and delays.of(node, bits) > own}
    slow = {node for node in slow if _narrow(node, bits)[1] > LEAST_BITS}
    if slow:
        slow -= {node for component in in_cycles(graph, order) for node in component}
    if not slow:
        return graph

    def change(node: Node, made: Mapping[Node, Node]) -> Node | None:
        if node not in slow:
            return None
        narrow, kept_bits = _narrow(node, bits)
        wide = next((x for x in node.operands if x is not narrow), narrow)
        return _product(
            graph.builder, node.width, made[wide], made[narrow], kept_bits // 2, bits[narrow].signed
        )

    return graph.rebuilt(change)


def _narrow(product: Node, bits: Mapping[Node, Bits]) -> tuple[Node, int]:
    """The operand of fewer bits, and how many."""
    node = min(product.operands, key=lambda x: bits[x].width)
    return node, bits[node].width


def _product(build: Builder, width: int, a: Node, b: Node, half: int, sign: bool) -> Node:
    by = build.constant(half, width)
    low = build.make("and", width, (b, build.constant(mask(half), width)))
    high = build.make("ashr" if sign else "lshr", width, (b, by))
    upper = build.make("shl", width, (build.make("mul", width, (a, high)), by))
    return build.make("add", width, (build.make("mul", width, (a, low)), upper))
