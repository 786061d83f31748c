"""The fold of every op of a design that has one: by its reuse factor, or chosen for the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor

from fcn_hw.boards import Board, period_ns_of
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError, DoesNotFit
from fcn_hw.estimate.changes import Shortage, amount_of, cheapest_changes, closest
from fcn_hw.estimate.fit import (
    Problem,
    Solution,
    fastest,
    least_overload,
    overload,
    smallest,
    used,
)
from fcn_hw.estimate.network import Fifo
from fcn_hw.estimate.problem import Rules, build_problem, folded_ops
from fcn_hw.ir.folding import choose_fold
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Fold

_SHARES = {"LUT": "lut", "FF": "ff", "DSP": "dsp", "BRAM18": "bram"}
_WHOLE = {"lut": 1.0, "ff": 1.0, "dsp": 1.0, "bram": 1.0}


@dataclass(frozen=True)
class Folding:
    """How every :class:`fcn_hw.ops.Folded` op of a design is built.

    Args:
        folds: its multipliers or rows of comparators, by name.
        strategies: hls4ml's strategy, by name.
        is_free: whether any of it was chosen for the board.
    """

    folds: dict[str, Fold]
    strategies: dict[str, str]
    is_free: bool = False


def choose_folding(
    graph: Graph,
    board: Board,
    hls: Hls,
    fifos: Sequence[Fifo] = (),
    zeros: Mapping[str, float] | None = None,
) -> Folding:
    """The folds that a design asks for.

    A ``ReuseFactor`` that is a number gives the nearest legal fold. Layers of ``ReuseFactor: auto``
    are chosen together: the fastest design within ``utilization``, or the smallest that reaches
    ``target_fps``. On a board with a serial port the smallest that is as fast as the port is what
    is chosen without ``target_fps``. Their ``Strategy`` is chosen too unless the design gives one.

    Args:
        fifos: the streams between the processes; they count as used.
        zeros: part of the steps of convolutions that pruning is to make zero, by name.

    Raises:
        ConfigError: ``target_fps`` is beyond what any fold reaches, or no layer is ``auto``.
        DoesNotFit: no choice stays within the budget; the hint names the cheapest changes.
    """
    rules = replace(rules_of(graph, hls, fifos), zeros=zeros or {})
    if len(rules.folds) == len(folded_ops(graph)):
        if hls.target_fps is not None:
            raise ConfigError(
                "hls.target_fps needs a layer of ReuseFactor: auto",
                hint="Set hls.ReuseFactor to auto, or leave target_fps out.",
            )
        return Folding(dict(rules.folds), dict(rules.strategies))
    problem = build_problem(graph, board, rules)
    period_ns = period_ns_of(board, hls.ClockPeriod)
    interval = _interval(problem, hls, period_ns)
    if interval is None and board.ecp5 is not None:
        carried = _serial_cycles(graph, board.ecp5.baud_rate, period_ns)
        interval = max(carried, problem.intervals[0])
    solution = fastest(problem) if interval is None else smallest(problem, interval)
    if solution is None:
        raise _does_not_fit(graph, board, rules, problem, interval, period_ns)
    return Folding(
        {name: option.fold for name, option in solution.items()},
        {name: option.strategy for name, option in solution.items()},
        is_free=True,
    )


@dataclass(frozen=True)
class NextFolds:
    """The next faster folds that the budget does not allow.

    Args:
        cycles: from frame to frame.
        resource: the one that they lack most, as messages name it.
        need, have: of it; ``have`` is the budget.
    """

    cycles: int
    resource: str
    need: int
    have: int


def next_folds(
    graph: Graph, board: Board, hls: Hls, fifos: Sequence[Fifo], interval: int
) -> NextFolds | None:
    """What stops a design from being faster; None where no fold of it is.

    Args:
        fifos: the streams between the processes; they count as used.
        interval: cycles of the design.
    """
    problem = build_problem(graph, board, rules_of(graph, hls, fifos))
    for cycles in reversed([n for n in problem.intervals if n < interval]):
        amount = used(problem, least_overload(problem, cycles))
        over = overload(problem, amount)
        worst = max(over, key=lambda name: over[name])
        if over[worst] > 1:
            resource = _as_messages(worst)
            return NextFolds(
                cycles, resource, amount_of(resource, amount), _have(resource, problem)
            )
    return None


def within_budget(
    graph: Graph, board: Board, hls: Hls, folding: Folding, fifos: Sequence[Fifo]
) -> bool:
    """Whether a design with its FIFOs stays within ``utilization``."""
    shares = hls.utilization.model_dump()
    return _most_used(graph, board, Rules(shares, folding.folds, folding.strategies, fifos)) <= 1


def check_fits(graph: Graph, board: Board, folding: Folding, fifos: Sequence[Fifo] = ()) -> None:
    """Checks a design against all that the board has.

    Raises:
        DoesNotFit: the hint names the cheapest changes.
    """
    rules = Rules(_WHOLE, folding.folds, folding.strategies, fifos)
    if _most_used(graph, board, rules) > 1:
        problem = build_problem(graph, board, rules)
        raise _does_not_fit(graph, board, rules, problem, None, board.clock_period_ns)


def _most_used(graph: Graph, board: Board, rules: Rules) -> float:
    """The largest of need / budget when every fold is given."""
    problem = build_problem(graph, board, rules)
    only = {name: choices[0] for name, choices in problem.choices.items()}
    return max(overload(problem, used(problem, only)).values())


def rules_of(graph: Graph, hls: Hls, fifos: Sequence[Fifo] = ()) -> Rules:
    """What the design gives and what it leaves to the search."""
    folds, strategies = {}, {}
    strategy_is_given = "Strategy" in hls.model_fields_set
    for op in folded_ops(graph):
        layer = hls.LayerName.get(op.name)
        asked = layer.ReuseFactor if layer and layer.ReuseFactor is not None else hls.ReuseFactor
        if asked != "auto":
            folds[op.name] = choose_fold(op, asked if op.follows_reuse_factor else 1)
        if layer and layer.Strategy:
            strategies[op.name] = layer.Strategy
        elif strategy_is_given or asked != "auto":
            strategies[op.name] = hls.Strategy
    return Rules(hls.utilization.model_dump(), folds, strategies, fifos)


def _interval(problem: Problem, hls: Hls, clock_period_ns: float) -> int | None:
    """The cycles that a frame may take; None without a target."""
    if hls.target_fps is None:
        return None
    clock_hz = 1e9 / clock_period_ns
    interval = floor(clock_hz / hls.target_fps)
    least = problem.intervals[0]
    if interval < least:
        raise ConfigError(
            f"hls.target_fps: {hls.target_fps:g} frames a second leave {interval} cycles a frame "
            f"at {clock_hz / 1e6:g} MHz; no folds of this architecture take fewer than {least}",
            hint=f"Ask for at most {floor(clock_hz / least * 100) / 100:g}, shorten the clock "
            "period, or make the frame smaller.",
        )
    return interval


def _serial_cycles(graph: Graph, baud_rate: int, clock_period_ns: float) -> int:
    """Cycles in which a serial port carries a frame and its result, which go both ways at once.

    A byte has ten bits on the line.
    """
    ends = ([op.name for op in graph.inputs], graph.outputs)
    frame_bytes = max(
        sum(t.size * t.format.code_bytes for t in map(graph.tensor, names)) for names in ends
    )
    return floor(frame_bytes * 10 / baud_rate * 1e9 / clock_period_ns)


def _does_not_fit(
    graph: Graph,
    board: Board,
    rules: Rules,
    problem: Problem,
    interval: int | None,
    clock_period_ns: float,
) -> DoesNotFit:
    solution: Solution = closest(problem, interval)
    amount = used(problem, solution)
    over = overload(problem, amount)
    worst = max(over, key=lambda name: over[name])
    resource = _as_messages(worst)
    need, have = amount_of(resource, amount), _have(resource, problem)
    shortage = Shortage(
        graph, board, rules, interval, clock_period_ns, resource, need, have, solution
    )
    share = rules.shares[_SHARES[worst]]
    lines = [change.text for change in cheapest_changes(shortage)]
    if share < 1:
        device = amount_of(resource, problem.available)
        lines.insert(0, f"hls.utilization allows {share:.0%} of {device} {resource}.")
    return DoesNotFit(board.name, resource, need, have, hint="\n".join(lines))


def _as_messages(resource: str) -> str:
    return "BRAM36" if resource == "BRAM18" else resource


def _have(resource: str, problem: Problem) -> int:
    budget = problem.budget
    return budget.bram18 // 2 if resource == "BRAM36" else amount_of(resource, budget)
