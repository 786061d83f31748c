"""The multipliers of a convolution and what surrounds them.

The hardware is that of ``templates/include/fcn_hw/mac_array.h``. Numbers only, so that published
designs that no :class:`fcn_hw.ir.Graph` describes can be estimated by the same formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fcn_hw.costs.arithmetic import (
    accumulator,
    adder_tree,
    constant_products,
    conversion,
    multiplexer_luts,
    multiplier,
)
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import bram, lut_rom, ram
from fcn_hw.costs.resources import Resources, total

BASE_LUTS = 300
LUT_OVERHEAD = (11, 10)
"""Control of a unit, and what synthesis adds to its arithmetic, as a fraction: c0 = 300, c1 = 1.1
of M. Blott et al., "FINN-R", ACM TRETS 11(3), 2018, from experiments with such units."""


@dataclass(frozen=True)
class MacUnit:
    """``pe * simd * taps`` multipliers.

    Args:
        pe, simd: filters and channels in parallel.
        n_chan, n_filt: channels of the input and of the output.
        weight_bits: signed.
        input_bits: of a code, and whether it is signed.
        input_signed: see above.
        accum_bits: of an accumulator.
        output_bits: of a result.
        rounds, saturates: how a sum becomes a result.
        rom_words: words of the weight ROM; each holds the weights of one step.
        rom_storage: ``bram``, ``lutram`` or ``auto``, the cheaper one.
        rom_banks: memories that the word is spread over: 1, or ``pe`` as in FINN.
        own_channels: a filter reads one channel, and not all of them; ``simd`` is 1 then.
        taps: kernel positions in parallel; they are in registers if there are several.
        tap_groups: of the kernel, ``taps`` each.
        digits: :func:`fcn_hw.costs.arithmetic.signed_digits` of the weights where the unit has a
            multiplier for each, so that all are constants; None where weights change.
    """

    pe: int
    simd: int
    n_chan: int
    n_filt: int
    weight_bits: int
    input_bits: int
    input_signed: bool
    accum_bits: int
    output_bits: int
    rounds: bool
    saturates: bool
    rom_words: int
    rom_storage: str
    bias_bits: int = 0
    rom_banks: int = 1
    own_channels: bool = False
    taps: int = 1
    tap_groups: int = 1
    digits: int | None = None

    @property
    def multipliers(self) -> int:
        return self.pe * self.terms

    @property
    def terms(self) -> int:
        """Products of a step that a filter sums."""
        return self.simd * self.taps

    @property
    def rom_word_bits(self) -> int:
        return self.multipliers * self.weight_bits

    @property
    def operands(self) -> int:
        """Channels of all taps that a step takes: the same for all filters, or one for each."""
        return (min(self.pe, self.n_chan) if self.own_channels else self.simd) * self.taps

    @property
    def choices(self) -> int:
        """How many channels an operand may be: one for each channel group, or filter group, and
        each group of taps where these are in registers."""
        groups = self.tap_groups if self.taps > 1 else 1
        if self.own_channels:
            return min(self.n_filt // self.pe, self.n_chan) * groups
        return self.n_chan // self.simd * groups


def mac_unit(unit: MacUnit, family: Family) -> Resources:
    """Multipliers, adder trees, accumulators, ROMs, choice of channels, results."""
    filter_groups = unit.n_filt // unit.pe
    a_filter = accumulator(unit.accum_bits) + conversion(
        unit.accum_bits, unit.output_bits, rounds=unit.rounds, saturates=unit.saturates
    )
    if unit.digits is None:
        arithmetic = products(unit, [unit.terms] * unit.pe, family) + a_filter * unit.pe
        luts = BASE_LUTS + -(-arithmetic.lut * LUT_OVERHEAD[0] // LUT_OVERHEAD[1])
        amount = replace(arithmetic, lut=luts)
    else:
        sums = constant_products(unit.digits, unit.input_bits)
        amount = Resources(lut=BASE_LUTS) + sums + a_filter * unit.pe
    # The channels of this step, chosen from a pixel, and their register.
    inputs = unit.operands * unit.input_bits
    amount = amount + Resources(lut=multiplexer_luts(unit.choices, inputs), ff=inputs)
    # The results of the filter groups, each written when its turn comes, and the beat that leaves.
    result_bits = unit.n_filt * unit.output_bits
    held = result_bits if filter_groups > 1 else 0
    amount = amount + Resources(lut=filter_groups if held else 0, ff=held + result_bits)
    amount = amount + lut_rom(filter_groups, unit.pe * unit.bias_bits)
    return amount + weight_rom(unit, family)


def products(unit: MacUnit, terms: Sequence[int], family: Family) -> Resources:
    """Multipliers, and the tree that adds those of a filter.

    Args:
        terms: multipliers of each of the ``pe`` filters; ``unit.terms`` where none is left out.
    """
    factor_bits = unit.input_bits + (0 if unit.input_signed else 1)
    in_fabric = multiplier(unit.weight_bits, unit.input_bits, family).dsp == 0
    one = multiplier(unit.weight_bits, unit.input_bits if in_fabric else factor_bits, family)
    product_bits = unit.weight_bits + unit.input_bits
    trees = total(adder_tree(count, product_bits) for count in terms if count)
    return one * sum(terms) + trees


def weight_rom(unit: MacUnit, family: Family) -> Resources:
    """The memory of the weights."""
    bits = unit.rom_word_bits // unit.rom_banks
    return rom_memory(unit.rom_words, bits, unit.rom_storage, family) * unit.rom_banks


def rom_memory(words: int, bits: int, storage: str, family: Family) -> Resources:
    """A memory of constants; one word is wires.

    Args:
        storage: as for :class:`MacUnit`.
    """
    if words <= 1 or bits < 1:
        return Resources()
    if storage == "bram":
        return bram(words, bits)
    if storage == "lutram":
        return lut_rom(words, bits)
    return ram(words, bits, family).resources
