"""How many bits of each value count: intervals, followed around the registers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.rtl.ir import Node, ProcessGraph, Register, mask, signed

ROUNDS = 25
"""A register whose interval still grows after so many iterations takes all of its width."""

_LAST_ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Interval:
    """The values of a node, as an unsigned and as a signed number: both hold."""

    low: int
    high: int
    signed_low: int
    signed_high: int

    def joined(self, other: Interval) -> Interval:
        return Interval(
            min(self.low, other.low),
            max(self.high, other.high),
            min(self.signed_low, other.signed_low),
            max(self.signed_high, other.signed_high),
        )


@dataclass(frozen=True, slots=True)
class Bits:
    """The bits of a value that are kept; those above them are zeros, or copies of the last one."""

    width: int
    signed: bool


def full(width: int) -> Interval:
    half = 1 << max(width - 1, 0)
    return Interval(0, mask(width), -half, half - 1)


def needed_bits(interval: Interval, width: int) -> Bits:
    """The fewer bits of both ways to keep a value."""
    as_unsigned = max(interval.high.bit_length(), 1)
    low = ~interval.signed_low if interval.signed_low < 0 else interval.signed_low
    high = ~interval.signed_high if interval.signed_high < 0 else interval.signed_high
    as_signed = max(low.bit_length(), high.bit_length()) + 1
    if as_unsigned <= as_signed:
        return Bits(min(as_unsigned, width), False)
    return Bits(min(as_signed, width), True)


def intervals_of(graph: ProcessGraph, order: list[Node]) -> dict[Node, Interval]:
    """The interval of every node.

    Args:
        order: the graph's nodes, operands first.
    """
    found: dict[Node, Interval] = {}
    for register in graph.registers:
        found[register.node] = _start(register)
    free = [register for register in graph.registers if register.bounds is None]
    for round_number in range(ROUNDS + _LAST_ROUNDS):
        for node in order:
            if node.op != "register":
                found[node] = interval_of(node, found)
        changed = False
        for register in free:
            node = register.node
            wider = found[node].joined(found[register.next])
            if wider != found[node]:
                changed = True
                found[node] = wider if round_number < ROUNDS else full(node.width)
        if not changed:
            return found
    for register in free:
        found[register.node] = full(register.node.width)
    for node in order:
        if node.op != "register":
            found[node] = interval_of(node, found)
    return found


def _start(register: Register) -> Interval:
    width = register.node.width
    if register.bounds is not None:
        whole = full(width)
        bounds = Interval(*register.bounds, whole.signed_low, whole.signed_high)
        return _both_ways(bounds, width)
    value = signed(register.initial, width)
    return Interval(register.initial, register.initial, value, value)


def _both_ways(found: Interval, width: int) -> Interval:
    """What one way to read the bits says of the other."""
    half = 1 << max(width - 1, 0)
    low, high, signed_low, signed_high = found.low, found.high, found.signed_low, found.signed_high
    if high < half:
        signed_low, signed_high = max(signed_low, low), min(signed_high, high)
    elif low >= half:
        signed_low, signed_high = max(signed_low, low - 2 * half), min(signed_high, high - 2 * half)
    if signed_low >= 0:
        low, high = max(low, signed_low), min(high, signed_high)
    elif signed_high < 0:
        low, high = max(low, signed_low + 2 * half), min(high, signed_high + 2 * half)
    return Interval(low, high, signed_low, signed_high)


def interval_of(node: Node, known: Mapping[Node, Interval]) -> Interval:
    """The interval of a node from those of its operands."""
    everything = full(node.width)
    operands = [known[x] for x in node.operands]
    unsigned_pair: tuple[int, int] | None = None
    signed_pair: tuple[int, int] | None = None
    op = node.op
    second = node.operands[1] if len(node.operands) > 1 else None
    constant = second.value if second is not None and second.op == "const" else None
    if op == "const":
        value = signed(node.value, node.width)
        return Interval(node.value, node.value, value, value)
    if op in ("select", "pick"):
        found = operands[1]
        for other in operands[2:]:
            found = found.joined(other)
        return found
    if op in ("add", "sub", "mul") or (op == "shl" and constant is not None):
        a, b = operands
        if op == "shl":
            assert constant is not None
            op, b = "mul", Interval(1 << constant, 1 << constant, 1 << constant, 1 << constant)
        unsigned_pair = _combined(op, (a.low, a.high), (b.low, b.high))
        signed_pair = _combined(op, (a.signed_low, a.signed_high), (b.signed_low, b.signed_high))
    elif op == "and":
        unsigned_pair = 0, min(operands[0].high, operands[1].high)
    elif op in ("or", "xor"):
        low = max(operands[0].low, operands[1].low) if op == "or" else 0
        bits = max(operands[0].high.bit_length(), operands[1].high.bit_length())
        unsigned_pair = low, mask(bits)
    elif op == "lshr" and constant is not None:
        unsigned_pair = operands[0].low >> constant, operands[0].high >> constant
    elif op == "ashr" and constant is not None:
        signed_pair = operands[0].signed_low >> constant, operands[0].signed_high >> constant
    elif op in ("zext", "sext", "trunc"):
        if op != "sext":
            unsigned_pair = operands[0].low, operands[0].high
        if op != "zext":
            signed_pair = operands[0].signed_low, operands[0].signed_high
    elif op in ("umin", "umax"):
        choose = min if op == "umin" else max
        unsigned_pair = (
            choose(operands[0].low, operands[1].low), choose(operands[0].high, operands[1].high)
        )  # fmt: skip
    elif op in ("smin", "smax"):
        choose = min if op == "smin" else max
        signed_pair = (
            choose(operands[0].signed_low, operands[1].signed_low),
            choose(operands[0].signed_high, operands[1].signed_high),
        )
    elif op == "urem" and constant:
        unsigned_pair = 0, min(constant - 1, operands[0].high)
    elif op == "udiv" and constant:
        unsigned_pair = operands[0].low // constant, operands[0].high // constant
    elif op == "srem" and constant and operands[0].signed_low >= 0:
        unsigned_pair = 0, constant - 1
    low, high = _within(unsigned_pair, everything.low, everything.high)
    signed_low, signed_high = _within(signed_pair, everything.signed_low, everything.signed_high)
    return _both_ways(Interval(low, high, signed_low, signed_high), node.width)


def _combined(op: str, a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    if op == "add":
        return a[0] + b[0], a[1] + b[1]
    if op == "sub":
        return a[0] - b[1], a[1] - b[0]
    products = [x * y for x in a for y in b]
    return min(products), max(products)


def _within(pair: tuple[int, int] | None, low: int, high: int) -> tuple[int, int]:
    """The pair where no value of it wraps around, else the whole width."""
    return pair if pair is not None and low <= pair[0] and pair[1] <= high else (low, high)
