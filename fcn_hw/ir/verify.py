"""The rules of a graph. Every broken rule is reported, not the first only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fcn_hw.errors import FormatError, GraphError
from fcn_hw.fixed import MAX_WIDTH_BITS, FixedFormat
from fcn_hw.ir.extension import EXTENSIONS
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.intervals import Interval, exact_interval, format_interval
from fcn_hw.ir.ops import (
    ACCUMULATING,
    CONVOLUTIONS,
    ArgMax,
    AveragePool2D,
    BatchNorm,
    Constant,
    Convolution,
    ConvTranspose2D,
    Crop2D,
    DepthwiseConv2D,
    Input,
    Lookup,
    MaxPool2D,
    Op,
    Padding,
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
from fcn_hw.ir.pooling import MAX_WINDOW_MULTIPLE, window_multiple
from fcn_hw.ir.shapes import output_shape
from fcn_hw.ir.thresholds import MAX_LEVELS, MAX_SEARCHED_BITS, levels, total_format
from fcn_hw.names import MAX_NAME_LENGTH, Names, graph_refusal
from fcn_hw.scaling import Scaling

BILINEAR_SCALES = (1, 2, 4, 8)
MAX_CLASSES = 256
MAX_SKIP_INPUTS = 4
"""Inputs of a skip op, and copies of a fork: the headers have overloads for up to so many."""

MAX_LOOKUP_BITS = 12
"""Input bits of a lookup: each channel has a table of its own, of 2 ** bits codes, in LUTs."""

_SUMS = (SkipAdd, SkipSubtract, SkipMaximum)
_MOVES = (MaxPool2D, UpsampleNearest, Crop2D, ZeroPad2D)


def verify(graph: Graph, *, where: str = "") -> Graph:
    """Checks every rule and returns the graph.

    Args:
        where: what made the graph, for the message, for instance ``"after pass fold_quantize"``.

    Raises:
        GraphError: its ``diagnostics`` hold each broken rule, with the op's name.
    """
    problems = list(_graph_rules(graph))
    ranges: dict[str, Interval] = {}
    for op in graph.ops:
        found = [f"{op.kind} '{op.name}': {text}" for text in _op_rules(op, graph)]
        if not found:
            try:
                exact = exact_interval(op, [ranges[name] for name in op.inputs])
                found = [f"{op.kind} '{op.name}': {text}" for text in _range_rules(op, exact)]
                ranges[op.name] = exact.converted(op.output.format)
            except FormatError as error:
                found = [f"{op.kind} '{op.name}': {error}"]
        ranges.setdefault(op.name, format_interval(op.output.format))
        problems += found
    if problems:
        raise GraphError(problems, where=f"graph '{graph.name}' {where}".rstrip())
    return graph


def _graph_rules(graph: Graph) -> Iterator[str]:
    if told := graph_refusal(graph.name):
        yield f"'{_short(graph.name)}': {told}"
    if not graph.inputs:
        yield "the graph has no input"
    names = Names(graph.name)
    for op in graph.ops:
        if told := names.refusal(op.name):
            yield f"{op.kind} '{_short(op.name)}': {told}"
        names.take(op.name)
        if not graph.readers(op.name) and op.name not in graph.outputs:
            yield f"{op.kind} '{op.name}': nothing reads its output, its stream would fill up"


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[:20]}..."


def _op_rules(op: Op, graph: Graph) -> Iterator[str]:
    operands = graph.operands(op)
    yield from _arity_rules(op, len(operands))
    if isinstance(op, Input) != (len(operands) == 0):
        return
    if min(op.output.shape) < 1:
        yield f"output shape {op.output.shape} is empty"
        return
    if isinstance(op, CONVOLUTIONS):
        problems = list(_kernel_rules(op, operands[0]))
    else:
        problems = list(_channel_constant_rules(op, operands))
    yield from problems
    if problems:
        return
    problems = list(_field_rules(op, operands))
    own_rules = EXTENSIONS[type(op)].rules if type(op) in EXTENSIONS else None
    if own_rules is not None:
        problems += own_rules(op, operands)
    yield from problems
    if problems:  # a shape that follows from a wrong field would only distract
        return
    expected = output_shape(op, operands)
    if expected is not None and expected != op.output.shape:
        yield f"output shape is {op.output.shape}, must be {expected}"
    if isinstance(op, _SUMS) and len({item.shape for item in operands}) > 1:
        yield f"inputs differ in shape: {', '.join(str(item.shape) for item in operands)}"
    if isinstance(op, SkipConcat) and len({item.shape[:2] for item in operands}) > 1:
        yield f"inputs differ in size: {', '.join(str(item.shape[:2]) for item in operands)}"
    if isinstance(op, _MOVES) and not _same_grid(op.output.format, operands[0].format):
        yield f"output format {op.output.format} differs from the input's {operands[0].format}"


def _arity_rules(op: Op, count: int) -> Iterator[str]:
    if isinstance(op, Input):
        if count:
            yield "an input reads nothing"
    elif type(op) in EXTENSIONS:
        wanted = EXTENSIONS[type(op)].inputs
        if count != wanted:
            yield f"needs {wanted} inputs, has {count}"
    elif isinstance(op, SkipSubtract):
        if count != 2:
            yield f"needs two inputs, has {count}"
    elif isinstance(op, (SkipAdd, SkipMaximum, SkipConcat)):
        if count < 2:
            yield f"needs two inputs or more, has {count}"
        elif count > MAX_SKIP_INPUTS:
            yield f"takes {MAX_SKIP_INPUTS} inputs at most, has {count}"
    elif count != 1:
        yield f"needs one input, has {count}"


def _channel_constant_rules(op: Op, operands: tuple[Tensor, ...]) -> Iterator[str]:
    """Constants that have an entry, or a row, for each channel; and tables."""
    if isinstance(op, Lookup):
        width = operands[0].format.width
        if width > MAX_LOOKUP_BITS:
            yield f"an input of {width} bits is more than the {MAX_LOOKUP_BITS} of a lookup"
        elif op.table.codes.shape != (1 << width,):
            yield f"table shape {op.table.codes.shape} is not ({1 << width},)"
        else:
            yield from _constant_rules("table", op.table)
        return
    shapes: dict[str, tuple[Constant, tuple[int, ...]]] = {}
    if isinstance(op, BatchNorm):
        channels = operands[0].channels
        shapes = {"scale": (op.scale, (channels,)), "bias": (op.bias, (channels,))}
    elif isinstance(op, Threshold):
        channels = operands[0].channels
        count = op.thresholds.codes.shape[-1] if op.thresholds.codes.ndim else 0
        shapes = {
            "thresholds": (op.thresholds, (channels, max(count, 1))),
            "base": (op.base, (channels,)),
            "step": (op.step, (channels,)),
        }
    for label, (constant, shape) in shapes.items():
        if constant.codes.shape != shape:
            yield f"{label} shape {constant.codes.shape} is not {shape}"
        else:
            yield from _constant_rules(label, constant)


def _kernel_rules(op: Convolution, operand: Tensor) -> Iterator[str]:
    shape = op.weight.codes.shape
    if len(shape) != 4 or min(shape) < 1:
        last = "filters a channel" if isinstance(op, DepthwiseConv2D) else "channels out"
        yield f"weight shape {shape} is not (height, width, channels in, {last})"
        return
    if shape[2] != operand.channels:
        yield f"weight is for {shape[2]} channels, the input has {operand.channels}"
    yield from _constant_rules("weight", op.weight)
    if op.bias is not None:
        if op.bias.codes.shape != (output_channels(op),):
            yield f"bias shape {op.bias.codes.shape} is not ({output_channels(op)},)"
        else:
            yield from _constant_rules("bias", op.bias)


def _constant_rules(label: str, constant: Constant) -> Iterator[str]:
    fmt = constant.format
    low, high = int(constant.codes.min()), int(constant.codes.max())
    if low < fmt.min_code or high > fmt.max_code:
        yield f"{label} codes {low} to {high} leave {fmt}"


def _field_rules(op: Op, operands: tuple[Tensor, ...]) -> Iterator[str]:
    for label in ("strides", "dilation", "pool", "scale"):
        pair = getattr(op, label, (1, 1))
        if isinstance(pair, tuple) and min(pair) < 1:  # a BatchNorm's scale is a Constant
            yield f"{label} {pair} must be at least 1"
    if isinstance(op, ConvTranspose2D) and min(op.crop) < 0:
        yield f"crop {op.crop} must not be negative"
    padding = getattr(op, "padding", Padding())
    if min(padding.top, padding.bottom, padding.left, padding.right) < 0:
        yield f"{padding} is negative"
    if isinstance(op, (MaxPool2D, AveragePool2D)) and (
        max(padding.top, padding.bottom) >= op.pool[0]
        or max(padding.left, padding.right) >= op.pool[1]
    ):
        yield "a window would lie wholly outside the frame"
    elif isinstance(op, AveragePool2D):
        yield from _average_rules(op, operands[0])
    if isinstance(op, Input) and op.scaling is not None:
        yield from _scaling_rules(op.scaling, op.output.channels)
    if isinstance(op, Threshold):
        yield from _threshold_rules(op, operands[0])
    if isinstance(op, Lookup) and op.table.format.fraction != op.output.format.fraction:
        yield f"table format {op.table.format} has another binary point than the output"
    if isinstance(op, UpsampleBilinear) and not set(op.scale) <= set(BILINEAR_SCALES):
        yield f"scale {op.scale}: bilinear weights are exact for 1, 2, 4 and 8 only"
    if isinstance(op, Crop2D):
        for axis, (offset, size) in enumerate(zip(op.offset, op.output.shape[:2], strict=True)):
            if offset < 0 or offset + size > operands[0].shape[axis]:
                yield f"the rectangle leaves the input's {operands[0].shape[:2]}"
        if op.output.channels != operands[0].channels:
            yield "a crop keeps all channels"
    if isinstance(op, ArgMax):
        fmt = op.output.format
        if fmt.signed or fmt.width != 8 or fmt.integer != 8:
            yield f"the class index is ufixed<8,8>, not {fmt}"
        if operands[0].channels > MAX_CLASSES:
            yield f"{operands[0].channels} classes do not fit one byte"


def _scaling_rules(scaling: Scaling, channels: int) -> Iterator[str]:
    for label, numbers in (("scale", scaling.scale), ("offset", scaling.offset)):
        if len(numbers) not in (1, channels):
            yield f"{label} of the input has {len(numbers)} numbers for {channels} channels"


def _average_rules(op: AveragePool2D, operand: Tensor) -> Iterator[str]:
    if min(op.output.height, op.output.width) > 0 and min(op.strides) > 0:
        size, windows = operand.shape[:2], op.output.shape[:2]
        expected = window_multiple(size, op.pool, op.strides, op.padding, windows)
        if op.multiple != expected:
            yield f"multiple is {op.multiple}, the windows have {expected}"
        elif expected > MAX_WINDOW_MULTIPLE:
            yield (
                f"the means of its windows have the common denominator {expected}, "
                f"{MAX_WINDOW_MULTIPLE} is the limit"
            )


def _threshold_rules(op: Threshold, operand: Tensor) -> Iterator[str]:
    if op.thresholds.format.fraction != operand.format.fraction:
        yield f"thresholds {op.thresholds.format} have another binary point than the input"
    for label, constant in (("base", op.base), ("step", op.step)):
        if constant.format.fraction != op.output.format.fraction:
            yield f"{label} {constant.format} has another binary point than the output"
    if (np.diff(op.thresholds.codes, axis=1) < 0).any():
        yield "thresholds of a channel are not ascending"
    count = op.thresholds.codes.shape[1]
    if operand.format.width > MAX_SEARCHED_BITS:
        yield (
            f"an input of {operand.format.width} bits is more than the {MAX_SEARCHED_BITS} "
            "of a search"
        )
    if levels(op) > MAX_LEVELS:
        yield f"{count} thresholds a channel are more than the {(1 << MAX_LEVELS) - 1} of a search"
    try:
        total_format(op)
    except FormatError:
        yield f"base and {count} times step need more than {MAX_WIDTH_BITS} bits"


def _range_rules(op: Op, exact: Interval) -> Iterator[str]:
    if isinstance(op, (Threshold, Lookup)) and not exact.within(op.output.format):
        yield f"output format {op.output.format} can't hold codes {exact.low} to {exact.high}"
    if isinstance(op, ACCUMULATING):
        if not exact.within(op.accum):
            yield (
                f"accumulator {op.accum} can't hold codes {exact.low} to {exact.high} "
                f"with {exact.fraction} fraction bits"
            )
    elif isinstance(op, SkipConcat) and (
        exact.fraction > op.output.format.fraction
        or not exact.rescaled(op.output.format.fraction).within(op.output.format)
    ):
        yield f"output format {op.output.format} does not hold every input exactly"


def _same_grid(a: FixedFormat, b: FixedFormat) -> bool:
    return (a.signed, a.width, a.integer) == (b.signed, b.width, b.integer)
