"""Removes ops that leave every code as it is."""

from __future__ import annotations

from dataclasses import replace

from fcn_hw.ir.graph import Graph
from fcn_hw.ir.intervals import Interval, intervals
from fcn_hw.ir.ops import (
    AveragePool2D,
    Crop2D,
    Input,
    MaxPool2D,
    Op,
    Padding,
    Quantize,
    Relu,
    Tensor,
    UpsampleBilinear,
    UpsampleNearest,
    ZeroPad2D,
)


def remove_identity(graph: Graph) -> Graph:
    """Lets the readers of an identity read its source instead.

    An op is an identity where its values are its source's, and its output format has the source's
    signedness, width and binary point and holds all codes that can occur. The format must agree,
    not the values only: an op that moves pixels passes its source's format on.

    A ``Relu`` of values that are never negative, a bilinear upsampling by 1, a crop to the whole
    frame and the like do no more than convert. Those that can't be removed become a ``Quantize``.

    An identity stays where its removal would make the graph return an input, or the same tensor
    twice. Its origin goes to the source if that has none: the values are the same.
    """
    ranges = {name: held for name, (_, held) in intervals(graph).items()}
    ops: dict[str, Op] = {}
    outputs = list(graph.outputs)
    renamed: dict[str, str] = {}
    for old in graph.ops:
        op = replace(old, inputs=tuple(renamed.get(name, name) for name in old.inputs))
        if len(op.inputs) != 1:
            ops[op.name] = op
            continue
        source = ops[op.inputs[0]]
        held = ranges[old.inputs[0]]
        if not _moves_nothing(op, source.output, held):
            ops[op.name] = op
            continue
        returned = op.name in outputs
        if _keeps_codes(op.output, source.output, held) and not (
            returned and (isinstance(source, Input) or source.name in outputs)
        ):
            renamed[op.name] = source.name
            outputs = [source.name if name == op.name else name for name in outputs]
            ops[source.name] = replace(source, origin=source.origin or op.origin)
        else:
            ops[op.name] = Quantize(op.name, op.inputs, op.output, origin=op.origin)
    return graph.with_ops(ops.values(), outputs)


def _moves_nothing(op: Op, source: Tensor, held: Interval) -> bool:
    """Whether ``op`` does no more than convert its input to its output's format."""
    if isinstance(op, Quantize):
        return True
    if isinstance(op, Relu):
        return held.low >= 0
    if isinstance(op, (UpsampleNearest, UpsampleBilinear)):
        return op.scale == (1, 1)
    if isinstance(op, (MaxPool2D, AveragePool2D)):
        return op.pool == op.strides == (1, 1) and op.padding == Padding()
    if isinstance(op, Crop2D):
        return op.output.shape == source.shape
    if isinstance(op, ZeroPad2D):
        return op.padding == Padding()
    return False


def _keeps_codes(output: Tensor, source: Tensor, held: Interval) -> bool:
    new, old = output.format, source.format
    same = (new.signed, new.width, new.integer) == (old.signed, old.width, old.integer)
    return same and held.within(new)
