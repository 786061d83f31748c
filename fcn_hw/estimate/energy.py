"""Energy of a frame, from a table of energies of operations.

The table: M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014,
figure 1.1.9, 45 nm, 0.9 V. Additions: 0.03 pJ (8 bits), 0.1 pJ (32 bits). Multiplications: 0.2 pJ
(8 bits), 3.1 pJ (32 bits). A 64-bit access of a memory of 8 KiB: 10 pJ.

Scaled: an addition by its bits, a multiplication by the product of its operands' bits, a memory
access by its bits. On-chip memory only: a frame enters and leaves the core as a stream. The table
is that of fixed logic in 45 nm: an FPGA's own energy is larger and its leakage and clock are not
in it. Compare designs by it; do not size a power supply by it.
"""

from __future__ import annotations

from fcn_hw.estimate.ops import ring_shape, sum_bits
from fcn_hw.ir.cycles import Fold, fold_steps
from fcn_hw.ir.macs import macs
from fcn_hw.ir.ops import (
    CONVOLUTIONS,
    ArgMax,
    AveragePool2D,
    BatchNorm,
    Convolution,
    Input,
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
from fcn_hw.ir.pooling import window_weights
from fcn_hw.ir.thresholds import levels, threshold_format

ADD_PJ_A_BIT = 0.1 / 32
MULTIPLY_PJ_A_BIT2 = 3.1 / 32**2
MEMORY_PJ_A_BIT = 10.0 / 64


def frame_energy_pj(op: Op, operands: tuple[Tensor, ...], fold: Fold | None = None) -> float:
    """Energy of an op for one frame, in pJ.

    Args:
        operands: the tensors that it reads.
        fold: of an op of :data:`fcn_hw.ir.ops.FOLDED`, else None: the fewer filters of a
            convolution are computed in parallel, the more often a pixel is read from the line
            buffer.
    """
    if isinstance(op, Input):
        return 0.0
    source, result = operands[0], op.output
    bits = source.format.width
    if isinstance(op, CONVOLUTIONS):
        assert fold is not None, "the energy of a convolution depends on its fold"
        return _convolution(op, source, fold)
    pixels = result.height * result.width
    if isinstance(op, UpsampleBilinear):
        weights = [scale.bit_length() for scale in op.scale if scale > 1]
        products = sum(
            2 * MULTIPLY_PJ_A_BIT2 * bits * w + ADD_PJ_A_BIT * (bits + w) for w in weights
        )
        # Two rows are read once for each output row, and each pixel is written once.
        accesses = 2 * source.width * result.height + source.height * source.width
        stored = accesses * source.channels * bits
        return result.size * products + stored * MEMORY_PJ_A_BIT
    if isinstance(op, UpsampleNearest):
        accesses = source.width * result.height
        return accesses * source.channels * bits * MEMORY_PJ_A_BIT
    if isinstance(op, MaxPool2D):
        return _pool(op, source, bits)
    if isinstance(op, AveragePool2D):
        value_bits = sum_bits(op, source)
        factors = window_weights(op, source)
        # The only factor of windows of one size is 1.
        factor_bits = factors[-1].bit_length() if len(factors) > 1 else 0
        weighted = MULTIPLY_PJ_A_BIT2 * value_bits * factor_bits
        return _pool(op, source, value_bits) + result.size * weighted
    if isinstance(op, (SkipAdd, SkipSubtract, SkipMaximum)):
        return result.size * (len(operands) - 1) * ADD_PJ_A_BIT * op.accum.width
    if isinstance(op, BatchNorm):
        scale_bits, bias_bits = op.scale.format.width, op.bias.format.width
        arithmetic = MULTIPLY_PJ_A_BIT2 * scale_bits * bits + ADD_PJ_A_BIT * op.accum.width
        return result.size * (arithmetic + (scale_bits + bias_bits) * MEMORY_PJ_A_BIT)
    if isinstance(op, Threshold):
        # A threshold is read and compared with in each level; then base and step make a code.
        stored = levels(op) * threshold_format(op, source).width
        stored += op.base.format.width + op.step.format.width
        arithmetic = ADD_PJ_A_BIT * (levels(op) * bits + result.format.width)
        return result.size * (arithmetic + stored * MEMORY_PJ_A_BIT)
    if isinstance(op, Lookup):
        return result.size * op.table.format.width * MEMORY_PJ_A_BIT
    if isinstance(op, ArgMax):
        return pixels * (source.channels - 1) * ADD_PJ_A_BIT * bits
    return 0.0  # moves or converts pixels


def fifo_energy_pj(pixels: int, width_bits: int) -> float:
    """A word is written and read once."""
    return 2 * pixels * width_bits * MEMORY_PJ_A_BIT


def _pool(op: MaxPool2D | AveragePool2D, source: Tensor, value_bits: int) -> float:
    # A partial value is read and written for each column of outputs in each row of inputs.
    accesses = 2 * source.height * op.output.width * source.channels * value_bits
    return source.size * ADD_PJ_A_BIT * value_bits + accesses * MEMORY_PJ_A_BIT


def _convolution(op: Convolution, source: Tensor, fold: Fold) -> float:
    weight_bits, input_bits = op.weight.format.width, source.format.width
    work = macs(op, (source,))
    arithmetic = work * (
        MULTIPLY_PJ_A_BIT2 * weight_bits * input_bits + ADD_PJ_A_BIT * op.accum.width
    )
    outputs = op.output.height * op.output.width
    steps = outputs * fold_steps(op, fold)
    weights = steps * fold.multipliers * weight_bits
    words, bits = ring_shape(op, source)
    # A step reads a whole pixel from the line buffer, whatever it takes of it.
    pixels = (steps + source.height * source.width) * bits if words else 0
    return arithmetic + (weights + pixels) * MEMORY_PJ_A_BIT
