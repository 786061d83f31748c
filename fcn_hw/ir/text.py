"""The graph as readable text: one typed tensor a line."""

from __future__ import annotations

from dataclasses import MISSING, fields

from fcn_hw.errors import one_line
from fcn_hw.fixed import FixedFormat
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.macs import total_macs, total_parameters
from fcn_hw.ops import Constant, Op, Padding
from fcn_hw.scaling import Scaling


def to_text(graph: Graph) -> str:
    """The dump, for people and for comparing two graphs.

    A line reads ``%name: HxWxC format = Op(%sources) field=value``; fields at their default are
    left out, and weights are shown by their format only. What follows ``#`` is derived.
    """
    names = [f"%{op.name}:" for op in graph.ops]
    types = [f"{_value(op.output.shape, 'x')} {op.output.format}" for op in graph.ops]
    left = max(len(text) for text in names)
    middle = max(len(text) for text in types)
    lines = [f"graph {graph.name}  # {_summary(graph)}"]
    for op, name, kind in zip(graph.ops, names, types, strict=True):
        sources = ", ".join(f"%{source}" for source in op.inputs)
        line = f"  {name:{left}} {kind:{middle}} = {op.kind}({sources}){_arguments(op)}"
        work = op.macs(graph.operands(op))
        lines.append(line + (f"  # {si_prefixed(work)}MAC" if work else ""))
    lines.append(f"return {', '.join(f'%{name}' for name in graph.outputs)}")
    return "\n".join(lines) + "\n"


def _summary(graph: Graph) -> str:
    return (
        f"{len(graph.ops)} ops, {si_prefixed(total_macs(graph))}MAC a frame, "
        f"{total_parameters(graph):,} parameters"
    )


def _arguments(op: Op) -> str:
    shown = [f" {label}={value}" for label, value in op.notes().items()]
    own = op.own_fields()
    for item in fields(op):
        if item.name not in own:
            continue
        value = getattr(op, item.name)
        if item.default is MISSING or value != item.default:
            # Sizes and factors read "2x2"; positions and paddings read "0,1".
            separator = "," if item.name in ("crop", "offset", "padding") else "x"
            shown.append(f" {item.name}={_value(value, separator)}")
    if op.origin not in ("", op.name):
        shown.append(f" origin={one_line(op.origin)}")
    return "".join(shown)


def _value(value: object, separator: str) -> str:
    if isinstance(value, Constant):
        return str(value.format)
    if isinstance(value, Padding):
        value = (value.top, value.bottom, value.left, value.right)
    if isinstance(value, tuple):
        return separator.join(str(number) for number in value)
    if isinstance(value, Scaling):
        return f"({value})"
    if isinstance(value, int):
        return str(value)
    assert isinstance(value, FixedFormat), f"no text for a {type(value).__name__}"
    return str(value)


def si_prefixed(count: int) -> str:
    """``1_300_000`` to ``1.3 M``: a number of four characters or less and its SI prefix."""
    value = float(count)
    for prefix in ("", "k", "M", "G"):
        if value < 999.5:
            return f"{value:.3g} {prefix}"
        value /= 1000
    return f"{value:.3g} T"
