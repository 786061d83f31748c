"""The multipliers of a convolution and what surrounds them.

The hardware is that of ``templates/include/fcn_hw/mac_array.h``. Numbers only, so that published
designs that no :class:`fcn_hw.ir.Graph` describes can be estimated by the same formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from fcn_hw.costs.arithmetic import (
    MOST_CHAINED,
    accumulator,
    adder,
    adder_tree,
    constant_products,
    conversion,
    fabric_product,
    in_dsp,
    multiplexer_luts,
    multiplier,
)
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import bram, lut_rom, ram
from fcn_hw.costs.resources import Resources, total

BASE_LUTS = 60
"""Control of a unit: the steps of a pixel, the filter groups, and what holds its stages."""


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
        lanes: filters that share a multiplier of a DSP slice, or 0; :mod:`fcn_hw.ops.lanes`.
        lane_width, lane_terms: see there.
        lut_pe: filters whose products are made of LUTs all the same.
        shifted_bits: of a sum behind the shift of its filter, or 0 where filters have none;
            :mod:`fcn_hw.ops.filter_shifts`.
        most_shift: the largest shift.
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
    lanes: int = 0
    lane_width: int = 0
    lane_terms: int = 0
    lut_pe: int = 0
    shifted_bits: int = 0
    most_shift: int = 0

    @property
    def multipliers(self) -> int:
        return self.pe * self.terms

    @property
    def terms(self) -> int:
        """Products of a step that a filter sums."""
        return self.simd * self.taps

    @property
    def rom_word_bits(self) -> int:
        if not self.lanes:
            return self.multipliers * self.weight_bits
        element = self.lanes * (self.weight_bits + 1) - 1
        return self.multipliers // self.lanes * element

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
    # One step needs no accumulator, it adds the bias.
    sums = accumulator(unit.accum_bits) if unit.rom_words > 1 else adder(unit.accum_bits)
    a_filter = sums + conversion(
        unit.shifted_bits or unit.accum_bits,
        unit.output_bits,
        rounds=unit.rounds,
        saturates=unit.saturates,
    )
    if unit.lanes:
        amount = shared_products(unit) + products(unit, [unit.terms] * unit.lut_pe, family)
    elif unit.digits is None:
        amount = products(unit, [unit.terms] * unit.pe, family)
    else:
        amount = constant_products(unit.digits, unit.input_bits)
    amount = amount + a_filter * unit.pe + Resources(lut=BASE_LUTS)
    # The channels of this step, chosen from a pixel.
    inputs = unit.operands * unit.input_bits
    amount = amount + Resources(lut=multiplexer_luts(unit.choices, inputs))
    if filter_groups > 1:
        # The results of the groups, held; a pixel that leaves has the last group's beside them.
        result_bits = unit.n_filt * unit.output_bits
        amount = amount + Resources(lut=result_bits, ff=result_bits)
    amount = amount + lut_rom(filter_groups, unit.pe * unit.bias_bits, family)
    if unit.shifted_bits and filter_groups > 1:
        amount = amount + filter_shift(unit, family) * unit.pe
    return amount + weight_rom(unit, family)


def filter_shift(unit: MacUnit, family: Family) -> Resources:
    """What shifts the sum of a filter by the shifts of the filters that take turns there: a choice
    between them, with a register, and the table that says which.

    With one filter at each place a shift is wires.
    """
    bits = unit.shifted_bits
    choice = Resources(lut=multiplexer_luts(unit.most_shift + 1, bits), ff=bits)
    table_bits = unit.most_shift + unit.most_shift.bit_length()
    return choice + lut_rom(unit.n_filt // unit.pe, table_bits, family)


def products(unit: MacUnit, terms: Sequence[int], family: Family) -> Resources:
    """Multipliers, and the tree that adds those of a filter.

    A stage ends inside of a tree of products in LUTs: half of their bits are held there, and the
    sum.

    Args:
        terms: multipliers of each of the ``pe`` filters; ``unit.terms`` where none is left out.
    """
    a_bits, b_bits, count = unit.weight_bits, unit.input_bits, sum(terms)
    product_bits = a_bits + b_bits
    if in_dsp(a_bits, b_bits):
        one = multiplier(a_bits, b_bits + (0 if unit.input_signed else 1), family)
        return one * count + total(adder_tree(n, product_bits) for n in terms if n)
    sums = sum(product_bits + (n - 1).bit_length() for n in terms if n)
    one = fabric_product(a_bits, b_bits, family, signed=unit.input_signed)
    return one * count + Resources(ff=count * product_bits // 2 + sums)


HELD_IN_A_SLICE = 3
"""Stages that an operand of a DSP slice waits in the slice's registers and its memory's."""


def shared_products(unit: MacUnit) -> Resources:
    """Multipliers that filters share, the sums of their products, and the reading of lanes.

    A slice adds its product to what the slice before hands on. What is left is to add the ends of
    chains, and lanes that are read more than once; operands wait for their slice's turn in a chain.
    """
    columns, terms = (unit.pe - unit.lut_pe) // unit.lanes, unit.terms
    word_bits = unit.lanes * unit.lane_width
    most = min(unit.lane_terms or terms, MOST_CHAINED)
    chains = [most] * (terms // most) + [terms % most]
    ends = ceil(terms / most)
    # What a lane carries into the one above is added where lanes are read: in each part of a step,
    # or once a pixel. Beside that the parts, or the ends of chains, are added.
    carries = (unit.lanes - 1) * unit.lane_width
    reads = ceil(terms / unit.lane_terms) if unit.lane_terms else 1
    parts = reads if unit.lane_terms else ends
    added = reads * carries + (parts - 1) * word_bits
    element_bits = unit.lanes * (unit.weight_bits + 1) - 1
    waits = sum(sum(range(length - HELD_IN_A_SLICE)) for length in chains)
    return Resources(
        lut=columns * added,
        ff=columns * ((ends - 1) * word_bits + waits * element_bits) + waits * unit.input_bits,
        dsp=columns * terms,
    )


def weight_rom(unit: MacUnit, family: Family) -> Resources:
    """The memory of the weights. A block RAM's own register has one behind it."""
    bits = unit.rom_word_bits // unit.rom_banks
    one = rom_memory(unit.rom_words, bits, unit.rom_storage, family)
    return (one + Resources(ff=bits if one.bram18 else 0)) * unit.rom_banks


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
        return lut_rom(words, bits, family)
    return ram(words, bits, family).resources
