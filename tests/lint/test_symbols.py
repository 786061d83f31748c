"""Values, trips of loops, banks and words."""

from __future__ import annotations

import pytest

from fcn_hw.lint.findings import Place
from fcn_hw.lint.memory import Access, Cut, Memory, needs
from fcn_hw.lint.symbols import Affine, Value, combine, negated, unknown

X, Y = unknown("x"), unknown("y")
PLACE = Place("f.h", 1, 1)


def plus(*items: Value) -> Value:
    total: Value = 0
    for item in items:
        total = combine("+", total, item)
    return total


def test_equal_sums_are_equal() -> None:
    assert plus(X, 1, Y) == plus(Y, X, 1)
    assert combine("-", plus(X, 3), X) == 3
    assert combine("*", 2, plus(X, 1)) == plus(X, X, 2)
    assert combine("<<", X, 1) == plus(X, X)
    assert negated(plus(X, 1)) == combine("-", -1, X)
    assert combine("%", X, 4) == combine("%", X, 4)
    assert combine("%", X, 4) != combine("%", Y, 4)
    assert combine("/", -7, 2) == -3
    assert combine("%", -7, 2) == -1
    assert isinstance(combine("/", 1, 0), Affine)


@pytest.mark.parametrize(
    ("cuts", "indices", "expected"),
    [
        ([], [plus(X, 0), plus(X, 1), plus(X, 0)], 2),
        ([Cut("complete", 1, False)], [0, 1, 2, 1], 1),
        ([Cut("complete", 1, False)], [X, Y], 1),
        ([Cut("complete", 1, True)], [0, 1, X], 1),
        ([Cut("cyclic", 4, False)], [combine("*", 4, X), plus(combine("*", 4, X), 1)], 1),
        ([Cut("cyclic", 4, False)], [X, plus(X, 1)], 2),
        ([Cut("cyclic", 2, False)], [0, 2, 4, 1], 3),
        ([Cut("block", 2, False)], [0, 1, 8, 9], 2),
        ([Cut("cyclic", 4, True)], [0, 1, 2, 3, 4], 2),
    ],
)
def test_words_of_the_busiest_bank(cuts: list[Cut], indices: list[Value], expected: int) -> None:
    memory = Memory("m", PLACE, (16,), cuts={0: cuts})
    accesses = [Access(0, (index,), False, ()) for index in indices]
    assert needs(memory, accesses) == (expected, 0, expected)


def test_branches_share_ports() -> None:
    memory = Memory("m", PLACE, (16,))
    then, other, later = ((1, 0),), ((1, 1),), ((2, 0),)
    paths = [then, other, later]
    accesses = [Access(0, (n,), n == 1, path) for n, path in enumerate(paths)]
    assert needs(memory, accesses[:2]) == (1, 1, 1)
    assert needs(memory, accesses) == (2, 1, 2)
