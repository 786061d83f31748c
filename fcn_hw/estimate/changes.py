"""What to change in a design that does not fit: the cheapest changes, each with what it saves.

Every change is tried: the changed design is estimated and, where folds are free, folded anew. A
change costs what it takes away: a share of the multiplications (channels, size), of the weights'
bits, or of the speed (fold). Of each kind the mildest one that makes the design fit is taken.
Changes that make it fit come first, the cheapest first; then those that save most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

from fcn_hw.boards import Board
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import Resources
from fcn_hw.estimate.fit import (
    Problem,
    Solution,
    fastest,
    interval_of,
    least_overload,
    overload,
    used,
)
from fcn_hw.estimate.network import Fifo
from fcn_hw.estimate.problem import Rules, build_problem, folded_ops
from fcn_hw.estimate.variants import channel_groups, with_channels, with_size, with_weight_bits
from fcn_hw.ir.folding import choose_fold
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.macs import total_macs
from fcn_hw.ops import Fold, Folded
from fcn_hw.ops.convolution import Convolution

MOST_LAYERS = 4
"""Only the layers that take most of the missing resource are tried one by one."""
MOST_REUSES = 4
"""How many slower folds of a layer are tried."""
LEAST_WEIGHT_BITS = 2


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
        clock_period_ns: of the programmable logic.
        resource: the one that is missing most.
        need, have: of it.
        solution: the design that came closest.
    """

    graph: Graph
    board: Board
    rules: Rules
    interval: int | None
    clock_period_ns: float
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
    """The cheapest changes, best first."""
    found = [change for family in _families(shortage) if (change := _mildest(family))]
    return tuple(sorted((c for c in found if c.saved > 0), key=_rank)[:count])


def _mildest(family: Iterator[Change]) -> Change | None:
    """The first change that makes the design fit, or the last one of the family."""
    last = None
    for last in family:
        if last.fits:
            break
    return last


def _rank(change: Change) -> tuple[bool, float, str]:
    return not change.fits, change.cost if change.fits else -change.saved, change.text


def _families(shortage: Shortage) -> Iterator[Iterator[Change]]:
    """Changes of one kind, from mild to strong."""
    heaviest = _heaviest(shortage)
    for op in heaviest:
        if isinstance(op, Convolution):
            yield _bits(shortage, [op])
    if _convolutions(shortage.graph):
        yield _bits(shortage, _convolutions(shortage.graph))
    groups = channel_groups(shortage.graph)
    for group in dict.fromkeys(groups[op.name] for op in heaviest if op.name in groups):
        yield _channels(shortage, [group])
    yield _channels(shortage, sorted(set(groups.values())))
    yield _size(shortage)
    if shortage.interval is not None:
        yield _speed(shortage)
    for op in heaviest:
        if op.name in shortage.rules.folds:
            yield _reuse(shortage, op)
    if shortage.rules.folds:
        yield _auto(shortage)


def _heaviest(shortage: Shortage) -> list[Folded]:
    """The ops with a fold that take most of the missing resource."""

    def share(op: Folded) -> int:
        return amount_of(shortage.resource, shortage.solution[op.name].resources)

    layers = folded_ops(shortage.graph)
    return sorted(layers, key=lambda op: (-share(op), op.name))[:MOST_LAYERS]


def _convolutions(graph: Graph) -> tuple[Convolution, ...]:
    """The ops with weights."""
    return tuple(op for op in graph.ops if isinstance(op, Convolution))


def _bits(shortage: Shortage, layers: Sequence[Convolution]) -> Iterator[Change]:
    every = _convolutions(shortage.graph)
    all_bits = sum(op.weight.codes.size * op.held_weight.format.width for op in every)
    widest = max(op.held_weight.format.width for op in layers)
    for bits in range(widest - 1, LEAST_WEIGHT_BITS - 1, -1):
        narrow = {op.name: bits for op in layers if op.held_weight.format.width > bits}
        lost = sum(
            op.weight.codes.size * (op.held_weight.format.width - bits)
            for op in layers
            if op.name in narrow
        )
        what = f"weights of '{layers[0].name}'" if len(layers) == 1 else "all weights"
        text = f"{what}: {bits} bits instead of {widest}"
        yield _try(shortage, with_weight_bits(shortage.graph, narrow), text, lost / all_bits)


def _channels(shortage: Shortage, groups: Sequence[str]) -> Iterator[Change]:
    work = total_macs(shortage.graph)
    for part in (3 / 4, 1 / 2, 1 / 4):
        graph = shortage.graph
        for group in groups:
            before = graph.tensor(group).channels
            graph = with_channels(graph, group, max(int(before * part), 1))
        if len(groups) == 1:
            before = shortage.graph.tensor(groups[0]).channels
            text = f"'{groups[0]}': {graph.tensor(groups[0]).channels} channels instead of {before}"
        else:
            text = f"all hidden layers: {part:.0%} of the channels"
        yield _try(shortage, graph, text, 1 - total_macs(graph) / work)


