"""Formats and zeros of every op."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_hw import colours
from fcn_hw.ir import Constant, Graph, Input, Op
from fcn_hw.ir.ops import ACCUMULATING, CONVOLUTIONS, BatchNorm, Threshold
from fcn_hw.report.figures.bars import BarPart, bar_part
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources

ID, TITLE = "precision", "Precision and sparsity"


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
class PrecisionContext:
    """``precision.html.j2``."""

    rows: tuple[PrecisionRow, ...]
    weights: int
    zeros: float
    bits: int
    float_bits: int


def precision(sources: Sources) -> Section:
    """A row an op."""
    graph = sources.graph
    if graph is None:
        what = "The format of every tensor, weight, bias and accumulator; zeros among the weights."
        return missing(ID, TITLE, what, sources.command("export", board=False))
    rows = tuple(_row(op) for op in graph.ops if not isinstance(op, Input))
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
        ),
    )


def weights_of(graph: Graph) -> dict[str, Constant]:
    """The kernels, by op."""
    return {op.name: op.weight for op in graph.ops if isinstance(op, CONVOLUTIONS)}


def _row(op: Op) -> PrecisionRow:
    weight, bias = _constants(op)
    zeros = None if weight is None else float(np.mean(weight.codes == 0))
    return PrecisionRow(
        name=op.name,
        kind=op.kind,
        output=str(op.output.format),
        weight=str(weight.format) if weight else "",
        bias=str(bias.format) if bias else "",
        accum=str(op.accum) if isinstance(op, ACCUMULATING) else "",
        weights=weight.codes.size if weight else 0,
        zeros=zeros,
        values=len(np.unique(weight.codes)) if weight else None,
        bar=() if zeros is None else (bar_part(0, zeros, 1, colours.GREEN),),
    )


def _constants(op: Op) -> tuple[Constant | None, Constant | None]:
    """What multiplies or is compared, and what is added."""
    if isinstance(op, CONVOLUTIONS):
        return op.weight, op.bias
    if isinstance(op, BatchNorm):
        return op.scale, op.bias
    return (op.thresholds, op.base) if isinstance(op, Threshold) else (None, None)
