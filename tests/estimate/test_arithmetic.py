"""LUTs, flip-flops and DSP slices of arithmetic."""

from __future__ import annotations

from typing import get_args

import pytest

from fcn_hw.costs.arithmetic import (
    accumulator,
    adder_tree,
    conversion,
    counter,
    dsp_slices,
    fabric_product,
    in_dsp,
    maximum,
    multiplexer_luts,
    multiplier,
    product_pieces,
    single_product,
    weighted_sum,
)
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import Resources


@pytest.mark.parametrize(
    ("a_bits", "b_bits", "family", "slices"),
    [
        (25, 18, "7series", 1),
        (18, 25, "7series", 1),
        (26, 18, "7series", 2),
        (27, 18, "ultrascale+", 1),
        (28, 18, "ultrascale+", 2),
        (26, 26, "7series", 4),
        (35, 25, "7series", 2),  # 17 + 18 bits by 25
        (16, 16, "7series", 1),
    ],
)
def test_operands_of_a_dsp_slice(a_bits: int, b_bits: int, family: Family, slices: int) -> None:
    assert dsp_slices(a_bits, b_bits, family) == slices


def test_few_bits_go_to_luts_and_wide_ones_to_dsp() -> None:
    assert not in_dsp(4, 4) and not in_dsp(8, 8) and not in_dsp(9, 9)
    assert in_dsp(10, 10) and in_dsp(16, 8)
    assert not in_dsp(16, 3), "a factor of three bits is a few additions"
    assert multiplier(8, 8, "7series") == Resources(lut=8 * 5 + 7 * 6 + 17, ff=16)
    assert multiplier(16, 16, "7series") == Resources(dsp=1)


def test_a_product_is_a_sum_of_tables() -> None:
    assert product_pieces(4, 4) == (2, 4) and product_pieces(8, 2) == (4, 2)
    assert product_pieces(3, 3) == product_pieces(6, 6) == (3, 3)
    assert (
        single_product(4, 4, "7series").lut == 2 * 5 + 6
    )  # the lowest bit of two is the AND of another
    luts = {bits: fabric_product(*bits, "7series").lut for bits in ((4, 4), (8, 4), (4, 8), (1, 4))}
    assert luts[4, 4] == 16 + 9
    assert luts[8, 4] == luts[4, 8] == 4 * 5 + 3 * 6 + 13
    assert luts[1, 4] == 6  # the adder's own LUTs make the bits


def test_a_product_of_an_ecp5_has_look_up_tables_for_each_bit_of_its_partial_products() -> None:
    assert fabric_product(4, 4, "ecp5") == Resources(lut4=62)  # 3.9 for each of 16 bits
    assert fabric_product(4, 4, "ecp5", signed=True) == Resources(lut4=74)  # 4.6
    assert fabric_product(8, 4, "ecp5") == fabric_product(4, 8, "ecp5") == Resources(lut4=125)
    assert single_product(4, 4, "ecp5") == Resources(lut4=47), "three of four rows are added"


@pytest.mark.parametrize("family", get_args(Family))
def test_fabric_products_grow_with_their_bits(family: Family) -> None:
    luts = [fabric_product(bits, bits, family).in_lut4s(1).lut for bits in range(1, 17)]
    assert luts == sorted(luts) and luts[0] < luts[-1]


def test_adder_tree_is_finns() -> None:
    assert adder_tree(16, 4).lut == 4 * (2 * 16 - 1)
    assert adder_tree(16, 4).ff == 4 + 4, "16 numbers of 4 bits sum to one of 8"


def test_a_sum_of_two_products_ends_in_a_carry_chain() -> None:
    """Of 2 x 8 x 2 bits all but ten are taken away by adders of two LUTs, ten by one each."""
    assert weighted_sum(8, 2) == Resources(lut=2 * (2 * 8 * 2 - 10) + 10)


def test_small_circuits() -> None:
    assert accumulator(20) == Resources(lut=20, ff=20)
    assert conversion(20, 8, rounds=False, saturates=False) == Resources()
    assert conversion(20, 8, rounds=True, saturates=False) == Resources(lut=8 + 3)
    assert conversion(20, 8, rounds=True, saturates=True) == Resources(lut=8 + 3)
    assert conversion(4, 8, rounds=False, saturates=True) == Resources(lut=4)
    assert maximum(8) == Resources(lut=4 + 8)
    assert counter(191) == Resources(lut=2, ff=8)


@pytest.mark.parametrize(
    ("inputs", "luts"), [(1, 0), (2, 1), (4, 1), (5, 2), (8, 2), (16, 4), (17, 5 + 1), (64, 16 + 1)]
)
def test_multiplexers(inputs: int, luts: int) -> None:
    assert multiplexer_luts(inputs, 1) == luts
    assert multiplexer_luts(inputs, 10) == 10 * luts
