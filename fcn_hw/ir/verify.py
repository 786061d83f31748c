"""The rules of a graph. Every broken rule is reported, not the first only."""

from __future__ import annotations

from collections.abc import Iterator

from fcn_hw.errors import FormatError, GraphError
from fcn_hw.intervals import Interval, format_interval
from fcn_hw.ir.classes import check_class
from fcn_hw.ir.graph import Graph
from fcn_hw.names import MAX_NAME_LENGTH, Names, graph_refusal
from fcn_hw.ops import Op

_COUNTS = {1: "one input", 2: "two inputs"}


def verify(graph: Graph, *, where: str = "") -> Graph:
    """Checks every rule and returns the graph.

    Args:
        where: what made the graph, for the message, for instance ``"after pass fold_quantize"``.

    Raises:
        GraphError: its ``diagnostics`` hold each broken rule, with the op's name.
        ConfigError: a class of an op from outside breaks a rule of :func:`check_class`.
    """
    for kind in {type(op) for op in graph.ops}:
        check_class(kind)
    problems = list(_graph_rules(graph))
    ranges: dict[str, Interval] = {}
    for op in graph.ops:
        found = [f"{op.kind} '{op.name}': {text}" for text in _op_rules(op, graph)]
        if not found:
            try:
                exact = op.interval([ranges[name] for name in op.inputs])
                found = [f"{op.kind} '{op.name}': {text}" for text in op.range_rules(exact)]
                ranges[op.name] = exact.converted(op.output.format)
            except FormatError as error:
                found = [f"{op.kind} '{op.name}': {error}"]
        ranges.setdefault(op.name, format_interval(op.output.format))
        problems += found
    if problems:
        raise GraphError(problems, where=f"graph '{graph.name}' {where}".rstrip())
    return graph


def _graph_rules(graph: Graph) -> Iterator[str]:
    if told := graph_refusal(graph.name):
        yield f"'{_short(graph.name)}': {told}"
    if not graph.inputs:
        yield "the graph has no input"
    names = Names(graph.name)
    for op in graph.ops:
        if told := names.refusal(op.name):
            yield f"{op.kind} '{_short(op.name)}': {told}"
        names.take(op.name)
        if not graph.readers(op.name) and op.name not in graph.outputs:
            yield f"{op.kind} '{op.name}': nothing reads its output, its stream would fill up"


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[:20]}..."


def _op_rules(op: Op, graph: Graph) -> Iterator[str]:
    """Rules that need no ranges. Later ones that a broken rule would mislead are left out."""
    operands = graph.operands(op)
    problems = list(_arity_rules(op, len(operands)))
    if not problems and min(op.output.shape) < 1:
        problems.append(f"output shape {op.output.shape} is empty")
    problems = problems or list(op.rules(operands))
    yield from problems
    if problems:
        return
    expected, fmt = op.shape(operands), op.source_format(operands)
    if expected != op.output.shape:
        yield f"output shape is {op.output.shape}, must be {expected}"
    if fmt is not None and not fmt.same_codes(op.output.format):
        yield f"output format {op.output.format} differs from the input's {operands[0].format}"


def _arity_rules(op: Op, count: int) -> Iterator[str]:
    least, most = op.arity
    if most == 0 and count:
        yield "an input reads nothing"
    elif count < least or least == most != count:
        wanted = _COUNTS.get(least, f"{least} inputs")
        yield f"needs {wanted}{' or more' if most > least else ''}, has {count}"
    elif count > most:
        yield f"takes {most} inputs at most, has {count}"
