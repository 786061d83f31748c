"""The choice of a fold by hls4ml's reuse factor."""

from __future__ import annotations

from fcn_hw.ops import Fold, Folded


def choose_fold(op: Folded, reuse_factor: int) -> Fold:
    """The legal fold whose reuse is nearest to the one asked for.

    The reuse factor has hls4ml's meaning: multiplications that one multiplier does for an output
    pixel, which is also the cycles that an output pixel takes. The least is the number of taps, the
    most is all multiplications.

    Of two reuses at the same distance the larger one is taken: it has fewer multipliers, and a
    design that is slower still works where one that does not fit doesn't. Of the folds of one reuse
    the one of largest simd is taken: it has the fewest accumulators and the smallest multiplexers
    that pick channels from a pixel. Taps are multiplied in parallel, and DSP slices given lanes,
    only where nothing else gives this reuse.

    Args:
        reuse_factor: at least 1.
    """

    def rank(fold: Fold) -> tuple[int, ...]:
        reuse = op.fold_steps(fold)
        return abs(reuse - reuse_factor), -reuse, fold.taps, fold.lanes, -fold.simd

    return min(op.legal_folds(), key=rank)
