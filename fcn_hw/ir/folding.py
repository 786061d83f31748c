"""The multipliers that an op can have, and the choice by hls4ml's reuse factor."""

from __future__ import annotations

from fcn_hw.ir.cycles import Fold, fold_steps, sums_channels
from fcn_hw.ir.ops import Folded


def legal_folds(op: Folded) -> tuple[Fold, ...]:
    """Every (pe, simd) whose pe divides the channels out and whose simd divides the channels in.

    Where an output reads one channel only, simd is 1.
    """
    sizes = _divisors(op.weight.codes.shape[2]) if sums_channels(op) else [1]
    return tuple(Fold(pe, simd) for pe in _divisors(op.output.channels) for simd in sizes)


def choose_fold(op: Folded, reuse_factor: int) -> Fold:
    """The legal fold whose reuse is nearest to the one asked for.

    The reuse factor has hls4ml's meaning: multiplications that one multiplier does for an output
    pixel, which is also the cycles that an output pixel takes. The least is the number of taps, the
    most is all multiplications.

    Of two reuses at the same distance the larger one is taken: it has fewer multipliers, and a
    design that is slower still works where one that does not fit doesn't. Of the folds of one reuse
    the one of largest simd is taken: it has the fewest accumulators and the smallest multiplexers
    that pick channels from a pixel.

    Args:
        reuse_factor: at least 1.
    """

    def rank(fold: Fold) -> tuple[int, int, int]:
        reuse = fold_steps(op, fold)
        return abs(reuse - reuse_factor), -reuse, -fold.simd

    return min(legal_folds(op), key=rank)


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]
