"""Loops whose number of trips is known."""

from __future__ import annotations

from collections.abc import Iterator

from fcn_hw.lint.project import Project
from fcn_hw.lint.registry import Breach, rule
from fcn_hw.lint.tree import LOOPS, Node, loop_body
from fcn_hw.lint.trips import constant_trips, header_of

_CHANGES = frozenset("= += -= *= /= %= <<= >>= &= |= ^= ++x x++ --x x--".split())


@rule(
    "loop-bound",
    "The number of trips of every loop is known at compile time.",
    source='UG1399, "Variable Loop Bounds"',
)
def loop_bound(project: Project) -> Iterator[Breach]:
    for function in list(project.functions.values()):
        for loop in (node for node in function.nodes if node.kind in LOOPS):
            place = project.place(loop.cursor)
            if loop.kind in ("WHILE_STMT", "DO_STMT"):
                yield (
                    place,
                    f"a while loop in '{function.name}' has no bound known at compile time",
                    "write a for loop over the largest number of trips, with a condition inside",
                )
            elif constant_trips(loop) is None:
                yield (
                    place,
                    f"the trips of a loop in '{function.name}' are not known at compile time",
                    "count from a constant to a constant; put what depends on data into a "
                    "condition inside",
                )
            elif (changed := _changed_inside(loop)) is not None:
                yield (
                    project.place(changed.cursor),
                    f"a loop of '{function.name}' changes its own variable in its body",
                    "count in another variable",
                )


def _changed_inside(loop: Node) -> Node | None:
    header = header_of(loop)
    stack = [loop_body(loop)]
    while stack and header is not None:
        node = stack.pop()
        if node.operator in _CHANGES and node.operands[0].target_id == header.variable:
            return node
        stack.extend(node.children)
    return None
