"""The fold search is exact: it finds what an exhaustive search finds."""

from __future__ import annotations

import itertools
import random

import pytest

from fcn_hw.costs.resources import Resources
from fcn_hw.estimate.fit import (
    Problem,
    fastest,
    interval_of,
    least_overload,
    overload,
    smallest,
    used,
    within,
)
from fcn_hw.estimate.options import Option, options, smallest_within
from fcn_hw.ops import Fold

AVAILABLE = Resources(lut=1000, ff=2000, dsp=50, bram18=60)


def random_problem(seed: int) -> Problem:
    """Four layers of up to six options each; about half of these problems can be solved."""
    draw = random.Random(seed)
    choices = {}
    for layer in "abcd":
        many = [
            Option(
                Fold(number, 1), "Resource", draw.randrange(50, 400),
                Resources(
                    draw.randrange(300), draw.randrange(600), draw.randrange(20), draw.randrange(25)
                ),
            )
            for number in range(1, draw.randrange(2, 7))
        ]  # fmt: skip
        many.sort(key=lambda o: (o.cycles, o.costs))
        choices[layer] = tuple(many)
    shares = {name: draw.choice((0.5, 0.7, 0.9)) for name in ("lut", "ff", "dsp", "bram")}
    fixed = Resources(50, 80, 0, 3)
    return Problem(choices, fixed, draw.randrange(40, 90), within(AVAILABLE, shares), AVAILABLE)


def every_design(problem: Problem) -> list[dict[str, Option]]:
    """All combinations within the budget."""
    names = list(problem.choices)
    designs = (
        dict(zip(names, chosen, strict=True))
        for chosen in itertools.product(*problem.choices.values())
    )
    return [d for d in designs if max(overload(problem, used(problem, d)).values()) <= 1]


def price(design: dict[str, Option]) -> float:
    have = Option(Fold(1, 1), "", 0, AVAILABLE).costs
    return sum(c / h for option in design.values() for c, h in zip(option.costs, have, strict=True))


@pytest.mark.parametrize("seed", range(60))
def test_fastest_is_what_an_exhaustive_search_finds(seed: int) -> None:
    problem = random_problem(seed)
    designs = every_design(problem)
    found = fastest(problem)
    if not designs:
        assert found is None
        return
    assert found is not None
    best = min(interval_of(problem, design) for design in designs)
    assert interval_of(problem, found) == best
    cheapest = min(price(d) for d in designs if interval_of(problem, d) == best)
    assert price(dict(found)) == pytest.approx(cheapest, abs=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_smallest_is_what_an_exhaustive_search_finds(seed: int) -> None:
    problem = random_problem(seed)
    interval = problem.intervals[len(problem.intervals) // 2]
    designs = [d for d in every_design(problem) if interval_of(problem, d) <= interval]
    found = smallest(problem, interval)
    if not designs:
        assert found is None
        return
    assert found is not None
    assert interval_of(problem, found) <= interval
    assert price(dict(found)) == pytest.approx(min(map(price, designs)), abs=1e-9)


def test_both_kinds_of_problems_occur_above() -> None:
    solved = [fastest(random_problem(seed)) is not None for seed in range(60)]
    assert 10 < sum(solved) < 50


@pytest.mark.parametrize("seed", range(20))
def test_the_design_that_comes_closest(seed: int) -> None:
    problem = random_problem(seed)
    slowest = problem.intervals[-1]
    names = list(problem.choices)
    least = min(
        max(overload(problem, used(problem, dict(zip(names, chosen, strict=True)))).values())
        for chosen in itertools.product(*problem.choices.values())
    )
    found = max(overload(problem, used(problem, least_overload(problem, slowest))).values())
    assert least <= found <= 1.02 * least


def test_an_interval_that_nothing_reaches() -> None:
    problem = random_problem(0)
    assert smallest(problem, problem.intervals[0] - 1) is None
    with pytest.raises(ValueError, match="no design takes 1 cycles"):
        least_overload(problem, 1)


def test_no_convolutions() -> None:
    problem = Problem({}, Resources(lut=10), 77, AVAILABLE, AVAILABLE)
    assert fastest(problem) == {} and problem.intervals == (77,)
    assert fastest(Problem({}, Resources(lut=1001), 77, AVAILABLE, AVAILABLE)) is None
    assert least_overload(problem, 77) == {}


def test_options_are_not_beaten() -> None:
    from estimate_graphs import fcn

    from fcn_hw.ops.conv2d import Conv2D

    graph = fcn()
    op = graph["conv2_1"]
    assert isinstance(op, Conv2D)
    found = options(op, graph.operands(op), "7series", op.legal_folds())
    assert len(found) > 5
    for a, b in itertools.permutations(found, 2):
        assert not (
            a.cycles <= b.cycles and all(x <= y for x, y in zip(a.costs, b.costs, strict=True))
        )
    slow = smallest_within(found, found[-1].cycles)
    assert min(o.resources.lut for o in slow) == min(o.resources.lut for o in found)
    assert smallest_within(found, found[0].cycles - 1) == ()
