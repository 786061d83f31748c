"""Interval arithmetic over integer codes: what a tensor or an accumulator can hold at all.

The interval of an accumulator covers every partial sum in every order of summation, so a datapath
of that width never overflows, however the loop is folded.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from fcn_hw.errors import FormatError
from fcn_hw.fixed import FixedFormat, convert
from fcn_hw.ir.extension import EXTENSIONS
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.ops import (
    CONVOLUTIONS,
    ArgMax,
    AveragePool2D,
    BatchNorm,
    Convolution,
    ConvTranspose2D,
    Input,
    Lookup,
    Op,
    Relu,
    SkipAdd,
    SkipSubtract,
    Threshold,
    UpsampleBilinear,
    ZeroPad2D,
    output_channels,
)

FLOAT32_EXACT = 1 << 24
"""float32 holds every integer up to here (IEEE 754: 24 bits of significand)."""


@dataclass(frozen=True)
class Interval:
    """All codes from ``low`` to ``high``, with ``fraction`` fraction bits."""

    low: int
    high: int
    fraction: int

    def within(self, fmt: FixedFormat) -> bool:
        """Whether ``fmt`` has this fraction and holds every code."""
        return (
            self.fraction == fmt.fraction and fmt.min_code <= self.low and self.high <= fmt.max_code
        )

    def rescaled(self, fraction: int) -> Interval:
        """The same values at a finer or equal ``fraction``."""
        shift = fraction - self.fraction
        assert shift >= 0, "an interval is only ever refined"
        return Interval(self.low << shift, self.high << shift, fraction)

    def hull(self, other: Interval) -> Interval:
        fraction = max(self.fraction, other.fraction)
        a, b = self.rescaled(fraction), other.rescaled(fraction)
        return Interval(min(a.low, b.low), max(a.high, b.high), fraction)

    def converted(self, fmt: FixedFormat) -> Interval:
        """What a conversion to ``fmt`` can give; conversions are monotone unless they wrap."""
        if max(abs(self.low), abs(self.high)) >= 1 << 62:
            raise FormatError(f"a value of more than 62 bits can't be converted to {fmt}")
        if fmt.overflow.value == "WRAP":
            wide = FixedFormat(
                signed=True, width=63, integer=63 - fmt.fraction, rounding=fmt.rounding
            )
            low, high = (int(c) for c in convert([self.low, self.high], self.fraction, wide))
            if low < fmt.min_code or high > fmt.max_code:
                low, high = fmt.min_code, fmt.max_code
        else:
            low, high = (int(c) for c in convert([self.low, self.high], self.fraction, fmt))
        return Interval(low, high, fmt.fraction)


def format_interval(fmt: FixedFormat) -> Interval:
    """Every code of a format."""
    return Interval(fmt.min_code, fmt.max_code, fmt.fraction)


def exact_interval(op: Op, operands: list[Interval]) -> Interval:
    """What ``op`` computes before its conversion to the output's format.

    Args:
        operands: an interval for each input.
    """
    if isinstance(op, Input):
        return format_interval(op.output.format)
    if type(op) in EXTENSIONS:
        return EXTENSIONS[type(op)].interval(op, operands)
    if isinstance(op, CONVOLUTIONS):
        return _products(op, operands[0])
    if isinstance(op, (SkipAdd, SkipSubtract)):
        fraction = max(item.fraction for item in operands)
        aligned = [item.rescaled(fraction) for item in operands]
        if isinstance(op, SkipSubtract):
            aligned[1:] = [Interval(-item.high, -item.low, fraction) for item in aligned[1:]]
        return Interval(
            sum(min(item.low, 0) for item in aligned),
            sum(max(item.high, 0) for item in aligned),
            fraction,
        )
    if isinstance(op, AveragePool2D):
        item = operands[0]
        return Interval(
            min(item.low, 0) * op.multiple,
            max(item.high, 0) * op.multiple,
            item.fraction + op.multiple_bits,
        )
    if isinstance(op, BatchNorm):
        return _scaled(op, operands[0])
    if isinstance(op, Threshold):
        return _counted(op, operands[0])
    if isinstance(op, Lookup):
        table = op.table.codes
        return Interval(int(table.min()), int(table.max()), op.table.format.fraction)
    if isinstance(op, UpsampleBilinear):
        item = operands[0]
        return item.rescaled(item.fraction + sum(bilinear_bits(scale) for scale in op.scale))
    if isinstance(op, ArgMax):
        return Interval(0, op.output.format.max_code, 0)
    if isinstance(op, ZeroPad2D):
        return operands[0].hull(Interval(0, 0, operands[0].fraction))
    if isinstance(op, Relu):
        item = operands[0]
        return Interval(max(item.low, 0), max(item.high, 0), item.fraction)
    result = operands[0]
    for item in operands[1:]:
        result = result.hull(item)
    return result


def bilinear_bits(scale: int) -> int:
    """Fraction bits that bilinear upsampling by ``scale`` adds on one axis."""
    return (2 * scale).bit_length() - 1 if scale > 1 else 0


def _scaled(op: BatchNorm, item: Interval) -> Interval:
    """Every product and every sum of product and bias, channel by channel."""
    product_fraction = op.scale.format.fraction + item.fraction
    fraction = max(product_fraction, op.bias.format.fraction)
    rise, bias_rise = fraction - product_fraction, fraction - op.bias.format.fraction
    ends = []
    for scale, bias in zip(op.scale.codes, op.bias.codes, strict=True):
        products = [int(scale) * code << rise for code in (item.low, item.high)]
        ends += [*products, *(product + (int(bias) << bias_rise) for product in products)]
    return Interval(min(ends), max(ends), fraction)


def _counted(op: Threshold, item: Interval) -> Interval:
    """The codes of a step function over the codes that its input can hold."""
    reached = [(op.thresholds.codes <= code).sum(axis=1) for code in (item.low, item.high)]
    ends = [op.base.codes + op.step.codes * count for count in reached]
    return Interval(
        min(int(end.min()) for end in ends),
        max(int(end.max()) for end in ends),
        op.base.format.fraction,
    )


def _products(op: Convolution, item: Interval) -> Interval:
    fraction = op.weight.format.fraction + item.fraction
    # A tap outside the frame contributes 0, and a partial sum lacks terms: both are covered by
    # counting each term where it is negative for ``low`` and where it is positive for ``high``.
    # A code of the input lies in [-below, above], 0 included.
    below, above = max(-item.low, 0), max(item.high, 0)
    ends = [
        (-(plus * below + minus * above), plus * above + minus * below)
        for plus, minus in _weight_sums(op)
    ]
    if op.bias is not None:
        finest = max(fraction, op.bias.format.fraction)
        rise, bias_rise = finest - fraction, finest - op.bias.format.fraction
        bias = [int(code) << bias_rise for code in op.bias.codes]
        ends = [
            (
                (low << rise) + min(bias[k % len(bias)], 0),
                (high << rise) + max(bias[k % len(bias)], 0),
            )
            for k, (low, high) in enumerate(ends)
        ]
        fraction = finest
    return Interval(min(low for low, _ in ends), max(high for _, high in ends), fraction)


def _weight_sums(op: Convolution) -> list[tuple[int, int]]:
    """The sums of positive and of negated negative weights that can meet in one output.

    Channel by channel, for each phase of a transposed convolution: an output position meets only
    taps whose distance is a multiple of the stride (the others fall between inputs).
    """
    strides = op.strides if isinstance(op, ConvTranspose2D) else (1, 1)
    kernel = op.weight.codes.shape
    found: list[tuple[int, int]] = []
    for p in range(min(strides[0], kernel[0])):
        for q in range(min(strides[1], kernel[1])):
            taps = op.weight.codes[p :: strides[0], q :: strides[1]]
            terms = taps.reshape(-1, output_channels(op))
            if len(terms) << op.weight.format.width >= 1 << 62:
                terms = terms.astype(object)  # Python integers can't overflow
            plus = np.maximum(terms, 0).sum(axis=0)
            minus = np.maximum(-terms, 0).sum(axis=0)
            found += [(int(a), int(b)) for a, b in zip(plus, minus, strict=True)]
    return found


def intervals(graph: Graph) -> dict[str, tuple[Interval, Interval]]:
    """For each op (what it computes exactly, what its output tensor can hold)."""
    found: dict[str, tuple[Interval, Interval]] = {}
    for op in graph.ops:
        exact = exact_interval(op, [found[name][1] for name in op.inputs])
        found[op.name] = (exact, exact.converted(op.output.format))
    return found


def float32_exact(graph: Graph, proved: Collection[str] = ()) -> frozenset[str]:
    """The ops whose exact result, and all before it, float32 holds without rounding.

    Args:
        proved: ops whose codes are known to be those of a float function, whatever float32 makes
            of their own arithmetic.
    """
    found: set[str] = set()
    for name, (exact, _) in intervals(graph).items():
        op = graph[name]
        small = max(abs(exact.low), abs(exact.high)) <= FLOAT32_EXACT
        same = name in proved or (small and not isinstance(op, _STANDS_FOR_FLOATS))
        if same and all(source in found for source in op.inputs):
            found.add(name)
    return frozenset(found)


_STANDS_FOR_FLOATS = (BatchNorm, Threshold, Lookup)
