"""Resources and storage of each op, as its header in ``templates/include/fcn_hw`` builds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fcn_hw.estimate.arithmetic import (
    adder,
    comparison,
    conversion,
    counter,
    maximum,
    multiplexer_luts,
    multiplier,
    scaling,
)
from fcn_hw.estimate.family import Family
from fcn_hw.estimate.mac_unit import MacUnit, mac_unit
from fcn_hw.estimate.memory import ROM_STORAGE, lut_rom, ram, rom
from fcn_hw.estimate.resources import Resources, total
from fcn_hw.fixed import FixedFormat, Overflow, Rounding
from fcn_hw.ir.cycles import Fold, fold_steps, is_pointwise, windows
from fcn_hw.ir.ops import (
    CONVOLUTIONS,
    ArgMax,
    AveragePool2D,
    BatchNorm,
    Convolution,
    Crop2D,
    DepthwiseConv2D,
    Input,
    Lookup,
    MaxPool2D,
    Op,
    Quantize,
    Relu,
    SkipAdd,
    SkipConcat,
    SkipMaximum,
    SkipSubtract,
    Tensor,
    Threshold,
    UpsampleBilinear,
    UpsampleNearest,
    ZeroPad2D,
    output_channels,
)
from fcn_hw.ir.pooling import window_weights
from fcn_hw.ir.thresholds import levels, threshold_format, total_format

PROCESS = Resources(lut=40, ff=30)
"""State machine and handshakes of a dataflow process: start, done, and a valid and a ready of each
stream. An assumption: no published figure tells them apart."""

CLASS_INDEX_BITS = 8


@dataclass(frozen=True)
class OpCost:
    """What an op needs.

    Args:
        resources: of its process.
        weight_bits: stored weights and biases.
        activation_bits: stored pixels: line buffers, without FIFOs.
    """

    resources: Resources
    weight_bits: int = 0
    activation_bits: int = 0


COSTS: dict[type[Op], Callable[[Any, tuple[Tensor, ...], Family], OpCost]] = {}
"""Of ops from outside the package: ``fcn_hw.extend``."""


def op_cost(
    op: Op,
    operands: tuple[Tensor, ...],
    family: Family,
    fold: Fold | None = None,
    strategy: str = "Resource",
) -> OpCost:
    """Resources of an op.

    Args:
        operands: the tensors that it reads.
        fold: of an op of :data:`fcn_hw.ir.ops.FOLDED`, else None.
        strategy: ``"Resource"``: weights in block RAM; ``"Latency"``: in LUTs.
    """
    if isinstance(op, Input):
        return OpCost(Resources())
    if type(op) in COSTS:
        return COSTS[type(op)](op, operands, family)
    source, result = operands[0], op.output
    channels, bits = source.channels, source.format.width
    frame = PROCESS + _counters(result.height, result.width)
    beat = Resources(ff=result.channels * result.format.width)
    if isinstance(op, CONVOLUTIONS):
        assert fold is not None, "a convolution is built with a fold"
        return _convolution(op, source, family, fold, strategy)
    if isinstance(op, MaxPool2D):
        return _pool(op, source, bits, maximum(bits), family)
    if isinstance(op, AveragePool2D):
        return _average_pool(op, source, family)
    if isinstance(op, UpsampleNearest):
        row = ram(source.width, channels * bits, family)
        choice = Resources(lut=channels * bits, ff=channels * bits)  # from the row, or just read
        return OpCost(
            frame + _counters(*op.scale) + row.resources + choice + beat,
            activation_bits=source.width * channels * bits,
        )
    if isinstance(op, UpsampleBilinear):
        return _bilinear(op, source, family)
    if isinstance(op, (SkipAdd, SkipSubtract, SkipMaximum)):
        join = (maximum if isinstance(op, SkipMaximum) else adder)(op.accum.width)
        a_channel = join * (len(operands) - 1) + _convert(op.accum, result.format)
        return OpCost(frame + a_channel * channels + beat)
    if isinstance(op, (BatchNorm, Threshold)):
        assert fold is not None, f"a {op.kind} is built with a fold"
        return _channel_groups(op, source, family, fold, strategy)
    if isinstance(op, Lookup):
        table_bits = _signed_bits(op.table.format)
        entries = len(op.table.codes)
        tables = lut_rom(entries, table_bits) * channels
        return OpCost(frame + tables + beat, weight_bits=entries * table_bits * channels)
    if isinstance(op, (Quantize, Relu)):
        sign = Resources(lut=result.format.width if isinstance(op, Relu) else 0)
        a_channel = _convert(source.format, result.format) + sign
        return OpCost(frame + a_channel * channels + beat)
    if isinstance(op, ArgMax):
        step = maximum(bits) + Resources(lut=CLASS_INDEX_BITS)
        return OpCost(frame + step * (channels - 1) + beat)
    if isinstance(op, (Crop2D, ZeroPad2D)):
        zero = Resources(lut=channels * bits if isinstance(op, ZeroPad2D) else 0)
        return OpCost(frame + _counters(source.height, source.width) + zero + beat)
    assert isinstance(op, SkipConcat), f"no cost of {op.kind}"
    return OpCost(frame + beat)


def fork_cost(tensor: Tensor) -> Resources:
    """The process that copies a stream for several readers."""
    return (
        PROCESS
        + _counters(tensor.height, tensor.width)
        + Resources(ff=tensor.channels * tensor.format.width)
    )


def conv_unit(op: Convolution, source: Tensor, fold: Fold, strategy: str = "Resource") -> MacUnit:
    """The multipliers of a convolution and their memories."""
    phases = windows(op).phases
    rounds, saturates = _modes(op.accum, op.output.format)
    return MacUnit(
        pe=fold.pe,
        simd=fold.simd,
        n_chan=source.channels,
        n_filt=output_channels(op),
        weight_bits=_signed_bits(op.weight.format),
        input_bits=source.format.width,
        input_signed=source.format.signed,
        accum_bits=op.accum.width,
        output_bits=op.output.format.width,
        rounds=rounds,
        saturates=saturates,
        rom_words=phases[0] * phases[1] * fold_steps(op, fold),
        rom_storage=ROM_STORAGE[strategy],
        bias_bits=_signed_bits(op.bias.format) if op.bias is not None else 0,
        own_channels=isinstance(op, DepthwiseConv2D),
    )


def ring_shape(op: Convolution, source: Tensor) -> tuple[int, int]:
    """(words, bits) of the line buffer of a convolution; no words where it has none.

    ``ring_rows`` of ``windows.h``: the rows of a window, and those that the next one adds.
    """
    if is_pointwise(op, source):
        return 0, 0
    win = windows(op)
    reach = (win.taps[0] - 1) * win.spread[0] + 1
    rows = min(reach + win.move[0], source.height)
    return rows * source.width, source.channels * source.format.width


def _convolution(
    op: Convolution, source: Tensor, family: Family, fold: Fold, strategy: str
) -> OpCost:
    unit = conv_unit(op, source, fold, strategy)
    words, bits = ring_shape(op, source)
    control = PROCESS
    activation_bits = 0
    if words:
        win = windows(op)
        # Position of the window, of the tap and of the reader: row, column and slot of each.
        control = control + _counters(source.height, source.width, words) * 3
        control = control + _counters(op.output.height, op.output.width, *win.taps, *win.phases)
        # The address of a tap, and zeros for the taps outside the frame.
        gate = Resources(lut=words.bit_length() + unit.operands * source.format.width)
        control = control + gate + ram(words, bits, family).resources
        activation_bits = words * bits
    else:
        control = control + _counters(source.height, source.width)
        control = control + Resources(ff=source.channels * source.format.width)
    bias_bits = unit.bias_bits * unit.n_filt
    return OpCost(
        control + mac_unit(unit, family),
        weight_bits=unit.rom_words * unit.rom_word_bits + bias_bits,
        activation_bits=activation_bits,
    )


def _channel_groups(
    op: BatchNorm | Threshold, source: Tensor, family: Family, fold: Fold, strategy: str
) -> OpCost:
    """What works on a channel group, the choice of its channels, the pixel and the result."""
    groups, result = fold_steps(op, fold), op.output
    if isinstance(op, BatchNorm):
        unit, stored_bits = _scaling_unit(op, source, family, fold, strategy)
    else:
        unit, stored_bits = _search_unit(op, source, family, fold, strategy)
    in_bits, out_bits = source.format.width, result.format.width
    choice = Resources(lut=multiplexer_luts(groups, fold.pe * in_bits), ff=fold.pe * in_bits)
    pixel = Resources(ff=source.channels * in_bits if groups > 1 else 0)
    # Each channel group's results are written when its turn comes; then the beat leaves.
    held = Resources(lut=groups, ff=result.channels * out_bits) if groups > 1 else Resources()
    beat = Resources(ff=result.channels * out_bits)
    control = PROCESS + _counters(result.height, result.width, groups)
    return OpCost(control + unit + choice + pixel + held + beat, weight_bits=stored_bits)


def _scaling_unit(
    op: BatchNorm, source: Tensor, family: Family, fold: Fold, strategy: str
) -> tuple[Resources, int]:
    """Multipliers and ROMs of ``batch_norm.h``, and the bits that the ROMs hold."""
    groups = fold_steps(op, fold)
    scale_bits, bias_bits = _signed_bits(op.scale.format), _signed_bits(op.bias.format)
    factor_bits = source.format.width + (0 if source.format.signed else 1)
    a_channel = (
        multiplier(scale_bits, factor_bits, family)
        + adder(op.accum.width)
        + _convert(op.accum, op.output.format)
    )
    roms = rom(groups, fold.pe * scale_bits, strategy) + lut_rom(groups, fold.pe * bias_bits)
    return a_channel * fold.pe + roms, source.channels * (scale_bits + bias_bits)


def _search_unit(
    op: Threshold, source: Tensor, family: Family, fold: Fold, strategy: str
) -> tuple[Resources, int]:
    """Comparators and ROMs of ``threshold.h``, and the bits that the ROMs hold.

    Where there is one channel group, the ROM of a level still has ``2 ** level`` words a channel.
    """
    groups, depth = fold_steps(op, fold), levels(op)
    compared_bits = _signed_bits(threshold_format(op, source))
    base_bits, step_bits = _signed_bits(op.base.format), _signed_bits(op.step.format)
    searched = Resources(ff=depth * source.format.width)  # the code goes along with the search
    for level in range(depth):
        searched = searched + comparison(source.format.width) + Resources(ff=level + 1)
        searched = searched + rom(groups << level, compared_bits, strategy)
    total_bits = _signed_bits(total_format(op))
    a_channel = searched + multiplier(step_bits, depth, family) + adder(total_bits)
    constants = lut_rom(groups, fold.pe * (base_bits + step_bits))
    thresholds = ((1 << depth) - 1) * compared_bits
    return (
        a_channel * fold.pe + constants,
        source.channels * (thresholds + base_bits + step_bits),
    )


def _pool(
    op: MaxPool2D | AveragePool2D, source: Tensor, bits: int, merge: Resources, family: Family
) -> OpCost:
    """The engine of ``pool2d.h``.

    Args:
        bits: of the value of a part of a window.
        merge: the unit that makes one of two such values.
    """
    channels = source.channels
    slots = [-(-pool // stride) for pool, stride in zip(op.pool, op.strides, strict=True)]
    rows = ram(op.output.width, channels * bits, family).resources * slots[0]
    merges = merge * (channels * sum(slots))
    held = Resources(ff=channels * bits * (slots[1] + 1))
    control = PROCESS + _counters(source.height, source.width, op.output.width)
    positions = _counters(op.pool[0]) * slots[0] + _counters(op.pool[1]) * slots[1]
    return OpCost(
        control + positions + rows + merges + held,
        activation_bits=slots[0] * op.output.width * channels * bits,
    )


def _average_pool(op: AveragePool2D, source: Tensor, family: Family) -> OpCost:
    bits = sum_bits(op, source)
    engine = _pool(op, source, bits, adder(bits), family)
    a_channel = _weighted(bits, window_weights(op, source)) + _convert(op.accum, op.output.format)
    beat = Resources(ff=source.channels * op.output.format.width)
    return replace(engine, resources=engine.resources + a_channel * source.channels + beat)


def _weighted(bits: int, weights: tuple[int, ...]) -> Resources:
    """A product by one of a few constants. Where all are powers of two it is a choice of shifts."""
    if len(weights) == 1:
        return Resources()
    if all(weight.bit_count() == 1 for weight in weights):
        return Resources(lut=multiplexer_luts(len(weights), bits + weights[-1].bit_length() - 1))
    return scaling(bits, weights[-1].bit_length())


def sum_bits(op: AveragePool2D, source: Tensor) -> int:
    """Bits of a sum over a part of a window: ``value_t`` of ``average_pool2d.h``."""
    most = min(op.pool[0], source.height) * min(op.pool[1], source.width)
    return min(_signed_bits(source.format) + (most - 1).bit_length(), op.accum.width)


def _bilinear(op: UpsampleBilinear, source: Tensor, family: Family) -> OpCost:
    channels, bits = source.channels, source.format.width
    result = op.output.format
    rows = ram(source.width, channels * bits, family).resources * 2
    # Weights are 1 .. 2s - 1 of 2s: log2(2s) bits. Two products and a sum, down and then across.
    amount, width = Resources(), bits
    for scale in op.scale:
        if scale > 1:
            weight_bits = scale.bit_length()
            amount = amount + scaling(width, weight_bits) * 2
            amount = amount + adder(width + weight_bits)
            width += weight_bits
    # Which row is above and below, the sums of two columns, the conversion of the exact result.
    choices = Resources(lut=2 * bits, ff=2 * width)
    exact = FixedFormat(source.format.signed, width, width - result.fraction)
    a_channel = amount + choices + _convert(exact, result)
    control = PROCESS + _counters(
        op.output.height, op.output.width, source.height, source.width, *op.scale
    )
    beat = Resources(ff=channels * result.width)
    return OpCost(
        control + rows + a_channel * channels + beat,
        activation_bits=2 * source.width * channels * bits,
    )


def _counters(*limits: int) -> Resources:
    """Counters of the given limits; one that only counts to 1 is none."""
    return total(counter(limit - 1) for limit in limits if limit > 1)


def _signed_bits(fmt: FixedFormat) -> int:
    """Bits of a ROM element, which is signed: ``backend/rom.py``."""
    return fmt.width if fmt.signed else fmt.width + 1


def _modes(exact: FixedFormat, result: FixedFormat) -> tuple[bool, bool]:
    """Whether a conversion rounds and whether it saturates."""
    fewer_fraction_bits = result.fraction < exact.fraction
    narrower = result.integer < exact.integer or (exact.signed and not result.signed)
    return (
        fewer_fraction_bits and result.rounding is not Rounding.TRN,
        narrower and result.overflow is not Overflow.WRAP,
    )


def _convert(exact: FixedFormat, result: FixedFormat) -> Resources:
    rounds, saturates = _modes(exact, result)
    return conversion(exact.width, result.width, rounds=rounds, saturates=saturates)
