"""Where the processes of a design are drawn: rows from the input down, lanes from left to right.

A process is a row below the lowest that it reads. A stream runs down one lane; the longest way to
an output stays in the lane of its process, the other branches of a fork go to free lanes at its
right, and come back where they are read. So skip connections run beside what they skip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Wire:
    """A stream between two nodes.

    Args:
        tail, head: numbers of the nodes.
        lane: in which it runs down.
    """

    tail: int
    head: int
    lane: int


@dataclass(frozen=True)
class Placement:
    """Args:
    rows, lanes: of each node.
    wires: in the order of the edges.
    """

    rows: tuple[int, ...]
    lanes: tuple[int, ...]
    wires: tuple[Wire, ...]


def place(count: int, edges: Sequence[tuple[int, int]]) -> Placement:
    """Places the nodes of an acyclic graph.

    Args:
        count: of nodes, in topological order.
        edges: (tail, head), ``tail < head``.
    """
    incoming: list[list[int]] = [[] for _ in range(count)]
    outgoing: list[list[int]] = [[] for _ in range(count)]
    for number, (tail, head) in enumerate(edges):
        assert tail < head, "nodes are not in topological order"
        incoming[head].append(number)
        outgoing[tail].append(number)
    rows, height = [0] * count, [0] * count
    for node in range(count):
        rows[node] = max((rows[edges[e][0]] + 1 for e in incoming[node]), default=0)
    for node in reversed(range(count)):
        height[node] = max((height[edges[e][1]] + 1 for e in outgoing[node]), default=0)
    lanes, edge_lanes = [0] * count, [0] * len(edges)
    free_from: list[int] = []  # the row from which on each lane is free
    for row in range(max(rows, default=-1) + 1):
        here = [node for node in range(count) if rows[node] == row]
        # first all nodes of the row, so that no branch takes the lane in which a neighbour goes on
        leaving = {}
        for node in here:
            arriving = [edge_lanes[edge] for edge in incoming[node]]
            lane = lanes[node] = min(arriving) if arriving else _free_lane(free_from, 0, row)
            longest = sorted(outgoing[node], key=lambda edge: (-height[edges[edge][1]], edge))
            free_from[lane] = rows[edges[longest[0]][1]] if longest else row + 1
            for edge in longest[:1]:
                edge_lanes[edge] = lane
            leaving[node] = longest[1:]
        for node, others in leaving.items():
            for edge in others:
                lane = edge_lanes[edge] = _free_lane(free_from, lanes[node] + 1, row)
                free_from[lane] = rows[edges[edge][1]]
    wires = tuple(
        Wire(tail, head, lane) for (tail, head), lane in zip(edges, edge_lanes, strict=True)
    )
    return Placement(tuple(rows), tuple(lanes), wires)


def _free_lane(free_from: list[int], first: int, row: int) -> int:
    """The leftmost lane from ``first`` on that is free from ``row`` on; a new one if need be."""
    for lane in range(first, len(free_from)):
        if free_from[lane] <= row:
            return lane
    free_from.append(row)
    return len(free_from) - 1
