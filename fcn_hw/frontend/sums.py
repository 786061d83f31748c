"""Sums of float functions of several integers, as a source model adds them in float32.

The sum of two normalizations in front of a quantizer is, on each channel, a function of a pair of
integers. For each code of one of them it is a step function of the other, since additions of
IEEE 754 are monotone too: so :mod:`fcn_hw.frontend.steps` finds where its code changes, and
:mod:`fcn_hw.frontend.affine_fit` the terms that take every step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import Codes, FixedFormat, to_float
from fcn_hw.frontend.affine_fit import Operand, Points
from fcn_hw.frontend.parts import UNIT_ROUNDOFF, Floats, Part, in_float64, never_falls
from fcn_hw.frontend.steps import MAX_STEPS, StepFunction, Steps
from fcn_hw.frontend.values import Moved, Pending, Sum, Value
from fcn_hw.intervals import Interval
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops.skip_add import SkipAdd
from fcn_hw.ops.threshold import Threshold
from fcn_hw.reference import evaluate

MAX_TUPLES = 1 << 26
"""Pairs of codes (or triples, ...) times channels that a proof evaluates; beyond it, both sides of
every step are."""

_CHUNK = 1 << 20

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Term:
    """One integer of a sum.

    Args:
        number: of the term, from the left.
        op: whose codes it reads.
        source: format of the codes.
        domain: codes that the op can hold.
        parts: affine functions of them, first one first; none where the codes are added as such.
        moves: of the result, first one first.
        channels: of the tensor.
    """

    number: int
    op: str
    source: FixedFormat
    domain: Interval
    parts: tuple[Part, ...]
    moves: tuple[Moved, ...]
    channels: int

    @property
    def has_zeros(self) -> bool:
        """Whether zeros may stand in its place: a move adds them behind its bias."""
        return any(move.adds_zeros for move in self.moves)

    @cached_property
    def codes(self) -> Codes:
        return np.arange(self.domain.low, self.domain.high + 1)

    @cached_property
    def singles(self) -> Singles:
        """What the source model makes of each code, (codes, channels)."""
        every = np.repeat(self.codes[:, None], self.channels, axis=1)
        values = (every * self.source.step).astype(np.float32)[None, :, None, :]
        for part in self.parts:
            values = np.asarray(part.call(values))
        return values[0, :, 0, :]

    @cached_property
    def reals(self) -> tuple[Floats, Floats]:
        """The same in float64, with bounds of float32's error."""
        every = np.repeat(self.codes[:, None], self.channels, axis=1)
        return in_float64(self.parts, to_float(every, self.source))

    def slope(self) -> Floats | None:
        """The factor of each channel; None where the codes are added as such."""
        return slope_of(self.parts, self.channels) if self.parts else None


