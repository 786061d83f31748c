"""Memories and FIFOs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_hw.costs.family import FFS_A_LUT, LUTS_A_BRAM18, Family
from fcn_hw.costs.memory import (
    BRAM18_BITS,
    Memory,
    bram,
    bram18_count,
    fifo_cost,
    fifo_options,
    lut_rom,
    lutram,
    ram,
)
from fcn_hw.costs.resources import Resources

FAMILIES: tuple[Family, ...] = ("7series", "ultrascale+")


@pytest.mark.parametrize(
    ("words", "bits", "halves"),
    [
        # UG473: every aspect ratio of 36 Kib is two halves of 18 Kib
        (512, 72, 2), (1024, 36, 2), (2048, 18, 2), (4096, 9, 2), (8192, 4, 2), (16384, 2, 2),
        (32768, 1, 2),
        (512, 36, 1), (1024, 18, 1), (2048, 9, 1), (4096, 4, 1), (8192, 2, 1), (16384, 1, 1),
        (1, 1, 1), (513, 36, 2), (512, 37, 2), (600, 36, 2), (80, 960, 27),
        (1536, 36, 3 * 1), (4096, 8, 2), (3000, 18, 3),
    ],
)  # fmt: skip
def test_block_ram_by_aspect_ratio(words: int, bits: int, halves: int) -> None:
    assert bram18_count(words, bits) == halves
    assert bram(words, bits).bram18 == halves


@given(st.integers(1, 50_000), st.integers(1, 300))
def test_block_ram_holds_what_it_must(words: int, bits: int) -> None:
    halves = bram18_count(words, bits)
    assert halves * BRAM18_BITS >= words * bits
    assert bram18_count(words, bits + 1) >= halves
    assert bram18_count(words + 1, bits) >= halves


def test_distributed_ram() -> None:
    assert lutram(32, 6, "7series").lut == 4
    assert lutram(64, 3, "7series").lut == 4
    assert lutram(64, 4, "7series").lut == 8
    assert lutram(32, 14, "ultrascale+").lut == 8
    assert lutram(64, 7, "ultrascale+").lut == 8
    assert lutram(128, 3, "7series").lut == 8 + 3, "two banks and a choice of three bits"
    assert lut_rom(1, 100, "7series").lut == 0
    assert lut_rom(64, 10, "7series").lut == 10
    assert lut_rom(128, 10, "7series").lut == 20 + 10
    assert lut_rom(64, 10, "ecp5").lut4 == 80
    assert (lut_rom(64, 10, "ecp5") + Resources(lut=10, ff=3)).in_lut4s(1.75).lut == 80 + 18


def test_a_memory_left_to_the_tool_is_in_luts_up_to_64_words() -> None:
    assert ram(64, 100, "7series").storage == "lutram"
    assert ram(65, 100, "7series").storage == "bram"


@pytest.mark.parametrize(
    ("depth", "bits", "storage"),
    [(1, 8, "ff"), (2, 64, "srl"), (16, 32, "srl"), (32, 8, "srl"), (64, 48, "lutram"),
     (1024, 32, "bram"), (4096, 64, "bram")],
)  # fmt: skip
def test_storage_of_fifos(depth: int, bits: int, storage: str) -> None:
    assert fifo_cost(depth, bits, "7series").storage == storage


def _price(memory: Memory, family: Family) -> float:
    amount = memory.resources
    return amount.lut + amount.ff / FFS_A_LUT[family] + amount.bram18 * LUTS_A_BRAM18[family]


@given(st.integers(1, 10_000), st.integers(1, 512), st.sampled_from(FAMILIES))
def test_the_cheapest_storage_is_taken(depth: int, bits: int, family: Family) -> None:
    options = fifo_options(depth, bits, family)
    chosen = fifo_cost(depth, bits, family)
    assert chosen in options
    assert all(_price(chosen, family) <= _price(option, family) for option in options)
    wider = fifo_cost(depth, bits + 1, family)
    assert _price(wider, family) >= _price(chosen, family)
