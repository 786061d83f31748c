"""How much work and how many parameters an op has."""

from __future__ import annotations

from fcn_hw.ir.graph import Graph
from fcn_hw.ir.ops import Conv2D, ConvTranspose2D, Op, Tensor


def macs(op: Op, operands: tuple[Tensor, ...]) -> int:
    """Multiplications by a weight, each with its addition, for one frame.

    A :class:`Conv2D` counts every tap at every output position, those that fall on padding too:
    a pipelined datapath spends the clock on them all the same. A :class:`ConvTranspose2D` counts
    every tap at every input position, the cropped ones too; zeros between inputs are never
    multiplied. Everything else has no weights and counts 0, bilinear upsampling included: its
    factors are constants of a few bits.
    """
    if isinstance(op, Conv2D):
        return op.output.height * op.output.width * op.weight.codes.size
    if isinstance(op, ConvTranspose2D):
        return operands[0].height * operands[0].width * op.weight.codes.size
    return 0


def parameters(op: Op) -> int:
    """Weights and biases."""
    if isinstance(op, (Conv2D, ConvTranspose2D)):
        return op.weight.codes.size + (0 if op.bias is None else op.bias.codes.size)
    return 0


def total_macs(graph: Graph) -> int:
    """:func:`macs` of one frame, all ops together."""
    return sum(macs(op, graph.operands(op)) for op in graph.ops)


def total_parameters(graph: Graph) -> int:
    return sum(parameters(op) for op in graph.ops)
