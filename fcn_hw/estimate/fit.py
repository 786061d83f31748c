"""Folds that fit a board: the fastest design within a budget, or the smallest that is fast enough.

A frame takes as long as the slowest process, and resources add up. So the choice is exact in two
steps:

1. Bisection over the finite set of intervals that some option of some op has. An
   interval is feasible when each op can be built by an option that is at least so fast
   such that the sums stay within the budget: a multiple-choice knapsack with a constraint for each
   resource, solved as an integer program by HiGHS (Huangfu and Hall, Mathematical Programming
   Computation 10, 2018) through ``scipy.optimize.milp``. Feasibility is monotonic: a longer
   interval allows every option of a shorter one.
2. At the shortest feasible interval, the same program with the smallest sum of the shares of the
   device. It gives every layer the fewest multipliers that keep up, so all layers take about the
   same time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np
import numpy.typing as npt

from fcn_hw.costs.resources import Resources, total
from fcn_hw.estimate.options import Option, smallest_within
from fcn_hw.estimate.solver import Constraint, Floats, minimum

RESOURCES = ("LUT", "FF", "DSP", "BRAM18")
OVERLOAD_GAP = 0.01
"""How far :func:`least_overload` may be from the least, relatively: it only explains."""


@dataclass(frozen=True)
class Problem:
    """What is to be chosen.

    Args:
        choices: the options of each op that has a fold.
        fixed: what everything else needs: other ops, forks, FIFOs.
        fixed_cycles: of the slowest process that has no options, and of the frame's beats.
        budget: what may be used.
        available: what the device holds; shares of it are the price.
    """

    choices: Mapping[str, tuple[Option, ...]]
    fixed: Resources
    fixed_cycles: int
    budget: Resources
    available: Resources

    @property
    def intervals(self) -> tuple[int, ...]:
        """Every interval that a design can have, ascending."""
        least = max([self.fixed_cycles, *(o[0].cycles for o in self.choices.values())])
        every = {option.cycles for choices in self.choices.values() for option in choices}
        return tuple(sorted({least, *(cycles for cycles in every if cycles > least)}))


Solution = Mapping[str, Option]
Numbers = npt.NDArray[np.int64]


def fastest(problem: Problem) -> Solution | None:
    """The fastest design within the budget, and of these the smallest; None when none fits."""
    intervals = problem.intervals
    low, high = 0, len(intervals) - 1
    best = smallest(problem, intervals[high])
    if best is None:
        return None
    while low < high:
        middle = (low + high) // 2
        found = smallest(problem, intervals[middle])
        if found is None:
            low = middle + 1
        else:
            best, high = found, middle
    return best


def smallest(problem: Problem, interval: int) -> Solution | None:
    """The design of the smallest share of the device that keeps ``interval``, within the budget."""
    if interval < problem.fixed_cycles:
        return None
    choices = _candidates(problem, interval)
    if choices is None:
        return None
    left = _vector(problem.budget) - _vector(problem.fixed)
    if np.any(left < 0):
        return None
    if not choices:
        return {}
    costs, owner = _matrix(choices)
    scale = np.maximum(left / 1000, 1)  # the tolerance of 1e-6 is then far below one LUT
    found = minimum(
        (costs / np.maximum(_vector(problem.available), 1)).sum(axis=1),
        np.ones(len(owner), dtype=np.bool_),
        np.ones(len(owner)),
        [
            _one_each(owner, len(owner)),
            Constraint(costs.T / scale[:, None], -np.inf, left / scale),
        ],
    )
    if found is None:
        return None
    solution = _taken(choices, owner, found)
    needed = total(option.resources for option in solution.values())
    assert np.all(_vector(needed) <= left), "the integer program kept its constraints"
    return solution


def least_overload(problem: Problem, interval: int) -> Solution:
    """The design that comes closest to fitting: the largest of need / budget is smallest.

    Raises:
        ValueError: no option is so fast.
    """
    choices = _candidates(problem, interval)
    if choices is None or interval < problem.fixed_cycles:
        raise ValueError(f"no design takes {interval} cycles")
    if not choices:
        return {}
    costs, owner = _matrix(choices)
    budget = np.maximum(_vector(problem.budget), 1)
    # One more variable, the overload t: sum of costs - t * budget <= -fixed.
    count = len(owner)
    objective = np.concatenate([1e-6 * (costs / budget).sum(axis=1), [1.0]])
    rows = np.hstack([costs.T / budget[:, None], -np.ones((4, 1))])
    found = minimum(
        objective,
        np.arange(count + 1) < count,
        np.concatenate([np.ones(count), [np.inf]]),
        [
            _one_each(owner, count + 1),
            Constraint(rows, -np.inf, -_vector(problem.fixed) / budget),
        ],
        OVERLOAD_GAP,
    )
    assert found is not None, "a design without a budget always exists"
    return _taken(choices, owner, found[:count])


def used(problem: Problem, solution: Solution) -> Resources:
    """What a design needs in all."""
    amount = problem.fixed
    for option in solution.values():
        amount = amount + option.resources
    return amount


def interval_of(problem: Problem, solution: Solution) -> int:
    """Cycles from frame to frame."""
    return max([problem.fixed_cycles, *(option.cycles for option in solution.values())])


def overload(problem: Problem, amount: Resources) -> dict[str, float]:
    """Need over budget of each resource; above 1 it does not fit."""
    need, have = _vector(amount), _vector(problem.budget)
    return {
        name: (n / h if h else float("inf") if n else 0.0)
        for name, n, h in zip(RESOURCES, need.tolist(), have.tolist(), strict=True)
    }


def within(available: Resources, shares: Mapping[str, float]) -> Resources:
    """A budget: shares of what the device holds, by resource."""
    return replace(
        available,
        lut=floor(available.lut * shares["lut"]),
        ff=floor(available.ff * shares["ff"]),
        dsp=floor(available.dsp * shares["dsp"]),
        bram18=floor(available.bram18 * shares["bram"]),
    )


# -- the integer program ---------------------------------------------------------------------------


def _candidates(problem: Problem, interval: int) -> dict[str, tuple[Option, ...]] | None:
    """The options worth a look at this interval; None when an op has none."""
    choices = {name: smallest_within(every, interval) for name, every in problem.choices.items()}
    return choices if all(choices.values()) else None


def _vector(amount: Resources) -> Numbers:
    """In the order of RESOURCES."""
    return np.array([amount.lut, amount.ff, amount.dsp, amount.bram18], dtype=np.int64)


def _matrix(choices: Mapping[str, Sequence[Option]]) -> tuple[Numbers, Numbers]:
    """The costs of all options (options x resources), and whose option each is."""
    costs = [option.costs for options in choices.values() for option in options]
    owner = [index for index, options in enumerate(choices.values()) for _ in options]
    return np.array(costs, dtype=np.int64), np.array(owner, dtype=np.int64)


def _one_each(owner: Numbers, columns: int) -> Constraint:
    """Of the options of each owner, one is taken; further columns are other variables."""
    count = len(owner)
    from scipy.sparse import csr_array  # as in solver.py: not for every run

    rows = csr_array(
        (np.ones(count), (owner, np.arange(count))), shape=(int(owner.max()) + 1, columns)
    )
    return Constraint(rows, 1, 1)


def _taken(
    choices: Mapping[str, Sequence[Option]], owner: Numbers, values: Floats
) -> dict[str, Option]:
    """The option of each owner whose variable is 1."""
    return {
        name: options[int(np.argmax(values[owner == index]))]
        for index, (name, options) in enumerate(choices.items())
    }
