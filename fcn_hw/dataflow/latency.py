"""Pipeline latencies: an estimate, for only synthesis can tell them.

The pipeline of a header's loop passes these stages; each constant is the cycles that Vitis HLS
typically gives to one at 100 to 250 MHz (the latencies of its operators are in UG1399, "config_op"
and "bind_op"; block RAM reads take an address and a data cycle). The depths of FIFOs that depend on
them get the design's margin, and freedom from deadlock is checked for latencies from zero to twice
the estimate (``certificate.py``).
"""

from __future__ import annotations

from fcn_hw.ir import (
    ArgMax,
    AveragePool2D,
    BatchNorm,
    Lookup,
    MaxPool2D,
    Op,
    SkipAdd,
    SkipMaximum,
    SkipSubtract,
    Tensor,
    Threshold,
    UpsampleBilinear,
    UpsampleNearest,
)
from fcn_hw.ir.cycles import Fold, is_pointwise
from fcn_hw.ir.extension import EXTENSIONS
from fcn_hw.ir.ops import CONVOLUTIONS
from fcn_hw.ir.pooling import window_weights
from fcn_hw.ir.thresholds import levels

STREAM = 1
"""From the read of a pixel to its write, when nothing is done to it."""
MEMORY = 2
"""A read of block RAM: address, data."""
MULTIPLY = 2
CONVERT = 2
"""Rounding and saturation."""
LOOP_END = 1
"""From the end of one loop's pipeline to the start of the next loop's, or of the next frame's."""


def pipeline_latency(op: Op | None, operands: tuple[Tensor, ...], fold: Fold | None) -> int:
    """Cycles from the read in an iteration of an op's loop to the write in the same iteration.

    Args:
        op: None for a fork.
        operands: the tensors that it reads.
        fold: of an op of :data:`fcn_hw.ir.ops.FOLDED`, else None.
    """
    if op is not None and type(op) in EXTENSIONS:
        own = EXTENSIONS[type(op)].latency_cycles
        return STREAM + CONVERT if own is None else own(op, operands)
    if isinstance(op, CONVOLUTIONS):
        assert fold is not None, "the latency of a convolution depends on its fold"
        window = 0 if is_pointwise(op, operands[0]) else MEMORY
        # products, their sum, the accumulator
        return STREAM + window + MULTIPLY + _tree(fold.simd) + 1 + CONVERT
    if isinstance(op, MaxPool2D):
        return STREAM + MEMORY + 2  # the maximum along the row, the maximum down the column
    if isinstance(op, AveragePool2D):
        weighted = MULTIPLY if len(window_weights(op, operands[0])) > 1 else 0
        return STREAM + MEMORY + 2 + weighted + CONVERT
    if isinstance(op, UpsampleBilinear):
        return STREAM + MEMORY + 2 * (MULTIPLY + 1) + CONVERT
    if isinstance(op, UpsampleNearest):
        return STREAM + MEMORY
    if isinstance(op, (SkipAdd, SkipSubtract, SkipMaximum)):
        return STREAM + _tree(len(operands)) + CONVERT
    if isinstance(op, BatchNorm):
        return STREAM + MULTIPLY + 1 + CONVERT
    if isinstance(op, Threshold):
        # a ROM and a comparison a level, then the count's multiple of the step on the base
        return STREAM + levels(op) * (MEMORY + 1) + MULTIPLY + 1
    if isinstance(op, Lookup):
        return STREAM + MEMORY
    if isinstance(op, ArgMax):
        return STREAM + _tree(operands[0].channels)
    return STREAM


def _tree(leaves: int) -> int:
    """Levels of a tree of two-input adders or comparators."""
    return max(leaves - 1, 0).bit_length()
