"""Graphs that differ a little, for estimates only: narrower weights, fewer channels, smaller
frames.

Weights of a variant are those that are there, without their last bits but none that becomes zero,
and zeros for channels that are not; constants of a channel are those that are there, over again.
Accumulators keep their formats. A variant is never emitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from fcn_hw.fixed import FixedFormat
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Constant, Op, Operands, Tensor
from fcn_hw.ops.convolution import Convolution

Shape = tuple[int, int, int]


def with_weight_bits(graph: Graph, bits: Mapping[str, int]) -> Graph:
    """The graph with weights of fewer bits.

    Args:
        bits: of the weights as they are stored, by convolution. Their sums get narrower by as much.
    """
    ops: list[Op] = []
    for op in graph.ops:
        if isinstance(op, Convolution) and op.name in bits:
            held, fmt = op.held_weight, op.weight.format
            saved = held.format.width - bits[op.name]
            accum = op.accum
            narrow = replace(
                accum, width=max(accum.width - saved, 1), integer=accum.integer - saved
            )
            codes = np.sign(held.codes) * np.maximum(np.abs(held.codes) >> saved, 1)
            weight = Constant(
                codes if op.shifts is None else op.shifts.whole(codes),
                FixedFormat(fmt.signed, fmt.width - saved, fmt.integer - saved),
            )
            ops.append(replace(op, weight=weight, accum=narrow))
        else:
            ops.append(op)
    return graph.with_ops(ops)


def channel_groups(graph: Graph) -> dict[str, str]:
    """Tensors that must have the same number of channels: each op's group, named by its first op.

    A group whose channels are given (inputs, classes, what is concatenated or multiplied) is left
    out.
    """
    group: dict[str, str] = {}
    given: set[str] = set()

    def root(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    for op in graph.ops:
        group[op.name] = op.name
        rule = op.channel_rule
        if rule == "given":
            given |= {op.name, *map(root, op.inputs)}
        elif rule == "derived":
            given.add(op.name)
        if rule != "kept":
            continue
        roots = [root(name) for name in op.inputs]
        group[op.name] = roots[0]
        for other in roots[1:]:
            group[other] = roots[0]
    given |= set(graph.outputs)
    fixed = {root(name) for name in given}
    return {op.name: root(op.name) for op in graph.ops if root(op.name) not in fixed}


def with_channels(graph: Graph, group: str, channels: int) -> Graph:
    """The graph with another number of channels in a group of :func:`channel_groups`."""
    groups = channel_groups(graph)

    def shape(op: Op, old: Shape, operands: Operands) -> Shape:
        if groups.get(op.name) == group:
            return (*old[:2], channels)
        return (*old[:2], op.shape(operands)[2])

    return _reshaped(graph, shape)


def with_size(graph: Graph, height: int, width: int) -> Graph:
    """The graph with a frame of another size; every tensor shrinks in proportion, rounded."""
    source = graph.inputs[0].output

    def shape(op: Op, old: Shape, operands: Operands) -> Shape:
        return (
            max(round(old[0] * height / source.height), 1),
            max(round(old[1] * width / source.width), 1),
            old[2],
        )

    return _reshaped(graph, shape)


def _reshaped(graph: Graph, shape: Callable[[Op, Shape, Operands], Shape]) -> Graph:
    """The graph with other shapes; kernels and constants follow the channels."""
    tensors: dict[str, Tensor] = {}
    ops: list[Op] = []
    for op in graph.ops:
        operands = tuple(tensors[name] for name in op.inputs)
        output = replace(op.output, shape=shape(op, op.output.shape, operands))
        tensors[op.name] = output
        ops.append(op.resized(output, operands))
    return graph.with_ops(ops)
