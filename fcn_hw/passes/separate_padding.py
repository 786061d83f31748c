"""Takes the padding out of convolutions."""

from __future__ import annotations

from dataclasses import replace

from fcn_hw.ir.graph import Graph
from fcn_hw.ir.ops import Conv2D, Op, Padding, Tensor, ZeroPad2D


def separate_padding(graph: Graph) -> Graph:
    """Gives every ``Conv2D`` with padding a ``ZeroPad2D`` in front, and no padding of its own.

    The new op is named ``<convolution>_padding``, with a number behind where that name is taken.
    Its format is its input's, so it moves codes and converts none.
    """
    taken = {op.name for op in graph.ops}
    ops: list[Op] = []
    for op in graph.ops:
        if not isinstance(op, Conv2D) or op.padding == Padding():
            ops.append(op)
            continue
        (source,) = graph.operands(op)
        name = _free_name(f"{op.name}_padding", taken)
        taken.add(name)
        shape = (
            source.height + op.padding.top + op.padding.bottom,
            source.width + op.padding.left + op.padding.right,
            source.channels,
        )
        ops.append(ZeroPad2D(name, op.inputs, Tensor(name, shape, source.format), op.padding))
        ops.append(replace(op, inputs=(name,), padding=Padding()))
    return graph.with_ops(ops)


def _free_name(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}{number}"
    return free
