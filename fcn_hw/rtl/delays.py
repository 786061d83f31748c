"""How long an operation takes on a device family: the model that pipelines are cut by.

A level of logic is a look-up table with its net; an adder is a carry chain. The constants are those
of the slowest speed grade that the boards carry, rounded up: DS187 and DS925 for AMD's families,
TN1262 for ECP5, nets from routed designs. They are a model: only place and route can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.rtl.ir import COMPARISONS, TABLES, Node
from fcn_hw.rtl.ranges import Bits


@dataclass(frozen=True)
class DelayModel:
    """Delays in ns.

    Args:
        level: a look-up table with its net.
        carry: a bit of a carry chain.
        comparison: levels of a comparison beside its carry chain: the ways in and out, and the net
            of its result, which chooses many bits.
        clock_to_q: of a flip-flop with its net.
        fifo: from the clock to the word at the end of a FIFO, with its net.
        block_ram: from the clock to the word of a block RAM without output register, with its net.
        setup: of a flip-flop.
        tables: whether narrow products are made of tables of a look-up table's inputs.
        share: of the clock period that is used; the rest is kept for nets that are longer.
    """

    level: float
    carry: float
    comparison: float
    clock_to_q: float
    fifo: float
    block_ram: float
    setup: float
    tables: bool
    share: float

    def of(self, node: Node, bits: Mapping[Node, Bits]) -> float:
        """The delay of an operation from its operands to its result."""
        op, operands = node.op, node.operands
        if op in _WIRES:
            return 0.0
        width = bits[node].width
        constant = any(x.op == "const" for x in operands)
        if op in ("shl", "lshr", "ashr"):
            return 0.0 if operands[1].op == "const" else self.level * width.bit_length()
        if op in ("and", "or", "xor"):
            return 0.0 if constant else 0.5 * self.level
        if op == "select":
            return 0.66 * self.level
        if op == "pick":
            return 0.66 * self.level * max(1, (len(operands) - 2).bit_length())
        if op in ("add", "sub"):
            return 1.5 * self.level + self.carry * width
        if op in COMPARISONS:
            widest = max(bits[x].width for x in operands)
            if op == "eq":
                return self.level if widest <= 6 else 1.5 * self.level
            if constant and widest <= 6:
                return self.level
            return self.comparison * self.level + 0.66 * self.carry * widest
        if op in ("smin", "smax", "umin", "umax"):
            return (self.comparison + 0.7) * self.level + 0.66 * self.carry * width
        if op == "mul" and node.label == TABLES:
            return self.level
        if op == "mul":
            narrow, wide = sorted(bits[x].width for x in operands)
            levels = max(1, (narrow - 1).bit_length())
            return self.level + 1.66 * self.level * levels + self.carry * (narrow + wide)
        assert op in ("udiv", "urem", "sdiv", "srem"), op
        return 2.5 * self.level * width

    def lut_memory(self, words: int) -> float:
        """From the address to the word of a memory in look-up tables: two levels for 64 words, and
        one for each choice of four such parts."""
        return self.level * (2 + max(0, (words - 1).bit_length() - 5) // 2)


_WIRES = frozenset("const undef register read load zext sext trunc get join not".split())

DELAYS: Mapping[str, DelayModel] = {
    "7series": DelayModel(0.6, 0.03, 1.3, 0.5, 1.0, 2.1, 0.1, True, 0.73),
    "ultrascale+": DelayModel(0.36, 0.015, 1.3, 0.3, 0.6, 1.3, 0.06, True, 0.73),
    "ecp5": DelayModel(1.0, 0.05, 3.0, 0.6, 5.0, 5.0, 0.1, False, 0.73),
}
"""By family, as ``boards.Board.family`` names it."""
