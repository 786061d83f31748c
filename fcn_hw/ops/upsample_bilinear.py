"""Bilinear upsampling, half-pixel centres, as ``tf.image.resize(method="bilinear")``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcn_hw.costs.arithmetic import converter, counters, weighted_sum
from fcn_hw.costs.energy import ADD_PJ_A_BIT, MEMORY_PJ_A_BIT, MULTIPLY_PJ_A_BIT2
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import ram
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import CONVERT, MEMORY, MULTIPLY, STREAM, Loop, grid
from fcn_hw.fixed import FixedFormat, Whole, convert_whole, whole_type
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import Fold, Operands, framed_process
from fcn_hw.ops.channel_folds import ChannelFolded
from fcn_hw.ops.upsampling import Upsampling

MAX_BILINEAR_SCALE = 32


def denominator(scale: int) -> int:
    """Of the weights of bilinear upsampling by ``scale``, on one axis."""
    return scale if scale % 2 else 2 * scale


def _weight_bits(scale: int) -> int:
    """Bits of the weights on one axis."""
    return (denominator(scale) - 1).bit_length()


@dataclass(frozen=True)
class UpsampleBilinear(ChannelFolded, Upsampling):
    """``divisor`` times bilinear, half-pixel centres, edges repeated (``tf.image.resize``).

    The weights on an axis are multiples of ``1/d``, where ``d`` is the scale if that is odd, else
    twice the scale; the scale is 32 at most. Of both ``d`` together, ``divisor`` is the odd part:
    1 where scales are powers of two. The other part is a power of two, so ``divisor`` times the
    result is exact with as many more fraction bits.
    """

    converts = True
    lut4s_a_lut = 2.0

    def rules(self, operands: Operands) -> Iterable[str]:
        yield from super().rules(operands)
        if max(self.scale) > MAX_BILINEAR_SCALE:
            yield f"scale {self.scale}: bilinear upsampling goes up to {MAX_BILINEAR_SCALE}"

    def interval(self, operands: Sequence[Interval]) -> Interval:
        (item,) = operands
        whole = self._denominator
        return Interval(item.low * whole, item.high * whole, item.fraction + self._fraction_bits)

    @property
    def _denominator(self) -> int:
        """Of the product of both axes' weights."""
        return denominator(self.scale[0]) * denominator(self.scale[1])

    @property
    def _fraction_bits(self) -> int:
        """Fraction bits that it adds."""
        return (self._denominator & -self._denominator).bit_length() - 1

    @property
    def divisor(self) -> int:
        return self._denominator >> self._fraction_bits

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C) to (N, H * scale[0], W * scale[1], C); exact until the last conversion."""
        fmt = operands[0].format
        # weights of one axis are 0 to their denominator, and that is their sum
        bound = fmt.largest_code * self._denominator
        source = codes[0].astype(whole_type(bound), copy=False)
        total = _axis(_axis(source, 1, self.scale[0]), 2, self.scale[1])
        return convert_whole(total, fmt.fraction + self._fraction_bits, self.output.format)

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return self.output.pixels * self.fold_steps(self.given(fold))

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """Writes every pixel, reads where a band begins on both axes."""
        result = self.output
        rows, cols = (
            np.maximum(scale * np.arange(size) - scale // 2, 0)
            for scale, size in zip(self.scale, operands[0].shape[:2], strict=True)
        )
        loop = Loop(grid(rows, cols, result.width), np.arange(result.pixels), result.pixels)
        return (self.by_groups(loop, fold),)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + MEMORY + 2 * (MULTIPLY + 1) + CONVERT

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,), result, fold = operands, self.output, self.given(fold)
        groups, in_bits = self.fold_steps(fold), fold.pe * source.format.width
        rows = ram(source.width * groups, in_bits, family).resources * 2
        # Two products and a sum, down, then across.
        code_bits, width = source.format.width, source.format.width
        amount, sum_bits = Resources(), width + max(_weight_bits(self.scale[0]), 1)
        for scale in self.scale:
            if scale > 1:
                amount = amount + weighted_sum(width, _weight_bits(scale))
                width += _weight_bits(scale)
        # Which row is above and below; the code while the rows are read, the vertical sums of two
        # columns for the product; the conversion of the exact result.
        choices = Resources(lut=2 * code_bits, ff=3 * code_bits + 2 * sum_bits)
        exact = FixedFormat(source.format.signed, width, width - result.format.fraction)
        a_channel = amount + choices + converter(exact, result.format)
        control = framed_process(result) + counters(
            source.height, source.width, *self.scale, groups
        )
        # The vertical sums of two columns.
        held = Resources(ff=2 * sum_bits * source.channels)
        return OpCost(
            control + rows + a_channel * fold.pe + held + self.held_groups(source, fold),
            activation_bits=2 * source.width * source.pixel_bits,
        )

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands) | {"pe": self.given(fold).pe}

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        (source,) = operands
        bits = source.format.width
        weights = [_weight_bits(scale) for scale in self.scale if scale > 1]
        products = sum(
            2 * MULTIPLY_PJ_A_BIT2 * bits * w + ADD_PJ_A_BIT * (bits + w) for w in weights
        )
        # Two rows are read once for each output row, and each pixel is written once.
        accesses = 2 * source.width * self.output.height + source.pixels
        return self.output.size * products + accesses * source.pixel_bits * MEMORY_PJ_A_BIT


def _axis(source: Whole, axis: int, scale: int) -> Whole:
    """The interpolation along one axis, times the denominator of its weights.

    Output i lies at ``(i + 1/2) / scale - 1/2 = (2 * i + 1 - scale) / (2 * scale)`` between inputs
    ``floor`` and ``floor + 1``; both are held inside the frame, which repeats the edge.
    """
    if scale == 1:
        return source
    length, whole = source.shape[axis], denominator(scale)
    place = 2 * np.arange(length * scale) + 1 - scale
    before = place // (2 * scale)
    shape = [-1 if k == axis else 1 for k in range(source.ndim)]
    # an even number of the 2 * scale steps between two inputs, if the scale is odd
    steps = place % (2 * scale) // (2 * scale // whole)
    weight = steps.reshape(shape).astype(source.dtype)
    low: Whole = np.take(source, np.clip(before, 0, length - 1), axis=axis)
    high: Whole = np.take(source, np.clip(before + 1, 0, length - 1), axis=axis)
    low *= whole - weight  # in place: take() made copies
    high *= weight
    low += high
    return low
