"""Every way to build a convolution, without those that another way beats in everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fcn_hw.estimate.family import Family
from fcn_hw.estimate.ops import op_cost
from fcn_hw.estimate.resources import Resources
from fcn_hw.ir.cycles import Fold, cycles_per_frame
from fcn_hw.ir.ops import Conv2D, ConvTranspose2D, Tensor

STRATEGIES = ("Resource", "Latency")


@dataclass(frozen=True)
class Option:
    """One way to build a convolution.

    Args:
        fold: its multipliers.
        strategy: where its weights are, by hls4ml's name.
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
    op: Conv2D | ConvTranspose2D,
    operands: tuple[Tensor, ...],
    family: Family,
    folds: Iterable[Fold],
    strategies: Sequence[str] = STRATEGIES,
) -> tuple[Option, ...]:
    """The ways to build ``op``, fastest first, without those that are no faster and no smaller.

    Args:
        folds: those to choose from.
        strategies: those to choose from.
    """
    every = [
        Option(
            fold,
            strategy,
            cycles_per_frame(op, operands, fold),
            op_cost(op, operands, family, fold, strategy).resources,
        )
        for fold in folds
        for strategy in strategies
    ]
    every.sort(key=lambda o: (o.cycles, o.costs, o.fold.pe, o.strategy))
    kept: list[Option] = []
    for option in every:
        if not any(_beats(other, option) for other in kept):
            kept.append(option)
    return tuple(kept)


def smallest_within(choices: Sequence[Option], cycles: int) -> tuple[Option, ...]:
    """The options that take at most ``cycles``, without those that another one beats in size."""
    kept: list[Option] = []
    for option in sorted(choices, key=lambda o: o.costs):
        if option.cycles <= cycles and not any(
            all(a <= b for a, b in zip(other.costs, option.costs, strict=True)) for other in kept
        ):
            kept.append(option)
    return tuple(kept)


def _beats(a: Option, b: Option) -> bool:
    """Whether ``a`` is no slower and no larger; it stands before ``b`` in the order of cycles."""
    return all(x <= y for x, y in zip(a.costs, b.costs, strict=True))
