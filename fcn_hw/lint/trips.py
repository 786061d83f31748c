"""How often a loop runs, where its header says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fcn_hw.lint.symbols import Value, unknown
from fcn_hw.lint.tree import Node, array_dimensions, converted

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}
_CONDITIONS = frozenset(_MIRRORED)
_STEPS = {"++x": 1, "x++": 1, "--x": -1, "x--": -1, "+=": 1, "-=": -1}
_FOR_PARTS = 4


@dataclass(frozen=True)
class Header:
    """``for (variable = start; variable sign bound; variable += step)``.

    Args:
        variable: number of its declaration.
        start, bound: expressions.
        step: expression, None where it is 1.
        direction: 1 counts up, -1 down.
    """

    variable: int
    start: Node
    sign: str
    bound: Node
    step: Node | None
    direction: int


def header_of(loop: Node) -> Header | None:
    """The header of a counting loop, None where the loop is another one.

    Of a condition ``n < 8 && more`` the first part counts: the other one ends the loop earlier.
    """
    if loop.kind != "FOR_STMT" or len(loop.children) != _FOR_PARTS:
        return None
    first, condition, last, _ = loop.children
    variable, start = _start(first)
    condition = _bounding(condition, variable)
    if start is None or condition.operator not in _CONDITIONS or last.operator not in _STEPS:
        return None
    left, right = (converted(node) for node in condition.operands)
    sign = condition.operator
    if right.target_id == variable and left.target_id != variable:
        left, right, sign = right, left, _MIRRORED[sign]
    changed = last.operands
    if left.target_id != variable or changed[0].target_id != variable:
        return None
    step = converted(changed[1]) if last.operator in ("+=", "-=") else None
    return Header(variable, start, sign, right, step, _STEPS[last.operator])


def values_of(header: Header, evaluate: Callable[[Node], Value]) -> range | None:
    """The values that the variable takes, None where they are not known or have no end."""
    start, bound = evaluate(header.start), evaluate(header.bound)
    step = 1 if header.step is None else evaluate(header.step)
    if not (isinstance(start, int) and isinstance(bound, int) and isinstance(step, int)):
        return None
    step *= header.direction
    if step == 0 or ((header.sign in ("<", "<=")) == (step < 0) and header.sign != "!="):
        return range(0) if step and not _holds(header.sign, start, bound) else None
    if header.sign == "!=":
        return range(start, bound, step) if (bound - start) % step == 0 else None
    if header.sign in ("<=", ">="):
        bound += 1 if step > 0 else -1
    return range(start, bound, step)


def elements_of(loop: Node) -> int | None:
    """Elements that a range-based loop visits, None where its range is no array of known size."""
    for child in loop.children:
        dimensions = array_dimensions(child.cursor.type)
        if dimensions and dimensions[0]:
            return dimensions[0]
    return None


def constant_trips(loop: Node) -> int | None:
    """Trips of a loop whose bounds are constant expressions of C++, else None."""
    if loop.kind == "CXX_FOR_RANGE_STMT":
        return elements_of(loop)
    header = header_of(loop)
    if header is None:
        return None
    values = values_of(header, _constant)
    return None if values is None else len(values)


def _constant(node: Node) -> Value:
    constant = node.constant
    if constant is None and node.kind == "DECL_REF_EXPR" and node.target is not None:
        # a const local whose initialiser is constant, which the reference does not show
        constant = Node(node.target).constant if node.target.type.is_const_qualified() else None
    return unknown(node) if constant is None else constant


def _bounding(condition: Node, variable: int) -> Node:
    """The comparison of the variable in a condition of parts that must all hold."""
    if condition.operator != "&&":
        return condition
    parts = [_bounding(part, variable) for part in condition.operands]
    for part in parts:
        if part.operator in _CONDITIONS and variable in [
            converted(operand).target_id for operand in part.operands
        ]:
            return part
    return condition


def _holds(sign: str, start: int, bound: int) -> bool:
    return {"<": start < bound, "<=": start <= bound, ">": start > bound, ">=": start >= bound}[
        sign
    ]


def _start(first: Node) -> tuple[int, Node | None]:
    """The loop's variable and the expression it starts with."""
    if first.kind == "DECL_STMT":
        declared = [child for child in first.children if child.kind == "VAR_DECL"]
        if len(declared) != 1 or declared[0].start is None:
            return 0, None
        return int(declared[0].cursor.hash), converted(declared[0].start)
    if first.operator == "=":
        return first.operands[0].target_id, converted(first.operands[1])
    return 0, None
