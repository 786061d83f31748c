"""Every op again, from its definition: exact fractions, plain loops, no NumPy arithmetic.

Written from the docstrings of ``fcn_hw.ops`` and of ``ap_fixed``'s modes, not from the oracle.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import FixedFormat, Overflow, Rounding
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Constant, Op
from fcn_hw.ops.arg_max import ArgMax
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.batch_norm import BatchNorm
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.convolution import Convolution
from fcn_hw.ops.crop2d import Crop2D
from fcn_hw.ops.depth_to_space import DepthToSpace
from fcn_hw.ops.depthwise_conv2d import DepthwiseConv2D
from fcn_hw.ops.input import Input
from fcn_hw.ops.lookup import Lookup
from fcn_hw.ops.max_pool2d import MaxPool2D
from fcn_hw.ops.quantize import Quantize
from fcn_hw.ops.relu import Relu
from fcn_hw.ops.skip_add import SkipAdd
from fcn_hw.ops.skip_average import SkipAverage
from fcn_hw.ops.skip_concat import SkipConcat
from fcn_hw.ops.skip_maximum import SkipMaximum
from fcn_hw.ops.skip_minimum import SkipMinimum
from fcn_hw.ops.skip_multiply import SkipMultiply
from fcn_hw.ops.skip_subtract import SkipSubtract
from fcn_hw.ops.threshold import Threshold
from fcn_hw.ops.upsample_bilinear import UpsampleBilinear
from fcn_hw.ops.upsample_nearest import UpsampleNearest
from fcn_hw.ops.zero_pad2d import ZeroPad2D

Frame = dict[tuple[int, int, int], Fraction]
"""The value at each (row, column, channel)."""


def power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def convert_value(value: Fraction, fmt: FixedFormat) -> int:
    """The code that ``ap_fixed`` assigns to a real value (UG1399)."""
    scaled = value * power(fmt.fraction)
    code = {
        Rounding.TRN: math.floor,
        Rounding.TRN_ZERO: math.trunc,
        Rounding.RND: lambda number: math.floor(number + Fraction(1, 2)),
        Rounding.RND_CONV: round,  # of a Fraction: ties to even
    }[fmt.rounding](scaled)
    high = 2 ** (fmt.width - 1 if fmt.signed else fmt.width) - 1
    low = -high - 1 if fmt.signed else 0
    if fmt.overflow is Overflow.SAT_SYM and fmt.signed and fmt.width > 1:
        low = -high
    if fmt.overflow is not Overflow.WRAP:
        return min(max(code, low), high)
    code %= 2**fmt.width
    return code - 2**fmt.width if code > high else code


def brute_force(graph: Graph, inputs: dict[str, npt.NDArray[np.int64]]) -> dict[str, list]:
    """The output codes of every op, one frame, as nested lists (row, column, channel)."""
    frames: dict[str, Frame] = {}
    codes: dict[str, list] = {}
    for op in graph.ops:
        height, width, channels = op.output.shape
        places = list(itertools.product(range(height), range(width), range(channels)))
        if isinstance(op, Input):
            found = {place: int(inputs[op.name][place]) for place in places}
        else:
            at = _value(op, [frames[name] for name in op.inputs], graph)
            found = {place: convert_value(at(*place), op.output.format) for place in places}
        step = power(-op.output.format.fraction)
        frames[op.name] = {place: code * step for place, code in found.items()}
        codes[op.name] = [
            [[found[i, j, c] for c in range(channels)] for j in range(width)] for i in range(height)
        ]
    return codes


def _value(op: Op, sources: list[Frame], graph: Graph) -> Callable[[int, int, int], Fraction]:
    """The exact result at (row, column, channel), before the conversion."""
    x = sources[0]
    height, width, channels = graph.operands(op)[0].shape
    zero = Fraction(0)
    if isinstance(op, DepthwiseConv2D):
        return _depthwise(op, x)
    if isinstance(op, (MaxPool2D, AveragePool2D)):
        return _pooled(op, x)
    if isinstance(op, (Conv2D, ConvTranspose2D)):
        kernel_h, kernel_w, n_in, _ = op.weight.codes.shape
        taps = list(itertools.product(range(kernel_h), range(kernel_w), range(n_in)))
        step = power(-op.weight.format.fraction)

    def conv2d(i: int, j: int, o: int) -> Fraction:
        assert isinstance(op, Conv2D)
        total = _bias(op, o)
        for p, q, c in taps:
            row = i * op.strides[0] + p * op.dilation[0] - op.padding.top
            column = j * op.strides[1] + q * op.dilation[1] - op.padding.left
            total += x.get((row, column, c), zero) * int(op.weight.codes[p, q, c, o]) * step
        return total

    def conv_transpose2d(i: int, j: int, o: int) -> Fraction:
        assert isinstance(op, ConvTranspose2D)
        total = _bias(op, o)
        for (m, n, k), value in x.items():
            for p, q, c in taps:
                if (
                    c == k
                    and m * op.strides[0] + p - op.crop[0] == i
                    and n * op.strides[1] + q - op.crop[1] == j
                ):
                    total += value * int(op.weight.codes[p, q, c, o]) * step
        return total

    def depth_to_space(i: int, j: int, c: int) -> Fraction:
        assert isinstance(op, DepthToSpace)
        down, across = op.scale
        pixel = i % down * across + j % across
        if op.channel_stride == 1:
            return x[i // down, j // across, pixel * op.output.channels + c]
        return x[i // down, j // across, c * down * across + pixel]

    def arg_max(i: int, j: int, _: int) -> Fraction:
        values = [x[i, j, c] for c in range(channels)]
        return Fraction(values.index(max(values)))

    def skip_concat(i: int, j: int, c: int) -> Fraction:
        for frame, tensor in zip(sources, graph.operands(op), strict=True):
            if c < tensor.channels:
                return frame[i, j, c]
            c -= tensor.channels
        raise AssertionError("channel beyond the last input")

    if isinstance(op, UpsampleBilinear):
        return _bilinear(op, x, height, width)
    if isinstance(op, (BatchNorm, Threshold, Lookup)):
        return _by_constants(op, x, graph)
    if isinstance(op, UpsampleNearest):
        return lambda i, j, c: x[i // op.scale[0], j // op.scale[1], c]
    if isinstance(op, Crop2D):
        return lambda i, j, c: x[i + op.offset[0], j + op.offset[1], c]
    if isinstance(op, ZeroPad2D):
        return lambda i, j, c: x.get((i - op.padding.top, j - op.padding.left, c), zero)
    if isinstance(op, SkipAdd):
        return lambda i, j, c: sum((frame[i, j, c] for frame in sources), zero)
    if isinstance(op, SkipAverage):
        return lambda i, j, c: sum((frame[i, j, c] for frame in sources), zero) / len(sources)
    if isinstance(op, SkipSubtract):
        return lambda i, j, c: x[i, j, c] - sources[1][i, j, c]
    if isinstance(op, SkipMultiply):
        left, right = (tensor.channels for tensor in graph.operands(op))
        return lambda i, j, c: x[i, j, c % left] * sources[1][i, j, c % right]
    if isinstance(op, SkipMaximum):
        return lambda i, j, c: max(frame[i, j, c] for frame in sources)
    if isinstance(op, SkipMinimum):
        return lambda i, j, c: min(frame[i, j, c] for frame in sources)
    if isinstance(op, Relu):
        return lambda i, j, c: max(x[i, j, c], zero)
    if isinstance(op, Quantize):
        return lambda i, j, c: x[i, j, c]
    return {
        Conv2D: conv2d,
        ConvTranspose2D: conv_transpose2d,
        DepthToSpace: depth_to_space,
        SkipConcat: skip_concat,
        ArgMax: arg_max,
    }[type(op)]


def _bias(op: Convolution, o: int) -> Fraction:
    if op.bias is None:
        return Fraction(0)
    return int(op.bias.codes[o]) * power(-op.bias.format.fraction)


def _depthwise(op: DepthwiseConv2D, x: Frame) -> Callable[[int, int, int], Fraction]:
    kernel_h, kernel_w, _, filters = op.weight.codes.shape
    step = power(-op.weight.format.fraction)

    def value(i: int, j: int, o: int) -> Fraction:
        total = _bias(op, o)
        for p, q in itertools.product(range(kernel_h), range(kernel_w)):
            row = i * op.strides[0] + p * op.dilation[0] - op.padding.top
            column = j * op.strides[1] + q * op.dilation[1] - op.padding.left
            weight = int(op.weight.codes[p, q, o // filters, o % filters])
            total += x.get((row, column, o // filters), Fraction(0)) * weight * step
        return total

    return value


def _pooled(op: MaxPool2D | AveragePool2D, x: Frame) -> Callable[[int, int, int], Fraction]:
    def window(i: int, j: int, c: int) -> list[Fraction]:
        rows = [i * op.strides[0] - op.padding.top + p for p in range(op.pool[0])]
        columns = [j * op.strides[1] - op.padding.left + q for q in range(op.pool[1])]
        return [x[r, k, c] for r in rows for k in columns if (r, k, c) in x]

    if isinstance(op, MaxPool2D):
        return lambda i, j, c: max(window(i, j, c))
    divisor = 1  # an odd number, times which every mean ends after some binary digits
    for i, j in itertools.product(range(op.output.height), range(op.output.width)):
        count = len(window(i, j, 0))
        divisor = math.lcm(divisor, count // math.gcd(count, 2**count))

    def mean(i: int, j: int, c: int) -> Fraction:
        values = window(i, j, c)
        return sum(values, Fraction(0)) / len(values) * divisor

    return mean


def _bilinear(
    op: UpsampleBilinear, x: Frame, height: int, width: int
) -> Callable[[int, int, int], Fraction]:
    divisor = math.prod(s if s % 2 else 2 * s for s in op.scale)
    while divisor % 2 == 0:
        divisor //= 2

    def value(i: int, j: int, c: int) -> Fraction:
        # Half-pixel centres: pixel k of either frame has its centre at k + 1/2.
        y = Fraction(2 * i + 1, 2 * op.scale[0]) - Fraction(1, 2)
        z = Fraction(2 * j + 1, 2 * op.scale[1]) - Fraction(1, 2)
        total = Fraction(0)
        for r in (math.floor(y), math.floor(y) + 1):
            for k in (math.floor(z), math.floor(z) + 1):
                near = min(max(r, 0), height - 1), min(max(k, 0), width - 1), c
                total += x[near] * (1 - abs(y - r)) * (1 - abs(z - k))
        return total * divisor

    return value


def _by_constants(
    op: BatchNorm | Threshold | Lookup, x: Frame, graph: Graph
) -> Callable[[int, int, int], Fraction]:
    """The exact result of an op that computes each value from constants of its channel."""

    def constant(item: Constant, *place: int) -> Fraction:
        return int(item.codes[place]) * power(-item.format.fraction)

    def batch_norm(i: int, j: int, c: int) -> Fraction:
        assert isinstance(op, BatchNorm)
        return x[i, j, c] * constant(op.scale, c) + constant(op.bias, c)

    def threshold(i: int, j: int, c: int) -> Fraction:
        assert isinstance(op, Threshold)
        total = constant(op.base, c)
        for k in range(op.thresholds.codes.shape[1]):
            if x[i, j, c] >= constant(op.thresholds, c, k):
                total += constant(op.step, c)
        return total

    def lookup(i: int, j: int, c: int) -> Fraction:
        assert isinstance(op, Lookup)
        fmt = graph.operands(op)[0].format
        half = 2 ** (fmt.width - 1)
        codes = range(-half, half) if fmt.signed else range(2 * half)
        values = [code * power(-fmt.fraction) for code in codes]
        return constant(op.table, values.index(x[i, j, c]))

    return {BatchNorm: batch_norm, Threshold: threshold, Lookup: lookup}[type(op)]
