"""A design and a board as the integer program of :mod:`fcn_hw.estimate.fit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fcn_hw.boards import Board
from fcn_hw.costs.resources import total
from fcn_hw.estimate.fit import Problem, within
from fcn_hw.estimate.network import Fifo, capacity, estimate
from fcn_hw.estimate.options import STRATEGIES, Option, options
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Fold, Folded


@dataclass(frozen=True)
class Rules:
    """What the design leaves to the search.

    Args:
        shares: of the board's LUTs, FFs, DSPs and block RAMs that may be used, by ``lut``, ``ff``,
            ``dsp`` and ``bram``.
        folds: of the ops whose fold is given.
        strategies: of the ops whose strategy is given.
        fifos: the streams between the processes.
        zeros: part of the steps of convolutions that pruning is to make zero, by name.
    """

    shares: Mapping[str, float]
    folds: Mapping[str, Fold] = field(default_factory=dict)
    strategies: Mapping[str, str] = field(default_factory=dict)
    fifos: Sequence[Fifo] = ()
    zeros: Mapping[str, float] = field(default_factory=dict)


def folded_ops(graph: Graph) -> tuple[Folded, ...]:
    """The ops that have a fold."""
    return tuple(op for op in graph.ops if isinstance(op, Folded))


def build_problem(graph: Graph, board: Board, rules: Rules) -> Problem:
    """Options, fixed costs and budget."""
    choices: dict[str, tuple[Option, ...]] = {}
    for op in folded_ops(graph):
        given = rules.folds.get(op.name)
        strategy = rules.strategies.get(op.name)
        choices[op.name] = options(
            op,
            graph.operands(op),
            board.family,
            (given,)
            if given
            else op.legal_folds() + op.lane_folds(graph.operands(op), board.family),
            (strategy,) if strategy else STRATEGIES,
            rules.zeros.get(op.name, 0.0),
        )
    some = estimate(
        graph, board, {name: every[0].fold for name, every in choices.items()}, fifos=rules.fifos
    )
    rest = [layer for layer in some.layers if layer.name not in choices]
    beats = (some.limit.input_beats, some.limit.output_beats)
    available = capacity(board)
    return Problem(
        choices=choices,
        fixed=total(layer.resources for layer in rest),
        fixed_cycles=max([*beats, *(layer.cycles for layer in rest)]),
        budget=within(available, rules.shares),
        available=available,
    )
