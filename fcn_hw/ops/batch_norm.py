"""Scale and bias of each channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fcn_hw.costs.arithmetic import (
    adder,
    constant_products,
    converter,
    multiplier,
    signed_digits,
)
from fcn_hw.costs.energy import ADD_PJ_A_BIT, MEMORY_PJ_A_BIT, MULTIPLY_PJ_A_BIT2
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import lut_rom, rom, rom_storage
from fcn_hw.costs.resources import Resources
from fcn_hw.firing import CONVERT, MULTIPLY, STREAM
from fcn_hw.fixed import FixedFormat, Whole, convert, shift_left
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import Constant, Fold, Operands, Rom, Tensor
from fcn_hw.ops.channel_groups import ChannelGroups, grouped
from fcn_hw.ops.convolution import left_shift


@dataclass(frozen=True)
class BatchNorm(ChannelGroups):
    """``y[..., c] = x[..., c] * scale[c] + bias[c]``.

    Args:
        scale, bias: codes of shape (channels,).
        accum: format of product and sum, its fraction is the finer of the two.
    """

    scale: Constant
    bias: Constant
    accum: FixedFormat
    converts = True

    def rules(self, operands: Operands) -> Iterable[str]:
        channels = operands[0].channels
        yield from self.scale.rules("scale", (channels,))
        yield from self.bias.rules("bias", (channels,))

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Every product and every sum of product and bias, channel by channel."""
        (item,) = operands
        product_fraction = self.scale.format.fraction + item.fraction
        fraction = max(product_fraction, self.bias.format.fraction)
        rise, bias_rise = fraction - product_fraction, fraction - self.bias.format.fraction
        ends = []
        for scale, bias in zip(self.scale.codes, self.bias.codes, strict=True):
            products = [int(scale) * code << rise for code in (item.low, item.high)]
            ends += [*products, *(product + (int(bias) << bias_rise) for product in products)]
        return Interval(min(ends), max(ends), fraction)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        product_fraction = self.scale.format.fraction + operands[0].format.fraction
        fraction = max(product_fraction, self.bias.format.fraction)
        products = codes[0].astype(np.int64) * self.scale.codes
        total = shift_left(products, fraction - product_fraction)
        total += shift_left(self.bias.codes, fraction - self.bias.format.fraction)
        return convert(total, fraction, self.output.format)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + MULTIPLY + 1 + CONVERT

    def units(self, source: Tensor, fold: Fold, family: Family, strategy: str) -> Resources:
        """Multipliers and ROMs of ``batch_norm.h``."""
        groups = self.fold_steps(fold)
        scale_bits, bias_bits = self.scale.format.signed_width, self.bias.format.signed_width
        scaled = multiplier(scale_bits, source.format.signed_width, family)
        if groups == 1 and not scaled.dsp:
            digits = -(-signed_digits(self.scale.codes) // self.output.channels)
            scaled = constant_products(digits, source.format.width)
        if not scaled.dsp:  # a slice adds, and has registers of its own
            # The code goes along while the ROMs are read, the result to where it is held.
            along = Resources(ff=source.format.width + self.output.format.width)
            scaled = scaled + adder(self.accum.width) + along
        a_channel = scaled + converter(self.accum, self.output.format)
        roms = rom(groups, fold.pe * scale_bits, strategy, family)
        roms = roms + lut_rom(groups, fold.pe * bias_bits, family)
        return a_channel * fold.pe + roms

    def stored_bits(self, source: Tensor) -> int:
        return self.scale.format.signed_width + self.bias.format.signed_width

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        scale_bits, bias_bits = self.scale.format.width, self.bias.format.width
        product = MULTIPLY_PJ_A_BIT2 * scale_bits * operands[0].format.width
        arithmetic = product + ADD_PJ_A_BIT * self.accum.width
        return self.output.size * (arithmetic + (scale_bits + bias_bits) * MEMORY_PJ_A_BIT)

    def macs(self, operands: Operands) -> int:
        return self.output.size

    @property
    def constants(self) -> tuple[Constant | None, Constant | None]:
        return self.scale, self.bias

    @property
    def parameters(self) -> int:
        return self.scale.codes.size + self.bias.codes.size

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        product_fraction = self.scale.format.fraction + operands[0].format.fraction
        return super().config(operands, fold) | {
            "product_shift": left_shift(self.accum, product_fraction),
            "bias_shift": left_shift(self.accum, self.bias.format.fraction),
            "scale_width": self.scale.format.signed_width,
            "bias_width": self.bias.format.signed_width,
            "accum": self.accum,
        }

    def roms(self, operands: Operands, fold: Fold | None, strategy: str) -> tuple[Rom, ...]:
        fold = self.given(fold)
        scales = grouped("scales", self.scale.format, self.scale.codes, fold)
        storage = rom_storage(self.fold_steps(fold), strategy)
        return (
            replace(scales, storage=storage),
            grouped("biases", self.bias.format, self.bias.codes, fold),
        )

    def resized(self, output: Tensor, operands: Operands) -> BatchNorm:
        return replace(
            self,
            output=output,
            scale=self.scale.repeated(output.channels),
            bias=self.bias.repeated(output.channels),
        )
