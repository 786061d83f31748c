"""Sums as trees: LLVM leaves them as chains, which would take a stage for every few terms.

Products of DSP slices stay chains, of a few terms each: a slice adds what the one before it hands
on to its own product, and nothing else.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from fcn_hw.costs.arithmetic import MOST_CHAINED
from fcn_hw.rtl.cycles import in_cycles
from fcn_hw.rtl.delays import DelayModel
from fcn_hw.rtl.ir import TABLES, Builder, Node, ProcessGraph, dsp_product, of_tables
from fcn_hw.rtl.ranges import Bits


def balanced(graph: ProcessGraph, bits: Mapping[Node, Bits], delays: DelayModel) -> ProcessGraph:
    """Adds first the two terms that are ready first; sums inside a recurrence stay.

    Addition wraps around at the sum's width, so every order gives the same bits.
    """
    order = graph.order()
    recurrent = {node for component in in_cycles(graph, order) for node in component}
    users: dict[Node, list[Node]] = {}
    for node in order:
        for operand in node.operands:
            users.setdefault(operand, []).append(node)
    ends = set(graph.roots()) | {register.next for register in graph.registers}
    inner = {
        node
        for node in order
        if node.op == "add"
        and not node.label  # the pieces of a product are added first, they have fewer bits
        and node not in recurrent
        and node not in ends
        and len(users.get(node, [])) == 1
        and users[node][0].op == "add"
        and users[node][0].width == node.width
        and users[node][0] not in recurrent
    }
    ready: dict[Node, float] = {}
    for node in order:
        start = {"load": delays.block_ram, "read": delays.fifo}.get(node.op, 0.0)
        ready[node] = max((ready[x] for x in node.operands), default=start) + delays.of(node, bits)

    def change(node: Node, made: Mapping[Node, Node]) -> Node | None:
        if node.op != "add" or node.label or node in inner or node in recurrent:
            return None
        terms = _terms(node, inner)
        if len(terms) < 3 and not any(map(of_tables, terms)):
            return None
        cost = delays.of(node, bits)
        timed = [(ready[term], made[term]) for term in terms]
        return _tree(graph.builder, node.width, _chained(graph.builder, timed, cost), cost)

    return graph.rebuilt(change)


def _terms(total: Node, inner: set[Node]) -> list[Node]:
    found, todo = [], list(total.operands)
    while todo:
        node = todo.pop()
        if node in inner:
            todo += node.operands
        else:
            found.append(node)
    return found


def _chained(
    build: Builder, terms: list[tuple[float, Node]], cost: float
) -> list[tuple[float, Node]]:
    """The terms, those that DSP slices make already added in chains; an addition takes ``cost``."""
    products = [(time, node) for time, node in reversed(terms) if dsp_product(node) is not None]
    found = [(time, node) for time, node in terms if dsp_product(node) is None]
    for first in range(0, len(products), MOST_CHAINED):
        (time, total), *others = products[first : first + MOST_CHAINED]
        for _, node in others:
            time, total = time + cost, build.make("add", total.width, (total, node))
        found.append((time, total))
    return found


def _tree(build: Builder, width: int, terms: list[tuple[float, Node]], cost: float) -> Node:
    """The sum of terms that are ready at some time; an addition takes ``cost``."""
    heap = [(time, number, node) for number, (time, node) in enumerate(terms)]
    heapq.heapify(heap)
    number = len(terms)
    while len(heap) > 1:
        first, _, a = heapq.heappop(heap)
        second, _, b = heapq.heappop(heap)
        label = TABLES if of_tables(a) or of_tables(b) else ""
        total = build.raw("add", width, (a, b), label=label)
        heapq.heappush(heap, (max(first, second) + cost, number, total))
        number += 1
    return heap[0][2]