def _size(shortage: Shortage) -> Iterator[Change]:
    source = shortage.graph.inputs[0].output
    least = min(op.output.height for op in shortage.graph.ops)
    stride = max(source.height // least, 1)
    for part in (3 / 4, 1 / 2, 1 / 4):
        height = int(source.height * part) // stride * stride
        width = int(source.width * part) // stride * stride
        if height == 0 or width == 0:
            continue
        graph = with_size(shortage.graph, height, width)
        lost = 1 - height * width / (source.height * source.width)
        text = f"frames: {height} x {width} instead of {source.height} x {source.width}"
        yield _try(shortage, graph, text, lost)


def _speed(shortage: Shortage) -> Iterator[Change]:
    """The fastest design that fits, where one does."""
    assert shortage.interval is not None, "a slower target is a change of a target"
    problem = build_problem(shortage.graph, shortage.board, shortage.rules)
    found = fastest(problem)
    if found is not None:
        interval = interval_of(problem, found)
        now = amount_of(shortage.resource, used(problem, found))
        target = floor(1e11 / (interval * shortage.clock_period_ns)) / 100
        text = _text(f"target_fps: {target:g}", shortage.resource, now, shortage.need - now, True)
        yield Change(text, True, shortage.need - now, 1 - shortage.interval / interval)


def _reuse(shortage: Shortage, op: Folded) -> Iterator[Change]:
    steps = op.fold_steps(shortage.rules.folds[op.name])
    before = max(option.cycles for option in shortage.solution.values())
    slower = sorted({n for f in op.legal_folds() if (n := op.fold_steps(f)) > steps})
    for reuse in slower[:MOST_REUSES]:
        folds = {**shortage.rules.folds, op.name: choose_fold(op, reuse)}
        tried = build_problem(shortage.graph, shortage.board, replace(shortage.rules, folds=folds))
        after = max(before, tried.choices[op.name][0].cycles)
        text = f"ReuseFactor of '{op.name}': {reuse} instead of {steps}{_speed_text(before, after)}"
        yield _outcome(shortage, tried, text, 1 - before / after, None)


def _auto(shortage: Shortage) -> Iterator[Change]:
    free = build_problem(
        shortage.graph, shortage.board, replace(shortage.rules, folds={}, strategies={})
    )
    found = fastest(free)
    if found is not None:
        before = max(option.cycles for option in shortage.solution.values())
        after = interval_of(free, found)
        saved = shortage.need - amount_of(shortage.resource, used(free, found))
        now = shortage.need - saved
        text = f"ReuseFactor: auto{_speed_text(before, after)}"
        cost = max(1 - before / after, 0.0)
        yield Change(_text(text, shortage.resource, now, saved, True), True, saved, cost)


def _speed_text(before: int, after: int) -> str:
    if after == before:
        return ", no slower"
    if after > before:
        return f", {after / before:.3g} times the time"
    return f", {before / after:.3g} times as fast"


def _try(
    shortage: Shortage, graph: Graph, text: str, cost: float, interval: int | None = None
) -> Change:
    rules = replace(
        shortage.rules,
        folds=_folds_of(graph, shortage.board.family, shortage.rules.folds),
        fifos=_scaled_fifos(shortage, graph),
    )
    problem = build_problem(graph, shortage.board, rules)
    return _outcome(shortage, problem, text, cost, interval or shortage.interval)


def _outcome(
    shortage: Shortage, problem: Problem, text: str, cost: float, interval: int | None
) -> Change:
    need = used(problem, closest(problem, interval and max(interval, problem.intervals[0])))
    now = amount_of(shortage.resource, need)
    saved = shortage.need - now
    fits = max(overload(problem, need).values()) <= 1
    return Change(_text(text, shortage.resource, now, saved, fits), fits, saved, max(cost, 0.0))


def _text(change: str, resource: str, now: int, saved: int, fits: bool) -> str:
    end = "fits" if fits else "not enough alone"
    return f"{change}: {now} {resource}, saves {saved}; {end}"


def _folds_of(graph: Graph, family: Family, folds: Mapping[str, Fold]) -> dict[str, Fold]:
    """Given folds, made legal for other channels: the largest divisors that are not larger, with
    taps as they are, and lanes as they are where filters can still share DSP slices."""
    legal: dict[str, Fold] = {}
    for op in folded_ops(graph):
        given = folds.get(op.name)
        if given is None:
            continue
        legal[op.name] = max(
            (
                fold
                for fold in op.legal_folds() + op.lane_folds(graph.operands(op), family)
                if fold.pe <= given.pe
                and fold.simd <= given.simd
                and fold.taps == given.taps
                and fold.lanes in (0, given.lanes)
                and fold.lut_pe <= given.lut_pe
            ),
            key=lambda fold: (fold.lanes, fold),
        )
    return legal


def _scaled_fifos(shortage: Shortage, graph: Graph) -> tuple[Fifo, ...]:
    """FIFOs hold rows of pixels: they shrink with the frame's width."""
    before, after = shortage.graph.inputs[0].output.width, graph.inputs[0].output.width
    if before == after:
        return tuple(shortage.rules.fifos)
    return tuple(
        replace(fifo, depth=max(fifo.depth * after // before, 2)) for fifo in shortage.rules.fifos
    )
