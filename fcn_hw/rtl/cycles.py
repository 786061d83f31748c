"""Recurrences: what depends on itself through registers, and has one clock to do so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fcn_hw.rtl.ir import Node, ProcessGraph


def components(
    nodes: Iterable[Node], needs: Callable[[Node], tuple[Node, ...]]
) -> list[list[Node]]:
    """The strongly connected components, those that others need first.

    R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Computing 1 (1972).
    """
    number: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    open_nodes: set[Node] = set()
    path: list[Node] = []
    found: list[list[Node]] = []
    for root in nodes:
        if root in number:
            continue
        work: list[tuple[Node, Iterator[Node]]] = []

        def enter(node: Node, work: list[tuple[Node, Iterator[Node]]] = work) -> None:
            number[node] = lowest[node] = len(number)
            path.append(node)
            open_nodes.add(node)
            work.append((node, iter(needs(node))))

        enter(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in number:
                    enter(other)
                    break
                if other in open_nodes:
                    lowest[node] = min(lowest[node], number[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == number[node]:
                    component = []
                    while True:
                        last = path.pop()
                        open_nodes.discard(last)
                        component.append(last)
                        if last is node:
                            break
                    found.append(component)
    return found


def in_cycles(graph: ProcessGraph, order: Iterable[Node]) -> list[list[Node]]:
    """The components that are recurrences."""
    needs = graph.predecessors()
    return [
        component
        for component in components(order, needs)
        if len(component) > 1 or component[0] in needs(component[0])
    ]
