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
    busy_until: list[int] = []  # the row in which each lane is free again
    for node in sorted(range(count), key=lambda item: (rows[item], item)):
        arriving = [edge_lanes[edge] for edge in incoming[node]]
        lane = min(arriving) if arriving else _free_lane(busy_until, 0, rows[node])
        lanes[node] = lane
        for freed in arriving:
            busy_until[freed] = min(busy_until[freed], rows[node])
        busy_until[lane] = rows[node] + 1
        leaving = sorted(outgoing[node], key=lambda edge: (-height[edges[edge][1]], edge))
        for position, edge in enumerate(leaving):
            end = rows[edges[edge][1]]
            taken = lane if position == 0 else _free_lane(busy_until, lane + 1, rows[node])
            busy_until[taken] = max(busy_until[taken], end)
            edge_lanes[edge] = taken
    wires = tuple(
        Wire(tail, head, lane) for (tail, head), lane in zip(edges, edge_lanes, strict=True)
    )
    return Placement(tuple(rows), tuple(lanes), wires)


def _free_lane(busy_until: list[int], first: int, row: int) -> int:
    """The leftmost lane from ``first`` on that is free in ``row``; a new one if need be."""
    for lane in range(first, len(busy_until)):
        if busy_until[lane] <= row:
            return lane
    while len(busy_until) <= first:
        busy_until.append(0)
        if len(busy_until) == first + 1:
            return first
    busy_until.append(0)
    return len(busy_until) - 1
