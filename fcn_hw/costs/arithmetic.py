"""LUTs, flip-flops and DSP slices of arithmetic.

Both families have LUTs of six inputs with a carry chain behind them (UG474, UG574): a LUT adds one
bit of two operands and can compute, in front of the carry, any function of up to five inputs that
makes the operand bits. Two products of a bit by a bit are such a function, and so is a choice
between two operands.
"""

from __future__ import annotations

from functools import cache
from math import ceil

import numpy as np

from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import Resources, total
from fcn_hw.fixed import Codes, FixedFormat, Overflow, Rounding

MIN_DSP_OPERAND_BITS = 4
MAX_FABRIC_PRODUCT_BITS = 18
"""A product of more bits, by operands of at least ``MIN_DSP_OPERAND_BITS``, takes a DSP slice.

Vitis HLS does not document its threshold. Coelho et al. (Nature Machine Intelligence 3, 2021)
observe DSP slices from about ten bits on, and LUTs below.
"""

DSP_PORTS: dict[Family, tuple[int, int]] = {
    "7series": (25, 18), "ultrascale+": (27, 18), "ecp5": (18, 18),
}  # fmt: skip
"""Signed operands of a DSP48E1 (UG479), a DSP48E2 (UG579) and a MULT18X18D (FPGA-TN-02205)."""

MOST_CHAINED = 8
"""Products of DSP slices that are added in a chain, a slice to the next, before chains are added in
a tree. A product a clock: the operands of each wait in flip-flops for those before it, and their
number grows with the square of the length."""


def dsp_slices(a_bits: int, b_bits: int, family: Family) -> int:
    """DSP slices of a signed product.

    A wider operand is cut into pieces; all but the topmost are unsigned and use one bit less.
    """
    ports = DSP_PORTS[family]

    def tiles(a: int, b: int) -> int:
        return _pieces(a, ports[0]) * _pieces(b, ports[1])

    return min(tiles(a_bits, b_bits), tiles(b_bits, a_bits))


def _pieces(bits: int, port_bits: int) -> int:
    return max(1, ceil((bits - 1) / (port_bits - 1)))


def in_dsp(a_bits: int, b_bits: int) -> bool:
    """Whether the product of a signed operand pair goes to DSP slices."""
    return min(a_bits, b_bits) >= MIN_DSP_OPERAND_BITS and a_bits + b_bits > MAX_FABRIC_PRODUCT_BITS


@cache
def multiplier(a_bits: int, b_bits: int, family: Family) -> Resources:
    """One multiplier with the register behind it."""
    product_bits = a_bits + b_bits
    if in_dsp(a_bits, b_bits):
        return Resources(dsp=dsp_slices(a_bits, b_bits, family))  # the register is the slice's own
    return fabric_product(a_bits, b_bits, family) + Resources(ff=product_bits)


TABLE_BITS = 6
"""Inputs of a LUT."""


def product_pieces(a_bits: int, b_bits: int) -> tuple[int, int]:
    """How many bits at a time a product in LUTs takes of its factors: a product of such pieces is a
    table with a LUT for each bit, and there are the fewest of them."""
    splits = ((bits, TABLE_BITS - bits) for bits in range(2, TABLE_BITS - 1))
    return min(splits, key=lambda s: (ceil(a_bits / s[0]) * ceil(b_bits / s[1]), abs(s[0] - s[1])))


LUT4S_A_PRODUCT_BIT = 3.9, 4.6
"""LUTs of an ECP5 for each bit of the partial products, by whether the input has a sign, which all
rows of a product extend. Fitted to yosys."""


def fabric_product(a_bits: int, b_bits: int, family: Family, *, signed: bool = False) -> Resources:
    """The LUTs of a product that is added to others: a carry chain takes it, a LUT for each bit.

    Args:
        signed: whether the factor of ``b_bits``, of which an ECP5 makes no tables, has a sign.
    """
    if family == "ecp5":
        return Resources(lut4=round(LUT4S_A_PRODUCT_BIT[signed] * a_bits * b_bits))
    return single_product(a_bits, b_bits, family) + Resources(lut=a_bits + b_bits + 1)


def single_product(a_bits: int, b_bits: int, family: Family) -> Resources:
    """The LUTs of a product that is added to nothing: the tables of its pieces, summed by carry
    chains.

    The lowest bits of a sum of pieces are those of the lower one. A factor of one bit is a part of
    the LUTs that add the product.
    """
    rows = min(a_bits, b_bits)
    if family == "ecp5":  # no adder for the first row of its bits
        return fabric_product(max(a_bits, b_bits), max(rows - 1, 1), family)
    if rows < 2:
        return Resources()
    a_piece, b_piece = product_pieces(a_bits, b_bits)
    tables = ceil(a_bits / a_piece) * ceil(b_bits / b_piece)
    bits = min(a_piece, a_bits) + min(b_piece, b_bits)
    return Resources(lut=tables * (bits - 1) + (tables - 1) * bits)


