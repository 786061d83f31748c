"""Formats and zeros of every op."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_hw import colours
from fcn_hw.backend.zero_worth import ZeroWorth, network_worth
from fcn_hw.ir import Graph
from fcn_hw.ops import Constant, Op
from fcn_hw.ops.convolution import Convolution
from fcn_hw.report.figures.bars import BarPart, bar_part
from fcn_hw.report.figures.legend import Key
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources

ID, TITLE = "precision", "Precision and sparsity"

_KEYS = (
    Key("a zero saves a multiplier", colours.GREEN),
    Key("a cycle", colours.SKY),
    Key("nothing but toggling", colours.VERMILLION),
)


@dataclass(frozen=True)
class PrecisionRow:
    """An op; formats are ``""`` where it has none, ``zeros`` is a share of 1."""

    name: str
    kind: str
    output: str
    weight: str
    bias: str
    accum: str
    weights: int
    zeros: float | None
    values: int | None
    bar: tuple[BarPart, ...]


@dataclass(frozen=True)
class WorthRow:
    """A convolution: what its zeros save at its fold."""

    name: str
    fold: str
    words: int
    zeros: int
    in_multipliers: int
    in_steps: int
    unused: int
    idle: int
    multipliers: int
    bar: tuple[BarPart, ...]


@dataclass(frozen=True)
class PrecisionContext:
    """``precision.html.j2``.

    Args:
        worth: none where no folds are chosen.
    """

    rows: tuple[PrecisionRow, ...]
    weights: int
    zeros: float
    bits: int
    float_bits: int
    worth: tuple[WorthRow, ...]
    legend: tuple[Key, ...]


def precision(sources: Sources) -> Section:
    """A row an op."""
    graph = sources.graph
    if graph is None:
        what = "The format of every tensor, weight, bias and accumulator; zeros among the weights."
        return missing(ID, TITLE, what, sources.command("export", board=False))
    rows = tuple(_row(op) for op in graph.computed)
    constants = weights_of(graph)
    count = sum(item.codes.size for item in constants.values())
    zeros = sum(int(np.count_nonzero(item.codes == 0)) for item in constants.values())
    return made(
        ID,
        TITLE,
        PrecisionContext(
            rows=rows,
            weights=count,
            zeros=zeros / count if count else 0.0,
            bits=sum(item.codes.size * item.format.width for item in constants.values()),
            float_bits=32 * count,
            worth=_worth(sources),
            legend=_KEYS,
        ),
    )


def _worth(sources: Sources) -> tuple[WorthRow, ...]:
    graph, estimate = sources.graph, sources.estimate
    if graph is None or estimate is None:
        return ()
    found = network_worth(graph, sources.board, estimate)
    return tuple(_worth_row(layer) for layer in found.layers)


def _worth_row(layer: ZeroWorth) -> WorthRow:
    parts, left = [], 0.0
    for count, key in zip((layer.in_multipliers, layer.in_steps, layer.unused), _KEYS, strict=True):
        share = count / layer.weights
        parts.append(bar_part(left, share, 1, key.colour))
        left += share
    return WorthRow(
        name=layer.name,
        fold=str(layer.fold),
        words=layer.words,
        zeros=layer.zeros,
        in_multipliers=layer.in_multipliers,
        in_steps=layer.in_steps,
        unused=layer.unused,
        idle=layer.idle,
        multipliers=layer.multipliers,
        bar=tuple(parts),
    )


def weights_of(graph: Graph) -> dict[str, Constant]:
    """The kernels, by op."""
    return {op.name: op.weight for op in graph.ops if isinstance(op, Convolution)}


def _row(op: Op) -> PrecisionRow:
    weight, bias = op.constants
    zeros = None if weight is None else float(np.mean(weight.codes == 0))
    return PrecisionRow(
        name=op.name,
        kind=op.kind,
        output=str(op.output.format),
        weight=str(weight.format) if weight else "",
        bias=str(bias.format) if bias else "",
        accum=str(op.accumulator or ""),
        weights=weight.codes.size if weight else 0,
        zeros=zeros,
        values=len(np.unique(weight.codes)) if weight else None,
        bar=() if zeros is None else (bar_part(0, zeros, 1, colours.GREEN),),
    )
