"""The facts at the top of the page."""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.estimate.compare import by_name
from fcn_hw.report.sources import Sources


@dataclass(frozen=True)
class Tile:
    """A fact.

    Args:
        label, value, note: its text.
        state: ``"good"``, ``"bad"``, or ``""``; a good or bad one says so in words too.
        link: id of the section that says more.
    """

    label: str
    value: str
    note: str
    state: str
    link: str


def tiles(sources: Sources) -> tuple[Tile, ...]:
    """As many as are known; a stale one says so in place of its value."""
    stale = sources.stale
    trained_only = sources.csim is None
    return (
        *_current(_exact(sources), stale.get("csim")),
        *_current(_accuracy(sources), stale.get("train" if trained_only else "csim")),
        *_current(_speed(sources), stale.get("fifo")),
        *_current(_fit(sources), stale.get("fifo")),
    )


def _current(found: tuple[Tile, ...], stale: str | None) -> tuple[Tile, ...]:
    """The tiles, or where their stage would run again, how to have them."""
    if stale is None:
        return found
    return tuple(Tile(tile.label, "stale", stale, "bad", tile.link) for tile in found)


def _exact(sources: Sources) -> tuple[Tile, ...]:
    csim = sources.csim
    if csim is None:
        return ()
    counts = f"{csim.mismatches:,} of {csim.values_compared:,} codes differ, {csim.images} images"
    value, state = ("✓ exact", "good") if csim.exact else ("✗ not exact", "bad")
    compared = any("Q" in row.models for row in csim.layers)
    label = "model = graph = C++" if compared else "graph = C++"
    return (Tile(label, value, counts, state, "exactness"),)


def _accuracy(sources: Sources) -> tuple[Tile, ...]:
    csim, training = sources.csim, sources.training
    if csim is not None and csim.score_float is not None and csim.score_csim is not None:
        before = f"float {100 * csim.score_float:.2f} %"
        return (
            Tile(
                f"{csim.metric} of the C++",
                f"{100 * csim.score_csim:.2f} %",
                before,
                "",
                "accuracy",
            ),
        )
    if training is None:
        return ()
    value = f"{100 * training.retrained.value:.2f} %"
    before = f"float {100 * training.float.value:.2f} %"
    return (Tile(f"{training.float.metric}, quantized", value, before, "", "accuracy"),)


def _speed(sources: Sources) -> tuple[Tile, ...]:
    estimate = sources.estimate
    if estimate is None:
        return ()
    share = estimate.limit.cycles / estimate.interval_cycles
    note = f"{100 * share:.1f} % of the limit of the folds, {1e3 / estimate.clock_period_ns:g} MHz"
    return (Tile("Frames/s, estimate", f"{estimate.fps:,.1f}", note, "", "cycles"),)


def _fit(sources: Sources) -> tuple[Tile, ...]:
    estimate = sources.estimate
    if estimate is None:
        return ()
    need, have = by_name(estimate.resources), by_name(estimate.available)
    shares = {name: need[name] / have[name] for name in need if have[name]}
    worst = max(shares, key=lambda name: shares[name])
    fits = all(need[name] <= have[name] for name in need)
    note = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
    value = f"{'✓ fits' if fits else '✗ too large'}: {worst} {100 * shares[worst]:.0f} %"
    label = f"On {sources.board.name}, estimate"
    return (Tile(label, value, note, "good" if fits else "bad", "resources"),)
