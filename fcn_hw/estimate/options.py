"""Every way to build an op that has a fold, without those that another beats in everything."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import Resources
from fcn_hw.ops import Constant, Fold, Folded, Operands
from fcn_hw.ops.convolution import Convolution

STRATEGIES = ("Resource", "Latency")


@dataclass(frozen=True)
class Option:
    """One way to build an op.

    Args:
        fold: its multipliers, or rows of comparators.
        strategy: where its constants are, by hls4ml's name.
        cycles: of a frame.
        resources: of its process.
    """

    fold: Fold
    strategy: str
    cycles: int
    resources: Resources

    @property
    def costs(self) -> tuple[int, int, int, int]:
        amount = self.resources
        return amount.lut, amount.ff, amount.dsp, amount.bram18


def options(
    op: Folded,
    operands: Operands,
    family: Family,
    folds: Iterable[Fold],
    strategies: Sequence[str] = STRATEGIES,
    zeros: float = 0.0,
) -> tuple[Option, ...]:
    """The ways to build ``op``, fastest first, without those that are no faster and no smaller.

    Args:
        folds: those to choose from.
        strategies: those to choose from.
        zeros: part of the steps of a convolution that pruning is to make zero, whatever its fold.
    """
    sources = tuple((tensor.shape, tensor.format) for tensor in operands)
    key = (op.signature(operands), sources, family, tuple(folds), tuple(strategies), zeros)
    found = _KNOWN.get(key)
    if found is None:
        every = []
        for fold in key[3]:
            built = without_steps(op, fold, zeros) if isinstance(op, Convolution) and zeros else op
            cycles = built.cycles(operands, fold)
            for strategy in key[4]:
                amount = built.cost_on(operands, family, fold, strategy).resources
                every.append(Option(fold, strategy, cycles, amount))
        every.sort(key=lambda o: (o.cycles, o.costs, o.fold, o.strategy))
        found = _KNOWN[key] = _unbeaten(every)
        if len(_KNOWN) > MOST_KNOWN:
            _KNOWN.pop(next(iter(_KNOWN)))
    return found


_KNOWN: dict[tuple[Hashable, ...], tuple[Option, ...]] = {}
MOST_KNOWN = 1000
"""Options of so many different ops are kept: a changed design differs in a few layers."""


def without_steps(op: Convolution, fold: Fold, part: float) -> Convolution:
    """A convolution with a part of a fold's steps at zero, evenly from its filter groups."""
    cells = op.step_cells(fold)
    _, groups, steps, _ = cells.shape
    kept = steps_kept(groups * steps, groups, part)
    zero = np.arange(steps) * groups + np.arange(groups)[:, None] >= kept
    gone = cells[:, zero]
    codes = op.weight.codes.copy()
    codes.reshape(-1)[gone[gone >= 0]] = 0
    return replace(op, weight=Constant(codes, op.weight.format))


def steps_kept(every: int, groups: int, part: float) -> int:
    """Steps of an output pixel that are left where a part of them is to go: at least one for each
    filter group."""
    return max(groups, every - round(part * every))


def smallest_within(choices: Sequence[Option], cycles: int) -> tuple[Option, ...]:
    """The options that take at most ``cycles``, without those that another one beats in size."""
    fast_enough = [option for option in choices if option.cycles <= cycles]
    return _unbeaten(sorted(fast_enough, key=lambda o: o.costs))


def _unbeaten(ordered: Sequence[Option]) -> tuple[Option, ...]:
    """Those for which no earlier one is no larger in every resource."""
    costs = np.array([option.costs for option in ordered])
    no_larger = np.ones((len(ordered), len(ordered)), dtype=bool)
    for amounts in costs.T:
        no_larger &= amounts[:, None] <= amounts
    beaten = np.any(np.triu(no_larger, 1), axis=0)
    return tuple(option for option, out in zip(ordered, beaten, strict=True) if not out)
