"""Folds a conversion into the op that computes what is converted."""

from __future__ import annotations

from dataclasses import replace

from fcn_hw.fixed import Overflow
from fcn_hw.intervals import Interval
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Op
from fcn_hw.ops.quantize import Quantize
from fcn_hw.ops.relu import Relu


def fold_quantize(graph: Graph) -> Graph:
    """Merges a ``Quantize`` into its source; the merged op has the source's name.

    Folded where the source ends with a conversion, its output holds its result
    exactly, the ``Quantize`` is its only reader, and it is no output of the graph. Then only one
    of the two conversions can change a value, so that one alone does the same. The merged op has
    the origin of the ``Quantize``, whose tensor it now writes; an output of the graph follows.

    A ``Relu`` to an unsigned saturating format is a ``Quantize`` to begin with: every rounding
    mode takes a value <= 0 to a code <= 0, which saturates to 0, as ``max(x, 0)`` does; a positive
    value passes both unchanged. (Wrapping would not: -1 becomes the largest code.)
    """
    ops: dict[str, Op] = {}
    ranges: dict[str, Interval] = {}
    renamed: dict[str, str] = {}
    original: dict[str, str] = {}  # the op of ``graph`` whose tensor an op of ``ops`` writes
    for old in graph.ops:
        op = _simplest(replace(old, inputs=tuple(renamed.get(name, name) for name in old.inputs)))
        while isinstance(op, Quantize):
            source = ops[op.inputs[0]]
            read_as = original.get(source.name, source.name)
            if (
                not source.converts
                or len(graph.readers(read_as)) != 1
                or read_as in graph.outputs
                or not _is_exact(source, [ranges[name] for name in source.inputs])
            ):
                break
            ops.pop(op.name, None)  # where the Quantize itself came of a fold
            merged = replace(source, output=replace(source.output, format=op.output.format))
            op = _simplest(merged, origin=op.origin)
        exact = op.interval([ranges[name] for name in op.inputs])
        ranges[op.name] = exact.converted(op.output.format)
        ops[op.name] = op  # a merged op stays where its source was: nothing else reads it
        renamed[old.name] = op.name
        original[op.name] = old.name
    return graph.with_ops(ops.values(), [renamed[name] for name in graph.outputs])


def _simplest(op: Op, origin: str | None = None) -> Op:
    """``op``, or the ``Quantize`` that it amounts to, with another origin if one is given."""
    origin = op.origin if origin is None else origin
    fmt = op.output.format
    if isinstance(op, Relu) and not fmt.signed and fmt.overflow is not Overflow.WRAP:
        return Quantize(op.name, op.inputs, op.output, origin=origin)
    return replace(op, origin=origin)


def _is_exact(op: Op, operands: list[Interval]) -> bool:
    """Whether the output's format holds every value that ``op`` can compute."""
    fmt = op.output.format
    exact = op.interval(operands)
    return exact.fraction <= fmt.fraction and exact.rescaled(fmt.fraction).within(fmt)
