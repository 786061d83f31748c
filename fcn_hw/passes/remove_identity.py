"""Removes ops that leave every code as it is."""

from __future__ import annotations

from dataclasses import replace

from fcn_hw.intervals import Interval
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.intervals import intervals
from fcn_hw.ops import Op, Tensor
from fcn_hw.ops.quantize import Quantize


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
        if not op.moves_nothing(source.output, held):
            ops[op.name] = op
            continue
        returned = op.name in outputs
        if _keeps_codes(op.output, source.output, held) and not (
            returned and (not source.inputs or source.name in outputs)
        ):
            renamed[op.name] = source.name
            outputs = [source.name if name == op.name else name for name in outputs]
            ops[source.name] = replace(source, origin=source.origin or op.origin)
        else:
            ops[op.name] = Quantize(op.name, op.inputs, op.output, origin=op.origin)
    return graph.with_ops(ops.values(), outputs)


def _keeps_codes(output: Tensor, source: Tensor, held: Interval) -> bool:
    return output.format.same_codes(source.format) and held.within(output.format)
