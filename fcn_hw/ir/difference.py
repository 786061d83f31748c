"""What changed from one graph to another, op by op, in the terms of the ops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Constant, Op, Padding


@dataclass(frozen=True)
class Change:
    """One difference.

    Args:
        where: the op, or ``""`` for the whole.
        what: the field, for instance ``"output format"``.
        before, after: as text; ``""`` where there is none.
    """

    where: str
    what: str
    before: str
    after: str


def graph_changes(a: Graph, b: Graph) -> tuple[Change, ...]:
    """The changes from ``a`` to ``b``; none where both mean the same."""
    found = []
    if a.name != b.name:
        found.append(Change("", "name", a.name, b.name))
    if a.outputs != b.outputs:
        found.append(Change("", "outputs", ", ".join(a.outputs), ", ".join(b.outputs)))
    ours, theirs = ({op.name: op for op in graph.ops} for graph in (a, b))
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in theirs:
            found.append(Change(name, "op", _described(ours[name]), ""))
        elif name not in ours:
            found.append(Change(name, "op", "", _described(theirs[name])))
        else:
            found += _op_changes(ours[name], theirs[name])
    common = [name for name in ours if name in theirs]
    if common != [name for name in theirs if name in ours]:
        found.append(Change("", "order of ops", "", "another one"))
    return tuple(found)


def _described(op: Op) -> str:
    height, width, channels = op.output.shape
    sources = ", ".join(op.inputs)
    return f"{op.kind}({sources}) {height}x{width}x{channels} {op.output.format}"


def _op_changes(a: Op, b: Op) -> Iterator[Change]:
    if type(a) is not type(b):
        yield Change(a.name, "op", _described(a), _described(b))
        return
    for label, before, after in (
        ("inputs", ", ".join(a.inputs), ", ".join(b.inputs)),
        ("shape", _shown(a.output.shape), _shown(b.output.shape)),
        ("output format", str(a.output.format), str(b.output.format)),
        ("origin", a.origin, b.origin),
    ):
        if before != after:
            yield Change(a.name, label, before, after)
    for name in a.own_fields():
        before, after = getattr(a, name), getattr(b, name)
        if isinstance(before, Constant) and isinstance(after, Constant):
            yield from _constant_changes(a.name, name, before, after)
        elif before != after:
            yield Change(a.name, name, _shown(before), _shown(after))


def _constant_changes(name: str, label: str, a: Constant, b: Constant) -> Iterator[Change]:
    if a.format != b.format:
        yield Change(name, f"{label} format", str(a.format), str(b.format))
    if a.codes.shape != b.codes.shape:
        yield Change(name, f"{label} shape", _shown(a.codes.shape), _shown(b.codes.shape))
        return
    differ = a.codes != b.codes
    if differ.any():
        first = tuple(int(i) for i in np.argwhere(differ)[0])
        count = f"{int(differ.sum()):,} of {differ.size:,} differ"
        place = ",".join(map(str, first))
        yield Change(
            name,
            f"{label} codes",
            f"[{place}] = {a.codes[first]}",
            f"[{place}] = {b.codes[first]}; {count}",
        )


def _shown(value: object) -> str:
    if isinstance(value, Constant):
        return f"{_shown(value.codes.shape)} {value.format}"
    if isinstance(value, Padding):
        value = (value.top, value.bottom, value.left, value.right)
    if isinstance(value, tuple):
        return "x".join(str(item) for item in value)
    return "none" if value is None else str(value)
