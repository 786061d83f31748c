"""Memories: block RAM by aspect ratio, distributed RAM, shift registers, flip-flops.

Sources: UG473 (7 series block RAM), UG573 (UltraScale memory), UG474 and UG574 (LUTs as memory);
FPGA-TN-02204 (ECP5 memory).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Literal

from fcn_hw.costs.arithmetic import counter, multiplexer_luts
from fcn_hw.costs.family import FFS_A_LUT, LUTS_A_BRAM18, Family
from fcn_hw.costs.resources import Resources

Storage = Literal["bram", "lutram", "srl", "ff"]

BRAM18_BITS = 18 * 1024
_BRAM18_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""(words, bits) of a block RAM of 18 Kib with one write and one read port.

A block RAM of 36 Kib (512 x 72 to 16K x 2, and 32K x 1 by cascading) is two of these side by side.
An EBR of an ECP5 has the same shapes.
"""

_SRL_BITS = 32
LUTRAM_WORDS = 64
"""Words of a memory that one LUT holds a bit of each of."""


@dataclass(frozen=True)
class Memory:
    """A memory as it is built.

    Args:
        storage: of what.
        resources: with its addressing.
    """

    storage: Storage
    resources: Resources


def bram18_count(words: int, bits: int) -> int:
    """Block RAMs of 18 Kib of a memory, all in the aspect ratio that needs the fewest."""
    return min(ceil(words / w) * ceil(bits / b) for w, b in _BRAM18_SHAPES)


@cache
def bram(words: int, bits: int) -> Resources:
    """A memory in block RAM. Blocks behind one another need a multiplexer at the output."""
    shape = min(_BRAM18_SHAPES, key=lambda s: (ceil(words / s[0]) * ceil(bits / s[1]), -s[0]))
    return Resources(
        bram18=bram18_count(words, bits), lut=multiplexer_luts(ceil(words / shape[0]), bits)
    )


def lutram(words: int, bits: int, family: Family) -> Resources:
    """A memory of one write and one read port in LUTs, its output registered.

    7 series: four LUTs are 32 x 6 (RAM32M) or 64 x 3 (RAM64M). UltraScale+: eight LUTs are 32 x 14
    (RAM32M16) or 64 x 7 (RAM64M8). One LUT of each group serves the write address. ECP5: four LUTs
    are 16 x 4 (DPR16X4), two serve their write port.
    """
    if family == "ecp5":
        blocks = ceil(words / 16)
        return Resources(
            lut=multiplexer_luts(blocks, bits), ff=bits, lut4=6 * ceil(bits / 4) * blocks
        )
    group, narrow, wide = (4, 3, 6) if family == "7series" else (8, 7, 14)
    if words <= LUTRAM_WORDS // 2:
        luts = group * ceil(bits / wide)
    else:
        luts = group * ceil(bits / narrow) * ceil(words / LUTRAM_WORDS)
    return Resources(lut=luts + multiplexer_luts(ceil(words / LUTRAM_WORDS), bits), ff=bits)


@cache
def lut_rom(words: int, bits: int, family: Family) -> Resources:
    """Constants in LUTs, 64 words of a bit each, the output registered; at most.

    Synthesis merges equal and drops constant bits, which depends on the values. One word is wires.
    ECP5: eight words of a bit are a LUT4, with the choice between them; fitted to the weights of
    ``digits_fcn8s``, of which yosys 0.70 makes 7.5 to 8.6.
    """
    if words <= 1:
        return Resources()
    if family == "ecp5":
        return Resources(lut4=ceil(words * bits / _ECP5_ROM_BITS), ff=bits)
    return Resources(
        lut=bits * ceil(words / LUTRAM_WORDS) + multiplexer_luts(ceil(words / LUTRAM_WORDS), bits),
        ff=bits,
    )


_ECP5_ROM_BITS = 8
"""Of a ROM, in a LUT4."""

ROM_STORAGE: dict[str, Storage] = {"Resource": "bram", "Latency": "lutram"}
"""hls4ml's strategies and where the weights are."""


def rom_storage(words: int, strategy: str) -> Storage:
    """Where a ROM of an op's constants is: in LUTs while a LUT holds a bit of all its words."""
    return "lutram" if words <= LUTRAM_WORDS else ROM_STORAGE[strategy]


@cache
def rom(words: int, bits: int, strategy: str, family: Family) -> Resources:
    """A ROM in the place that :func:`rom_storage` gives it; of one word it is wires."""
    if rom_storage(words, strategy) == "lutram":
        return lut_rom(words, bits, family)
    return bram(words, bits)


@cache
def ram(words: int, bits: int, family: Family) -> Memory:
    """A memory of one write and one read port whose storage is left to the tool.

    An assumption, as UG901 gives no number: in LUTs up to the 64 words that a LUT holds, else in
    block RAM.
    """
    if words <= LUTRAM_WORDS:
        return Memory("lutram", lutram(words, bits, family))
    return Memory("bram", bram(words, bits))


def fifo_options(depth: int, bits: int, family: Family) -> tuple[Memory, ...]:
    """The ways to build a FIFO.

    Args:
        depth: words, at least 1.
        bits: of a word.
    """
    assert depth >= 1 and bits >= 1, "a FIFO holds at least a bit"
    level = counter(depth) + Resources(lut=4, ff=2)  # fill; full, empty, the handshakes
    pointers = level + counter(depth) + counter(depth)
    # Two shift registers of 16 bits, or one of 32, are a LUT. Longer ones are chained.
    shift_luts = ceil(bits / 2) if depth <= _SRL_BITS // 2 else bits * ceil(depth / _SRL_BITS)
    chains = multiplexer_luts(ceil(depth / _SRL_BITS), bits)
    options = [
        Memory("lutram", lutram(depth, bits, family) + pointers),
        # The word at a block RAM's output is registered, and passed by when it is the only one.
        Memory("bram", bram(depth, bits) + pointers + Resources(lut=bits, ff=bits)),
    ]
    if family != "ecp5":  # whose LUTs are no shift registers
        options.insert(0, Memory("srl", Resources(lut=shift_luts + chains) + level))
    if depth <= 2:
        words = Resources(lut=bits * (depth - 1), ff=bits * depth)
        options.insert(0, Memory("ff", words + Resources(lut=4, ff=2)))
    if family == "ecp5":
        return tuple(Memory(m.storage, m.resources.in_lut4s(_FIFO_LUT4S)) for m in options)
    return tuple(options)


_FIFO_LUT4S = 3.5
"""LUTs of an ECP5 for one of six inputs, beside its memory: counters have one a bit there. Of six
FIFOs of 2 to 500 words of 8 to 66 bits yosys 0.70 makes 1.1 to 6."""


@cache
def fifo_cost(depth: int, width_bits: int, family: Family) -> Memory:
    """The cheapest way to build a FIFO on the family's devices.

    Args:
        depth: words, at least 1.
        width_bits: bits of a word.
    """
    return min(
        fifo_options(depth, width_bits, family),
        key=lambda memory: _price(memory.resources, family),
    )


def _price(amount: Resources, family: Family) -> float:
    """In LUTs."""
    return amount.lut + amount.ff / FFS_A_LUT[family] + amount.bram18 * LUTS_A_BRAM18[family]
