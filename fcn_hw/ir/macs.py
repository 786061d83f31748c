"""How much work and how many parameters an op has."""

from __future__ import annotations

from fcn_hw.ir.graph import Graph
from fcn_hw.ir.ops import CONVOLUTIONS, BatchNorm, ConvTranspose2D, Op, Tensor, Threshold


def macs(op: Op, operands: tuple[Tensor, ...]) -> int:
    """Multiplications by a weight, each with its addition, for one frame.

    A :class:`Conv2D` counts every tap at every output position, those that fall on padding too:
    a pipelined datapath spends the clock on them all the same. A :class:`ConvTranspose2D` counts
    every tap at every input position, the cropped ones too; zeros between inputs are never
    multiplied. A :class:`BatchNorm` counts one a value. Everything else has no weights and counts
    0, bilinear upsampling included: its factors are constants of a few bits.
    """
    if isinstance(op, ConvTranspose2D):
        return operands[0].height * operands[0].width * op.weight.codes.size
    if isinstance(op, CONVOLUTIONS):
        return op.output.height * op.output.width * op.weight.codes.size
    return op.output.size if isinstance(op, BatchNorm) else 0


def parameters(op: Op) -> int:
    """Weights, biases, scales and thresholds."""
    if isinstance(op, CONVOLUTIONS):
        return op.weight.codes.size + (0 if op.bias is None else op.bias.codes.size)
    if isinstance(op, BatchNorm):
        return op.scale.codes.size + op.bias.codes.size
    if isinstance(op, Threshold):
        return op.thresholds.codes.size
    return 0


def total_macs(graph: Graph) -> int:
    """:func:`macs` of one frame, all ops together."""
    return sum(macs(op, graph.operands(op)) for op in graph.ops)


def total_parameters(graph: Graph) -> int:
    return sum(parameters(op) for op in graph.ops)