def weighted_sum(bits: int, factor_bits: int) -> Resources:
    """The sum of two products by small unsigned factors.

    A full adder, two LUTs, takes away a bit of the partial products, until a carry chain adds what
    is left, a LUT for each bit of the result.
    """
    result_bits = bits + factor_bits
    return Resources(lut=2 * 2 * bits * factor_bits - result_bits)


DIGIT_LUTS, DIGIT_FFS = 3, 2
"""Of the sum of products by constants, for each digit of these: LUTs beside the bits of the input,
and FFs of the pipeline. From yosys' maps of 3x3 convolutions whose weights are constants, by
``fcn-hw csynth --gates``: 6 into 6 channels of 4 x 4 bits take 2,500 LUTs and 873 FFs for 316
digits, 1,390 and 534 for 156."""


def signed_digits(codes: Codes) -> int:
    """Digits that are not 0 of all constants, each in the form of -1, 0, 1 that has the fewest.

    These are the digits in which the binary forms of a number and of its triple differ
    (Reitwiesner, Advances in Computers 1, 1960).
    """
    magnitude = np.abs(codes).astype(np.uint64)
    return int(np.bitwise_count(magnitude ^ (3 * magnitude)).sum())


def constant_products(digits: int, bits: int) -> Resources:
    """A sum of products by constants: the input, shifted, is added for each digit.

    Args:
        digits: :func:`signed_digits` of the constants.
        bits: of the inputs.
    """
    return Resources(lut=digits * (bits + DIGIT_LUTS), ff=digits * DIGIT_FFS)


@cache
def adder_tree(terms: int, bits: int) -> Resources:
    """The sum of ``terms`` products of ``bits`` bits from DSP slices, registered at the end.

    LUTs: FINN's formula, ``bits * (2 * terms - 1)``: about two LUTs a bit of each adder, which
    stands for the growth of the sums. Products in LUTs have it in theirs.
    """
    return Resources(lut=bits * (2 * terms - 1), ff=bits + (terms - 1).bit_length())


def adder(bits: int) -> Resources:
    """A plain addition: one LUT for each bit that both numbers have; carries need none."""
    return Resources(lut=bits)


def accumulator(bits: int) -> Resources:
    """An adder with a register, started with a bias: the choice fits the adder's own LUTs."""
    return Resources(lut=bits, ff=bits)


def conversion(from_bits: int, to_bits: int, *, rounds: bool, saturates: bool) -> Resources:
    """A conversion of ``ap_fixed``.

    A LUT makes each bit that is kept: rounding adds one to it, saturation replaces it. The bits
    that are not kept decide both, five at a LUT.
    """
    if not (rounds or saturates):
        return Resources()
    return Resources(lut=min(from_bits, to_bits) + ceil(max(from_bits - to_bits, 0) / 5))


def comparison(bits: int) -> Resources:
    """Whether one number is at least another: a LUT for two bits of both, and the carry chain."""
    return Resources(lut=ceil(bits / 2))


def maximum(bits: int) -> Resources:
    """The larger of two numbers: a comparison takes a LUT for two bits, the choice one a bit."""
    return comparison(bits) + Resources(lut=bits)


@cache
def multiplexer_luts(inputs: int, bits: int) -> int:
    """LUTs that choose one of ``inputs`` words.

    A LUT chooses one of 4 bits; the slice's own multiplexers join up to four LUTs to one of 16
    (UG474, UG574); what is more takes another stage.
    """
    if inputs <= 1:
        return 0
    luts = ceil(inputs / 4)
    blocks = ceil(inputs / 16)
    return bits * luts + (multiplexer_luts(blocks, bits) if blocks > 1 else 0)


@cache
def counter(limit: int) -> Resources:
    """A register that counts to ``limit``, compared six bits a LUT.

    The carry chain adds one to it and no LUT is in front of the chain.
    """
    bits = max(limit.bit_length(), 1)
    return Resources(lut=ceil(bits / 6), ff=bits)


def counters(*limits: int) -> Resources:
    """Counters of the given limits; one that only counts to 1 is none."""
    return total(counter(limit - 1) for limit in limits if limit > 1)


def conversion_modes(exact: FixedFormat, result: FixedFormat) -> tuple[bool, bool]:
    """Whether a conversion rounds and whether it saturates."""
    fewer_fraction_bits = result.fraction < exact.fraction
    narrower = result.integer < exact.integer or (exact.signed and not result.signed)
    return (
        fewer_fraction_bits and result.rounding is not Rounding.TRN,
        narrower and result.overflow is not Overflow.WRAP,
    )


def converter(exact: FixedFormat, result: FixedFormat) -> Resources:
    """A conversion of one format to another."""
    rounds, saturates = conversion_modes(exact, result)
    return conversion(exact.width, result.width, rounds=rounds, saturates=saturates)
