"""Whether every frame takes the same iterations, whatever its data are.

The dataflow model, the depths of FIFOs and the cycles of a frame stand on that. A condition that
data decide shows in the graph: what enables a read, a write or the start of a frame then depends
on a pixel, or on a memory that pixels are written to.
"""

from __future__ import annotations

from fcn_hw.errors import NotSynthesizable
from fcn_hw.rtl.ir import Node, ProcessGraph

_LOGIC = frozenset({"and", "or", "not", "select", "xor", "register"})


def check_static_control(graph: ProcessGraph) -> None:
    """Checks a process.

    Raises:
        NotSynthesizable: data decide on what an iteration does.
    """
    needs = graph.predecessors()
    of_data = _depending_on_data(graph)
    enables = [
        *((f"'{read.stream}' is read", read.enable) for read in graph.reads),
        *((f"'{write.stream}' is written", write.enable) for write in graph.writes),
        ("a frame ends", graph.begins),
    ]
    for what, enable in enables:
        if enable not in of_data:
            continue
        todo, seen = [enable], {enable}
        while todo:
            node = todo.pop()
            if node.op not in _LOGIC or node.width > 1:
                break
            following = [x for x in needs(node) if x in of_data and x not in seen]
            seen.update(following)
            todo += following
        raise NotSynthesizable(
            node.line,
            f"data decide when {what}, and a process must take the same iterations for every frame",
        )


def _depending_on_data(graph: ProcessGraph) -> set[Node]:
    """What depends on a pixel, directly or through registers and memories."""
    order, needs = graph.order(), graph.predecessors()
    users: dict[Node, list[Node]] = {}
    for node in order:
        for operand in needs(node):
            users.setdefault(operand, []).append(node)
    todo = [read.node for read in graph.reads]
    todo += [load.node for m in graph.memories if m.image is None for load in m.loads]
    found: set[Node] = set()
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += users.get(node, ())
    return found
