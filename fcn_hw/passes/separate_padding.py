"""Takes the padding out of convolutions."""

from __future__ import annotations

from dataclasses import replace

from fcn_hw.ir.graph import Graph
from fcn_hw.names import Names
from fcn_hw.ops import Op, Padding, Tensor
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.zero_pad2d import ZeroPad2D


def separate_padding(graph: Graph) -> Graph:
    """Gives every ``Conv2D`` with padding a ``ZeroPad2D`` in front, and no padding of its own.

    The new op is named ``<convolution>_padding``, with a number behind where that name is taken.
    Its format is its input's, so it moves codes and converts none.
    """
    names = Names(graph.name, (op.name for op in graph.ops))
    ops: list[Op] = []
    for op in graph.ops:
        if not isinstance(op, Conv2D) or op.padding == Padding():
            ops.append(op)
            continue
        (source,) = graph.operands(op)
        name = names.give(f"{op.name}_padding")
        shape = (
            source.height + op.padding.top + op.padding.bottom,
            source.width + op.padding.left + op.padding.right,
            source.channels,
        )
        ops.append(ZeroPad2D(name, op.inputs, Tensor(name, shape, source.format), op.padding))
        ops.append(replace(op, inputs=(name,), padding=Padding()))
    return graph.with_ops(ops)
