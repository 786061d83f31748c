"""Products made of narrower ones: of look-up tables, or of halves where they do not fit a stage."""

from __future__ import annotations

from collections.abc import Mapping

from fcn_hw.costs.arithmetic import in_dsp, product_pieces
from fcn_hw.rtl.cycles import in_cycles
from fcn_hw.rtl.delays import DelayModel
from fcn_hw.rtl.ir import TABLES, Builder, Node, ProcessGraph, mask
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


def tabled(graph: ProcessGraph, bits: Mapping[Node, Bits], delays: DelayModel) -> ProcessGraph:
    """Cuts both factors of a product in look-up tables into pieces of so few bits that a product of
    pieces is a table of one look-up table a bit; the product is their sum.

    Synthesis would add single bits of partial products, two look-up tables for each.
    """
    if not delays.tables:
        return graph

    def change(node: Node, made: Mapping[Node, Node]) -> Node | None:
        if node.op != "mul" or node.label or any(x.op == "const" for x in node.operands):
            return None
        left, right = (bits[x].width for x in node.operands)
        if min(left, right) < LEAST_BITS or in_dsp(left, right):
            return None
        a, b = (
            _pieces(graph.builder, made[x], bits[x], piece)
            for x, piece in zip(node.operands, product_pieces(left, right), strict=True)
        )
        terms = [_table(graph.builder, one, other) for one in a for other in b]
        total, *others = terms
        for term in others:
            total = graph.builder.raw("add", node.width, (total, term), label=TABLES)
        return total

    return graph.rebuilt(change)


_Piece = tuple[Node, int]
"""Bits of a factor as a number, and the place of the lowest one."""


def _pieces(build: Builder, factor: Node, kept: Bits, size: int) -> list[_Piece]:
    """A factor, ``size`` bits at a time; the uppermost piece has its sign."""
    found = []
    for place in range(0, kept.width, size):
        piece, by = factor, build.constant(place, factor.width)
        if place:
            piece = build.make("ashr" if kept.signed else "lshr", factor.width, (piece, by))
        if place + size < kept.width:
            ones = build.constant(mask(size), factor.width)
            piece = build.make("and", factor.width, (piece, ones))
        found.append((piece, place))
    return found


def _table(build: Builder, a: _Piece, b: _Piece) -> Node:
    product = build.raw("mul", a[0].width, (a[0], b[0]), label=TABLES)
    return build.make("shl", product.width, (product, build.constant(a[1] + b[1], product.width)))
