"""The limit of the folds: cycles a frame that no arrangement of the same multipliers can beat.

``interval >= max(input beats, output beats, max over layers of ceil(MACs / multipliers))``: a
port moves a beat of the DMA's width a clock and a pixel a clock, a multiplier does a multiplication
a clock, and a row of comparators counts the thresholds of a value a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.ir.axi_cycles import unpack_cycles
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Fold, Folded, Op, Operands


@dataclass(frozen=True)
class Limit:
    """The limit and what sets it.

    Args:
        cycles: least cycles from frame to frame.
        cause: ``"input beats"``, ``"output beats"``, or the name of a layer.
        input_beats, output_beats: clocks of the largest input and output at its port: its pixels,
            or its beats where a pixel is wider than one.
    """

    cycles: int
    cause: str
    input_beats: int
    output_beats: int


def layer_limit(op: Op, operands: Operands, fold: Fold | None) -> int:
    """Least cycles of one op: its multiplications or searches, or its beats where it has none."""
    if isinstance(op, Folded):
        return -(-op.work(operands) // op.given(fold).multipliers)
    beats = [tensor.pixels for tensor in (*operands, op.output)]
    return max(beats) if operands else 0


def fold_limit(graph: Graph, folds: Mapping[str, Fold], data_width_bits: int) -> Limit:
    """The limit of a graph.

    Args:
        folds: of every :class:`fcn_hw.ops.Folded` op.
        data_width_bits: of the DMA's streams.
    """
    input_beats = max(unpack_cycles(op.output, data_width_bits) for op in graph.inputs)
    output_beats = max(unpack_cycles(graph.tensor(n), data_width_bits) for n in graph.outputs)
    candidates = [(input_beats, "input beats"), (output_beats, "output beats")]
    candidates += [
        (layer_limit(op, graph.operands(op), folds[op.name]), op.name)
        for op in graph.ops
        if op.name in folds
    ]
    cycles, cause = max(candidates, key=lambda item: item[0])
    return Limit(cycles, cause, input_beats, output_beats)