@dataclass(frozen=True, eq=False)
class Node:
    """A sum of terms and of other sums.

    Args:
        sum: the sum.
        inputs: its sources.
        moves: of the result, first one first.
    """

    sum: Sum
    inputs: tuple[Tree, ...]
    moves: tuple[Moved, ...]

    @property
    def terms(self) -> tuple[Term, ...]:
        found: list[Term] = []
        for item in self.inputs:
            found += [item] if isinstance(item, Term) else item.terms
        return tuple(found)

    def singles(self, values: Sequence[Singles]) -> Singles:
        """The sum in float32, in the order in which the source model adds.

        Args:
            values: of each term.
        """
        first, *others = (
            values[item.number] if isinstance(item, Term) else item.singles(values)
            for item in self.inputs
        )
        for other in others:
            first = first + other
        return first

    def reals(self, values: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
        """The sum in float64, and a bound of float32's error."""
        (total, error), *others = (
            values[item.number] if isinstance(item, Term) else item.reals(values)
            for item in self.inputs
        )
        for value, own in others:
            total = total + value
            error = error + own + UNIT_ROUNDOFF * np.abs(total)
        return total, error

    def build(self, leaves: Sequence[str], fmt: FixedFormat | None, origin: str) -> str:
        """Adds its ops to the graph; the name of the one that holds the sum.

        Args:
            leaves: the op of each term, not yet moved.
            fmt: of the sum; None for the exact one.
            origin: of the sum.
        """
        ops = []
        for item in self.inputs:
            op = leaves[item.number] if isinstance(item, Term) else item.build(leaves, None, "")
            for move in item.moves:
                op = move.build((op,), "")
            ops.append(op)
        return self.sum.build(tuple(ops), fmt, origin)


Tree = Union[Term, Node]


def read_sum(value: Sum, builder: GraphBuilder) -> Node | None:
    """The sum of a known number of integers, or None where it is of another kind.

    Terms are affine functions of codes. Behind them, pixels may move; zeros that a move adds may
    stand in the place of a term, but not of a sum.
    """
    terms: list[Term] = []

    def read(item: Value) -> Tree | None:
        parts: list[Part] = []
        moves: list[Moved] = []
        while isinstance(item, (Pending, Moved)):
            if isinstance(item, Pending):
                parts.insert(0, item.part)
                item = item.source
                continue
            follows = bool(parts)
            joins = len(item.sources) > 1 or item.channels is not None
            if joins or (follows and item.adds_zeros):
                return None
            if item.takes_maximum and not all(never_falls(part) for part in parts):
                return None
            moves.insert(0, item)
            item = item.sources[0]
        if isinstance(item, Sum):
            if parts or any(move.adds_zeros for move in moves):
                return None
            inputs = [read(source) for source in item.sources]
            known = tuple(tree for tree in inputs if tree is not None)
            return Node(item, known, tuple(moves)) if len(known) == len(inputs) else None
        if any(part.affine() is None for part in parts):
            return None
        tensor = builder.tensor(item.op)
        term = Term(
            len(terms), item.op, tensor.format, builder.interval(item.op), tuple(parts),
            tuple(moves), tensor.channels,
        )  # fmt: skip
        terms.append(term)
        return term

    found = read(value)
    if not isinstance(found, Node):
        return None
    plain = [term.op for term in terms if not term.parts]
    return found if len(set(plain)) == len(plain) < len(terms) else None


@dataclass(frozen=True, eq=False)
class RowFunction(StepFunction):
    """A sum's function of one of its integers, for each combination of codes of the others.

    Its channels are (row, channel), rows first.

    Args:
        node: the sum.
        last: the term whose code varies.
        rows: the code of each term in each row; of ``last``, zeros.
        active: terms that are there; a zero stands in the place of the others.
    """

    node: Node
    last: int
    rows: tuple[Codes, ...]
    active: tuple[bool, ...]

    @property
    def count(self) -> int:
        return len(self.rows[0])

    @property
    def domain(self) -> Interval:
        return self.node.terms[self.last].domain

    @property
    def tuples(self) -> int:
        """Combinations of codes, times channels."""
        return (self.domain.high - self.domain.low + 1) * self.channels

    def evaluate(self, codes: Codes) -> Codes:
        values = self.node.singles(self._gathered([term.singles for term in self._terms], codes))
        flat: npt.ArrayLike = np.broadcast_to(values, self._shape(codes)).reshape(
            1, -1, 1, self._depth
        )
        for part in self.parts:
            flat = part.call(flat)
        return self._quantized(flat).reshape(len(codes), -1)

    def real(self, codes: Codes) -> tuple[Floats, Floats]:
        values, errors = (
            self._gathered([term.reals[n] for term in self._terms], codes) for n in range(2)
        )
        value, error = (
            np.broadcast_to(item, self._shape(codes)).reshape(-1, self._depth)
            for item in self.node.reals(list(zip(values, errors, strict=True)))
        )
        for part in self.parts:
            value, error = part.real(value, error)
        return value.reshape(len(codes), -1), error.reshape(len(codes), -1)

    def points(self, steps: Steps, result: FixedFormat) -> Points:
        """The points of all rows, as points of the sum's integers on each channel."""
        of_rows = Points.of(steps, result)

        def by_channel(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            shaped = values.reshape(self.count, self._depth, -1).transpose(1, 0, 2)
            return np.reshape(shaped, (self._depth, -1))

        x = [
            of_rows.x[0]
            if n == self.last
            else np.broadcast_to(np.repeat(row, self._depth)[:, None], of_rows.k.shape)
            for n, row in enumerate(self.rows)
        ]
        return Points(
            np.stack([by_channel(item) for item in x]),
            by_channel(of_rows.k),
            by_channel(of_rows.least),
            by_channel(of_rows.there),
            self.active,
        )

    def integers(self, codes: Codes) -> list[Codes]:
        """The code of each term, (n * rows, 1, 1, channels), where ``last`` has these codes."""
        found = []
        for n, row in enumerate(self.rows):
            own = codes.reshape(self._shape(codes)) if n == self.last else row[None, :, None]
            found.append(np.broadcast_to(own, self._shape(codes)).reshape(-1, 1, 1, self._depth))
        return found

    def samples(self, steps: Steps) -> Iterator[Codes]:
        """Codes of ``last``, (n, rows * channels): all, or both sides of every step."""
        if self.tuples > MAX_TUPLES:
            inside = np.clip(steps.thresholds.T, self.domain.low + 1, self.domain.high)
            yield from (inside, inside - 1)
            return
        every = np.arange(self.domain.low, self.domain.high + 1)
        count = max(_CHUNK // self.channels, 1)
        for first in range(0, len(every), count):
            part = every[first : first + count, None]
            yield np.broadcast_to(part, (len(part), self.channels))

    # -- inside ------------------------------------------------------------------------------------

    @cached_property
    def _terms(self) -> tuple[Term, ...]:
        return self.node.terms

    @property
    def _depth(self) -> int:
        return self.channels // self.count

    def _shape(self, codes: Codes) -> tuple[int, int, int]:
        return len(codes), self.count, self._depth

    def _gathered(self, tables: Sequence[npt.NDArray[Any]], codes: Codes) -> list[npt.NDArray[Any]]:
        """Of tables (codes, channels) of each term, what broadcasts to (n, rows, channels)."""
        found = []
        for term, table, row, there in zip(
            self._terms, tables, self.rows, self.active, strict=True
        ):
            if term.number == self.last:
                index = codes.reshape(self._shape(codes)) - term.domain.low
                found.append(table[index, np.arange(self._depth)])
            elif there:
                found.append(table[row - term.domain.low][None])
            else:
                found.append(np.zeros((1, 1, self._depth), table.dtype))
        return found


def cases(node: Node, function: StepFunction) -> list[RowFunction] | None:
    """All combinations of the codes of a sum, zeros included.

    None where they are too many, or where zeros meet zeros and do not give code 0.

    Args:
        function: what follows the sum.
    """
    found = []
    for active in product(*((True, False) if term.has_zeros else (True,) for term in node.terms)):
        sizes = [
            len(term.codes) if there else 1 for term, there in zip(node.terms, active, strict=True)
        ]
        if not any(active):
            if np.any(function.evaluate(np.zeros((1, function.channels), dtype=np.int64))):
                return None  # zeros meet zeros, and their integer is no function's
            continue
        last = max((n for n, there in enumerate(active) if there), key=sizes.__getitem__)
        rows = prod(sizes) // sizes[last]
        if rows * function.channels > MAX_STEPS:
            return None
        grid = np.meshgrid(
            *(
                term.codes if there and term.number != last else np.zeros(1, dtype=np.int64)
                for term, there in zip(node.terms, active, strict=True)
            ),
            indexing="ij",
        )
        term = node.terms[last]
        found.append(
            RowFunction(
                function.parts, function.activation, term.source, rows * function.channels,
                node, last, tuple(codes.ravel() for codes in grid), active,
            )
        )  # fmt: skip
    return found


def operands(node: Node, slopes: Floats) -> list[Operand]:
    """The terms of a sum, for the fit.

    Args:
        slopes: of the function behind the sum, by channel.
    """
    found = []
    for term in node.terms:
        slope = term.slope()
        if slope is None and np.all(slopes == 1):
            found.append(Operand(term.source.fraction, None))
        else:
            own = slopes if slope is None else slope * slopes
            found.append(Operand(term.source.fraction, own, term.has_zeros))
    return found


def slope_of(parts: Sequence[Part], channels: int) -> Floats:
    """The product of the factors; parts that are not affine are taken for a clip."""
    slope = np.ones(channels)
    for part in parts:
        affine = part.affine()
        if affine is not None:
            slope = slope * affine[0]
    return slope


def between(builder: GraphBuilder, op: str, leaves: Sequence[str]) -> list[str]:
    """The ops from those that read ``leaves`` to ``op``, in the order of the graph."""
    found: list[str] = []

    def visit(name: str) -> None:
        if name not in leaves and name not in found:
            for source in builder.op(name).inputs:
                visit(source)
            found.append(name)

    visit(op)
    return found


def count_differing(
    builder: GraphBuilder, op: str, leaves: Sequence[str], rows: RowFunction, steps: Steps
) -> int:
    """Codes of the graph that are not the source model's, of all that ``rows`` samples.

    The ops of the graph are evaluated by the oracle, as single pixels: what moves pixels changes
    no code, and where zeros may stand in the place of a term, ``rows`` has them.

    Args:
        op: that holds the codes.
        leaves: the op of each term.
    """
    graph = _as_pixels(builder, op, leaves, rows)
    result, differing = graph.outputs[0], 0
    for codes in rows.samples(steps):
        inputs = dict(zip(_INPUTS, rows.integers(codes), strict=False))
        found = evaluate(graph, inputs, keep=[result])[result]
        expected = rows.evaluate(np.ascontiguousarray(codes))
        differing += int(np.count_nonzero(found.ravel() != expected.ravel()))
    return differing


_INPUTS = tuple(f"term{n}" for n in range(64))


def _as_pixels(builder: GraphBuilder, op: str, leaves: Sequence[str], rows: RowFunction) -> Graph:
    """The ops of a sum on pixels of the terms' codes, without those that move pixels."""
    trial = GraphBuilder("sum")
    names: dict[str, str] = {}
    for term, leaf, there in zip(rows.node.terms, leaves, rows.active, strict=True):
        scaled = there and leaf != term.op
        fmt = term.source if scaled else builder.tensor(leaf).format
        code = trial.input(_INPUTS[term.number], (1, 1, term.channels), fmt)
        names[leaf] = _again(trial, builder, leaf, (code,)) if scaled else code
    for name in between(builder, op, leaves):
        read = tuple(names[source] for source in builder.op(name).inputs)
        adds = isinstance(builder.op(name), (SkipAdd, Threshold))
        names[name] = _again(trial, builder, name, read) if adds else read[0]
    return trial.finish(names[op])


def _again(trial: GraphBuilder, builder: GraphBuilder, name: str, read: tuple[str, ...]) -> str:
    op = builder.op(name)
    return trial.again(replace(op, name=f"{name}_again", inputs=read), op.output.format)
