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

BILINEAR_SCALES = (1, 2, 4, 8)


def bilinear_bits(scale: int) -> int:
    """Fraction bits that bilinear upsampling by ``scale`` adds on one axis."""
    return (2 * scale).bit_length() - 1 if scale > 1 else 0


@dataclass(frozen=True)
class UpsampleBilinear(ChannelFolded, Upsampling):
    """Bilinear, half-pixel centres, edges repeated (``tf.image.resize``), scale 2, 4 or 8.

    The weights are multiples of ``1/(2*scale)``, so the result is exact with
    ``log2(2*scale)`` more fraction bits an axis (scale 1: none).
    """

    converts = True

    def rules(self, operands: Operands) -> Iterable[str]:
        yield from super().rules(operands)
        if not set(self.scale) <= set(BILINEAR_SCALES):
            yield f"scale {self.scale}: bilinear weights are exact for 1, 2, 4 and 8 only"

    def interval(self, operands: Sequence[Interval]) -> Interval:
        (item,) = operands
        return item.rescaled(item.fraction + self._fraction_bits)

    @property
    def _fraction_bits(self) -> int:
        """Fraction bits that it adds."""
        return sum(bilinear_bits(scale) for scale in self.scale)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C) to (N, H * scale[0], W * scale[1], C); exact until the last conversion."""
        fmt = operands[0].format
        # weights of one axis are 0 to 2 * scale, and their sum is 2 * scale
        bound = fmt.largest_code * 4 * self.scale[0] * self.scale[1]
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
        # Weights are 1 .. 2s - 1 of 2s: log2(2s) bits. Two products and a sum, down, then across.
        code_bits, width = source.format.width, source.format.width
        amount, sum_bits = Resources(), width + self.scale[0].bit_length()
        for scale in self.scale:
            if scale > 1:
                amount = amount + weighted_sum(width, scale.bit_length())
                width += scale.bit_length()
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
        chosen = self.choice_of_group(fold, code_bits)
        return OpCost(
            control + rows + a_channel * fold.pe + held + chosen,
            activation_bits=2 * source.width * source.pixel_bits,
        )

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands) | {"pe": self.given(fold).pe}

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        (source,) = operands
        bits = source.format.width
        weights = [scale.bit_length() for scale in self.scale if scale > 1]
        products = sum(
            2 * MULTIPLY_PJ_A_BIT2 * bits * w + ADD_PJ_A_BIT * (bits + w) for w in weights
        )
        # Two rows are read once for each output row, and each pixel is written once.
        accesses = 2 * source.width * self.output.height + source.pixels
        return self.output.size * products + accesses * source.pixel_bits * MEMORY_PJ_A_BIT


def _axis(source: Whole, axis: int, scale: int) -> Whole:
    """``2 * scale`` times the interpolation along one axis.

    Output i lies at ``(i + 1/2) / scale - 1/2 = (2 * i + 1 - scale) / (2 * scale)`` between inputs
    ``floor`` and ``floor + 1``; both are held inside the frame, which repeats the edge.
    """
    if scale == 1:
        return source
    length = source.shape[axis]
    place = 2 * np.arange(length * scale) + 1 - scale
    before = place // (2 * scale)
    shape = [-1 if k == axis else 1 for k in range(source.ndim)]
    weight = (place % (2 * scale)).reshape(shape).astype(source.dtype)
    low: Whole = np.take(source, np.clip(before, 0, length - 1), axis=axis)
    high: Whole = np.take(source, np.clip(before + 1, 0, length - 1), axis=axis)
    low *= 2 * scale - weight  # in place: take() made copies
    high *= weight
    low += high
    return low
