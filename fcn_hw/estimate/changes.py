"""What to change in a design that does not fit: the cheapest changes, each with what it saves.

Every change is tried: the changed design is estimated and, where folds are free, folded anew. A
change costs what it takes away: a share of the multiplications (channels, size), of the weights' bits,
or of the speed (fold). Changes that make the design fit come first, the cheapest first; then those
that save most for their cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from fcn_hw.boards import Board
from fcn_hw.estimate.fit import Problem, Solution, interval_of, least_overload, overload, used
from fcn_hw.estimate.network import Fifo
from fcn_hw.estimate.problem import Rules, build_problem, convolutions
from fcn_hw.estimate.resources import Resources
from fcn_hw.estimate.variants import channel_groups, with_channels, with_size, with_weight_bits
from fcn_hw.ir.cycles import Fold, fold_steps
from fcn_hw.ir.folding import choose_fold, legal_folds
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.macs import total_macs
from fcn_hw.ir.ops import Conv2D, ConvTranspose2D

MOST_LAYERS = 6
"""Only the layers that take most of the missing resource are tried."""


@dataclass(frozen=True)
class Change:
    """A tried change.

    Args:
        text: what to do and what comes of it.
        fits: whether the design then fits.
        saved: of the missing resource.
        cost: share of the multiplications, weight bits or speed that is lost, 0 to 1.
    """

    text: str
    fits: bool
    saved: int
    cost: float


@dataclass(frozen=True)
class Shortage:
    """A design that does not fit.

    Args:
        graph: its graph.
        board: its board.
        rules: what is given and what is free.
        interval: cycles a frame may take; None where nothing is asked for.
        resource: the one that is missing most.
        need, have: of it.
        solution: the design that came closest.
    """

    graph: Graph
    board: Board
    rules: Rules
    interval: int | None
    resource: str
    need: int
    have: int
    solution: Solution


def amount_of(resource: str, amount: Resources) -> int:
    """One resource, as messages count it: block RAM in tiles of 36 Kib, rounded up."""
    return {
        "LUT": amount.lut,
        "FF": amount.ff,
        "DSP": amount.dsp,
        "BRAM36": ceil(amount.bram36),
    }[resource]


def closest(problem: Problem, interval: int | None) -> Solution:
    """The design of the least overload, as fast as asked for where that is possible."""
    slowest = problem.intervals[-1]
    return least_overload(problem, slowest if interval is None else interval)


def cheapest_changes(shortage: Shortage, count: int = 3) -> tuple[Change, ...]:
    """The cheapest changes, best first, at most one of each kind and layer."""
    found: dict[str, Change] = {}
    for kind, change in _tried(shortage):
        if change.saved > 0 and (kind not in found or _rank(change) < _rank(found[kind])):
            found[kind] = change
    return tuple(sorted(found.values(), key=_rank)[:count])


def _rank(change: Change) -> tuple[bool, float, str]:
    worth = change.cost if change.fits else -change.saved / max(change.cost, 1e-9)
    return not change.fits, worth, change.text


def _tried(shortage: Shortage) -> Iterator[tuple[str, Change]]:
    yield from _bits(shortage)
    yield from _channels(shortage)
    yield from _size(shortage)
    yield from _folds(shortage)


def _heaviest(shortage: Shortage) -> list[Conv2D | ConvTranspose2D]:
    """The convolutions that take most of the missing resource."""
    layers = [op for op in convolutions(shortage.graph) if op.name in shortage.solution]

    def share(op: Conv2D | ConvTranspose2D) -> int:
        return amount_of(shortage.resource, shortage.solution[op.name].resources)

    return sorted(layers, key=lambda op: (-share(op), op.name))[:MOST_LAYERS]


def _bits(shortage: Shortage) -> Iterator[tuple[str, Change]]:
    layers = convolutions(shortage.graph)
    all_bits = sum(op.weight.codes.size * op.weight.format.width for op in layers)
    heaviest = _heaviest(shortage)
    for op in heaviest:
        width = op.weight.format.width
        for bits in sorted({max(width // 2, 2), width - 1} - {0, 1, width}):
            lost = op.weight.codes.size * (width - bits) / all_bits
            graph = with_weight_bits(shortage.graph, {op.name: bits})
            text = f"weights of '{op.name}' of {bits} bits instead of {width}"
            yield f"bits {op.name}", _try(shortage, graph, text, lost)
    wide = {op.name: op.weight.format.width - 1 for op in layers if op.weight.format.width > 2}
    if len(wide) > 1:
        lost = sum(op.weight.codes.size for op in layers if op.name in wide) / all_bits
        graph = with_weight_bits(shortage.graph, wide)
        yield "bits", _try(shortage, graph, "all weights one bit narrower", lost)


def _channels(shortage: Shortage) -> Iterator[tuple[str, Change]]:
    groups = channel_groups(shortage.graph)
    work = total_macs(shortage.graph)
    heaviest = [op.name for op in _heaviest(shortage)]
    sources = {name for op in _heaviest(shortage) for name in op.inputs}
    wanted = {groups[name] for name in (*heaviest, *sources) if name in groups}
    for group in sorted(wanted):
        before = shortage.graph.tensor(group).channels
        for channels in sorted({before * 3 // 4, before // 2} - {0, before}):
            graph = with_channels(shortage.graph, group, channels)
            lost = 1 - total_macs(graph) / work
            text = f"'{group}' of {channels} channels instead of {before}"
            yield f"channels {group}", _try(shortage, graph, text, lost)


def _size(shortage: Shortage) -> Iterator[tuple[str, Change]]:
    source = shortage.graph.inputs[0].output
    least = min(op.output.height for op in shortage.graph.ops)
    stride = max(source.height // max(least, 1), 1)
    for part in (3 / 4, 1 / 2):
        height = int(source.height * part) // stride * stride
        width = int(source.width * part) // stride * stride
        if height == 0 or width == 0:
            continue
        graph = with_size(shortage.graph, height, width)
        lost = 1 - height * width / (source.height * source.width)
        text = f"frames of {height} x {width} instead of {source.height} x {source.width}"
        yield "size", _try(shortage, graph, text, lost)


def _folds(shortage: Shortage) -> Iterator[tuple[str, Change]]:
    """A given fold: the next slower ones. A free fold: a slower target."""
    problem = build_problem(shortage.graph, shortage.board, shortage.rules)
    if shortage.interval is not None:
        for factor in (1.25, 1.5, 2, 3, 4, 8):
            interval = int(shortage.interval * factor)
            text = f"{1 / factor:.0%} of the frames a second"
            yield "speed", _try(shortage, shortage.graph, text, 1 - 1 / factor, interval)
    before = interval_of(problem, shortage.solution)
    for op in _heaviest(shortage):
        given = shortage.rules.folds.get(op.name)
        if given is None:
            continue
        steps = fold_steps(op, given)
        slower = sorted({n for f in legal_folds(op) if (n := fold_steps(op, f)) > steps})
        for reuse in slower[:4]:
            folds = {**shortage.rules.folds, op.name: choose_fold(op, reuse)}
            tried = build_problem(
                shortage.graph, shortage.board, replace(shortage.rules, folds=folds)
            )
            lost = 1 - before / max(before, tried.choices[op.name][0].cycles)
            text = f"ReuseFactor {reuse} of '{op.name}' instead of {steps}"
            yield f"fold {op.name}", _outcome(shortage, tried, text, lost, None)


def _try(
    shortage: Shortage, graph: Graph, text: str, cost: float, interval: int | None = None
) -> Change:
    rules = replace(
        shortage.rules,
        folds=_folds_of(graph, shortage.rules.folds),
        fifos=_scaled_fifos(shortage, graph),
    )
    problem = build_problem(graph, shortage.board, rules)
    return _outcome(shortage, problem, text, cost, interval or shortage.interval)


def _outcome(
    shortage: Shortage, problem: Problem, text: str, cost: float, interval: int | None
) -> Change:
    asked = interval
    if asked is not None and asked < problem.intervals[0]:
        asked = problem.intervals[0]
    need = used(problem, closest(problem, asked))
    now = amount_of(shortage.resource, need)
    saved = shortage.need - now
    fits = max(overload(problem, need).values()) <= 1
    end = "then it fits" if fits else "not enough alone"
    return Change(
        f"{text}: {now} {shortage.resource}, saves {saved}; {end}", fits, saved, max(cost, 0.0)
    )


def _folds_of(graph: Graph, folds: Mapping[str, Fold]) -> dict[str, Fold]:
    """Given folds, made legal for other channels: the largest divisors that are not larger."""
    legal: dict[str, Fold] = {}
    for op in convolutions(graph):
        given = folds.get(op.name)
        if given is None:
            continue
        _, _, n_chan, n_filt = op.weight.codes.shape
        legal[op.name] = Fold(_divisor(n_filt, given.pe), _divisor(n_chan, given.simd))
    return legal


def _divisor(number: int, most: int) -> int:
    return max(n for n in range(1, most + 1) if number % n == 0)


def _scaled_fifos(shortage: Shortage, graph: Graph) -> tuple[Fifo, ...]:
    """FIFOs hold rows of pixels: they shrink with the frame's width."""
    before, after = shortage.graph.inputs[0].output.width, graph.inputs[0].output.width
    if before == after:
        return tuple(shortage.rules.fifos)
    return tuple(
        replace(fifo, depth=max(fifo.depth * after // before, 2)) for fifo in shortage.rules.fifos
    )
