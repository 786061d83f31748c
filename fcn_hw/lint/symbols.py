"""Values as the abstract execution sees them: a number, or a sum of unknowns and a number.

Two values that are written differently but are equal sums compare equal: ``base + 2*s + 1`` of
``s = 1`` is ``base + 3``. An unknown is told apart by what it was made of, so an expression that is
evaluated twice in the same state gives the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class Affine:
    """``const`` plus the sum of unknowns times coefficients.

    Args:
        terms: (unknown, coefficient), no coefficient 0, never empty.
        const: the number.
    """

    terms: frozenset[tuple[Hashable, int]]
    const: int


Value = Union[int, Affine]


def unknown(name: Hashable) -> Affine:
    """The value of an unknown."""
    return Affine(frozenset([(name, 1)]), 0)


def combine(sign: str, left: Value, right: Value) -> Value:
    """The value of a binary operator."""
    if isinstance(left, int) and isinstance(right, int):
        found = _on_numbers(sign, left, right)
        return unknown((sign, left, right)) if found is None else found
    if sign == "+":
        return _sum(left, right, 1)
    if sign == "-":
        return _sum(left, right, -1)
    if sign == "*" and isinstance(right, int):
        return _times(left, right)
    if sign == "*" and isinstance(left, int):
        return _times(right, left)
    if sign == "<<" and isinstance(right, int) and 0 <= right < 64:
        return _times(left, 1 << right)
    return unknown((sign, left, right))


def negated(value: Value) -> Value:
    return _times(value, -1)


def _parts(value: Value) -> tuple[dict[Hashable, int], int]:
    return ({}, value) if isinstance(value, int) else (dict(value.terms), value.const)


def _build(terms: dict[Hashable, int], const: int) -> Value:
    left = frozenset((name, factor) for name, factor in terms.items() if factor)
    return Affine(left, const) if left else const


def _sum(left: Value, right: Value, sign: int) -> Value:
    terms, const = _parts(left)
    more, number = _parts(right)
    for name, factor in more.items():
        terms[name] = terms.get(name, 0) + sign * factor
    return _build(terms, const + sign * number)


def _times(value: Value, factor: int) -> Value:
    terms, const = _parts(value)
    return _build({name: factor * c for name, c in terms.items()}, factor * const)


def _quotient(a: int, b: int) -> int:
    """C++ rounds towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_NUMBERS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _quotient,
    "%": lambda a, b: a - b * _quotient(a, b),
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "&&": lambda a, b: int(bool(a and b)),
    "||": lambda a, b: int(bool(a or b)),
}


def _on_numbers(sign: str, a: int, b: int) -> int | None:
    if (sign in ("/", "%") and b == 0) or (sign in ("<<", ">>") and not 0 <= b < 64):
        return None
    function = _NUMBERS.get(sign)
    return None if function is None else function(a, b)
