"""The narrowest scales and biases that take every step of a step function at the same code.

A :class:`fcn_hw.ir.BatchNorm` computes ``(S*x + B) >> shift``, rounded down. For given S, each
step at x with result k bounds B from below, ``S*x + B >= k << shift``, and the code before it
bounds B from above. A bias exists for S if and only if no lower bound is above an upper one; so
what is found needs no further proof.

A sum of several terms, each the scale and bias of its own integer, has the same bounds: at a point
(x, y) where the code becomes k, ``S*x + B + T*y + C >= k << shift``. Terms may be rounded down to
fewer bits before they are added; the bounds are then those of the term that is fitted last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import FixedFormat, smallest_format
from fcn_hw.frontend.parts import UNIT_ROUNDOFF, Floats
from fcn_hw.frontend.steps import Steps
from fcn_hw.ops import Constant

MAX_SCALE_FRACTION = 30
"""Beyond it, scales have more bits than a float32 holds."""

_NEIGHBOURS = (0, 1, -1)
"""Scales that are tried around the real one."""

_DRAWN = 64
"""Scales within float32's rounding of the real ones that are drawn where no neighbour fits."""

_CRITICAL = 512
"""Points a channel, on either side, that scales are tried on first: those with the least room."""

_Wide = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]
_FAR = 1 << 61


@dataclass(frozen=True, eq=False)
class ScaleAndBias:
    """Constants of a :class:`fcn_hw.ir.BatchNorm` whose output is rounded down."""

    scale: Constant
    bias: Constant


@dataclass(frozen=True, eq=False)
class Operand:
    """A term of a sum.

    Args:
        fraction: of its integer.
        slope: real factor, by channel; None for a term that is added as it is.
        bounded_last: whether its bias is fitted after those of the others, as it must be where
            zeros may stand in its place: points with a zero there bound the other biases alone.
    """

    fraction: int
    slope: Floats | None
    bounded_last: bool = False


@dataclass(frozen=True, eq=False)
class SumFit:
    """Scales and biases of a sum.

    Args:
        terms: of each operand; None for one that is added as it is.
        fraction: of the terms, once they are rounded down.
    """

    terms: tuple[ScaleAndBias | None, ...]
    fraction: int


@dataclass(frozen=True, eq=False)
class Points:
    """Integers at which the code must be at least k, or must be below k.

    Args:
        x: of each operand, (operands, channels, count).
        k: (channels, count).
        least: whether k must be reached there, and not must not be; (channels, count).
        there: which points count, (channels, count).
        active: operands that are there; zeros stand in the place of the others.
    """

    x: _Wide
    k: _Wide
    least: _Mask
    there: _Mask
    active: tuple[bool, ...] = (True,)

    @staticmethod
    def of(steps: Steps, result: FixedFormat) -> Points:
        """The points of a function of one integer."""
        count = steps.thresholds.shape[1]
        rising = (steps.direction > 0)[:, None]
        there = steps.thresholds <= steps.domain.high
        number = np.arange(1, count + 1)[None, :]
        low, high = steps.domain.low, steps.domain.high
        up = steps.first[:, None] + number * steps.stride
        # rising: from threshold n on, the code is first + n; falling: before it, first - n + 1
        down = steps.first[:, None] - (number - 1) * steps.stride
        least_x = np.where(rising, steps.thresholds, steps.thresholds - 1)
        below_x = np.where(rising, steps.thresholds - 1, steps.thresholds)
        k = np.where(rising, up, down)
        # Nothing below the first code, nothing above the last, unless saturation sees to it.
        last = steps.first + steps.direction * steps.stride * steps.counts
        bottom = np.where(steps.direction > 0, steps.first, last)
        top = np.where(steps.direction > 0, last, steps.first)
        bottom_x = np.where(steps.direction > 0, low, high)
        top_x = np.where(steps.direction > 0, high, low)
        ends = [bottom_x[:, None], below_x, top_x[:, None]]
        everywhere = np.concatenate([least_x, *ends], axis=1)
        codes = np.concatenate([k, bottom[:, None], k, top[:, None] + 1], axis=1)
        limits = [(bottom > result.min_code)[:, None], there, (top < result.max_code)[:, None]]
        least = np.zeros(codes.shape, dtype=bool)
        least[:, : count + 1] = True
        return Points(everywhere[None], codes, least, np.concatenate([there, *limits], axis=1))

    def critical(self, slopes: Floats) -> Points:
        """The points with the least room where the operands have these slopes a code.

        Args:
            slopes: (operands, channels), results a code of each operand.
        """
        if self.k.shape[1] <= 2 * _CRITICAL:
            return self
        room = self.k - (slopes[:, :, None] * self.x).sum(axis=0)
        tight = np.where(self.least, -room, room)
        chosen = []
        for side in (self.least, ~self.least):
            masked = np.where(side & self.there, tight, np.inf)
            chosen.append(np.argpartition(masked, _CRITICAL, axis=1)[:, :_CRITICAL])
        index = np.concatenate(chosen, axis=1)

        def taken(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.take_along_axis(values, index, axis=1)

        x = np.stack([taken(of) for of in self.x])
        return Points(x, taken(self.k), taken(self.least), taken(self.there), self.active)


def fit_scale_and_bias(
    steps: Steps, slope: Floats | None, source: FixedFormat, result: FixedFormat
) -> ScaleAndBias | None:
    """The constants of fewest fraction bits, or None where no scale takes every step.

    Args:
        slope: of the real function, by channel; None where it is not affine.
        source, result: formats of input and output; the output saturates.
    """
    if steps.stride != 1:
        return None
    points = Points.of(steps, result)
    if slope is None:
        slope = _slope_of_steps(steps, source, result)
    moving = steps.counts > 0
    fitter = _Fitter((points,), (Operand(source.fraction, slope),), result, moving, half=False)
    for fraction in fitter.fractions():
        found = fitter.neighbours(fraction, 0)
        if found is not None:
            return found.terms[0]
    return None


def fit_sum(
    cases: Sequence[Points], operands: Sequence[Operand], result: FixedFormat
) -> SumFit | None:
    """Scales of fewest fraction bits, then terms of fewest; None where nothing takes every step.

    The sum of the terms is rounded to nearest, ties upwards, and saturates.

    Args:
        cases: all points: of operands that are all there, and of those with zeros in their place.
        result: format of the codes.
    """
    moving = np.ones(cases[0].k.shape[0], dtype=bool)
    fitter = _Fitter(cases, operands, result, moving, half=True)
    fractions = list(fitter.fractions())
    for fraction in fractions:
        found = fitter.neighbours(fraction, 0)
        if found is not None:
            for drop in range(fraction - result.fraction - 1, 0, -1):
                narrow = fitter.neighbours(fraction, drop)
                if narrow is not None:
                    return narrow
            return found
    for drop in range(fractions[-1] - result.fraction - 1, -1, -1):
        found = fitter.drawn(fractions[-1], drop)
        if found is not None:
            return found
    return None


@dataclass(frozen=True, eq=False)
class _Fitter:
    """Tries scales of a sum; all arrays of scales and biases are (operands, channels).

    Args:
        moving: channels that have a step; the others need no scale.
        half: whether the sum is rounded to nearest, and not down.
    """

    cases: Sequence[Points]
    operands: Sequence[Operand]
    result: FixedFormat
    moving: _Mask
    half: bool

    def fractions(self) -> Iterator[int]:
        """Fraction bits of the exact sum that are worth a trial, fewest first."""
        least = self.result.fraction + (1 if self.half else 0)
        least = max([least, *(operand.fraction for operand in self.operands)])
        return iter(range(least, least + MAX_SCALE_FRACTION))

    def neighbours(self, fraction: int, drop: int) -> SumFit | None:
        """With scales next to the real ones.

        Args:
            fraction: of the exact sum.
            drop: bits that each term is rounded down by.
        """
        free = [operand.slope is not None for operand in self.operands]
        offsets = product(*(_NEIGHBOURS if scaled else (0,) for scaled in free))
        return self._best(fraction, drop, [np.array(offset)[:, None] for offset in offsets])

    def drawn(self, fraction: int, drop: int) -> SumFit | None:
        """With scales that are off by about what float32 rounds, drawn at random but seeded."""
        rng = np.random.default_rng(0)
        scales = self._scales(fraction)
        free = np.array([operand.slope is not None for operand in self.operands])[:, None]
        reach = np.maximum(np.abs(scales) * 4 * UNIT_ROUNDOFF, 2.0).astype(np.int64) * free
        offsets = [rng.integers(-reach, reach + 1) for _ in range(_DRAWN)]
        return self._best(fraction, drop, offsets)

    # -- inside ------------------------------------------------------------------------------------

    @cached_property
    def _critical(self) -> list[Points]:
        """Of the points of each case, those with the least room between real terms."""
        real = [
            np.ldexp(
                np.ones(self.moving.shape) if operand.slope is None else operand.slope,
                self.result.fraction - operand.fraction,
            )
            for operand in self.operands
        ]
        return [points.critical(np.stack(real)) for points in self.cases]

    def _scales(self, fraction: int) -> _Wide:
        rows = []
        for operand in self.operands:
            shift = fraction - operand.fraction
            if operand.slope is None:
                rows.append(np.full(self.moving.shape, 1 << shift, dtype=np.int64))
                continue
            exact = np.ldexp(operand.slope, shift)
            rows.append(np.rint(np.clip(exact, -(2.0**62), 2.0**62)).astype(np.int64))
        return np.stack(rows)

    def _best(self, fraction: int, drop: int, offsets: Sequence[_Wide]) -> SumFit | None:
        """The scales that leave the last bias most room, if some do on every channel."""
        scales = self._scales(fraction)
        reach = max(int(np.abs(points.x).max()) for points in self.cases)
        if np.abs(scales).max() > (1 << 60) // max(reach, 1):
            return None
        candidates = [np.where(self.moving, scales + offset, 0) for offset in offsets]
        if any(len(points.k[0]) > 2 * _CRITICAL for points in self.cases):
            possible = [
                self._biases(self._critical, item, fraction, drop)[1] for item in candidates
            ]
            if not np.all(np.any([room >= 0 for room in possible], axis=0)):
                return None
            candidates = [
                item for item, room in zip(candidates, possible, strict=True) if np.any(room >= 0)
            ]
        best, biases, room = scales, np.zeros_like(scales), np.full(self.moving.shape, -1)
        lows = highs = np.zeros(self.moving.shape, dtype=np.int64)
        for candidate in candidates:
            (found, low, high), width = self._biases(self.cases, candidate, fraction, drop)
            better = width > room
            best, biases = np.where(better, candidate, best), np.where(better, found, biases)
            room, lows = np.where(better, width, room), np.where(better, low, lows)
            highs = np.where(better, high, highs)
        if np.any(room < 0):
            return None
        return self._constants(best, biases, lows, highs, fraction, drop)

    @property
    def _order(self) -> list[int]:
        """The operands with a bias, in the order in which biases are chosen."""
        free = [n for n, operand in enumerate(self.operands) if operand.slope is not None]
        return sorted(free, key=lambda n: self.operands[n].bounded_last)

    def _biases(
        self, cases: Sequence[Points], scales: _Wide, fraction: int, drop: int
    ) -> tuple[tuple[_Wide, _Wide, _Wide], _Wide]:
        """((biases, least and most of the last one), the least room of any bias, < 0 for none)."""
        biases = np.zeros_like(scales)
        width = np.full(self.moving.shape, 2 * _FAR, dtype=np.int64)
        order = self._order
        for points in cases:  # what no bias can mend
            if not any(points.active[n] for n in order):
                low, high = self._range(points, scales, biases, None, fraction, drop)
                width = np.where((low <= 0) & (high >= 0), width, -1)
        for n in order:
            low = np.full(self.moving.shape, -_FAR, dtype=np.int64)
            high = np.full(self.moving.shape, _FAR, dtype=np.int64)
            later = order[order.index(n) + 1 :]
            for points in cases:
                if points.active[n] and not any(points.active[m] for m in later):
                    least, most = self._range(points, scales, biases, n, fraction, drop)
                    low, high = np.maximum(low, least), np.minimum(high, most)
            width = np.minimum(width, high - low)
            free = (low == -_FAR) & (high == _FAR)
            biases[n] = np.where(free, 0, (low >> 1) + (high >> 1))
        return (biases, low, high), width

    def _range(
        self,
        points: Points,
        scales: _Wide,
        biases: _Wide,
        fitted: int | None,
        fraction: int,
        drop: int,
    ) -> tuple[_Wide, _Wide]:
        """Least and most bias of operand ``fitted``; of None, bounds of a zero that can't move."""
        shift = fraction - self.result.fraction
        half = (1 << (shift - 1)) if self.half else 0
        wanted = (points.k << shift) - half
        for n, (operand, there) in enumerate(zip(self.operands, points.active, strict=True)):
            if n == fitted or not there:
                continue
            term = scales[n][:, None] * points.x[n]
            if operand.slope is not None:
                term = ((term + biases[n][:, None]) >> drop) << drop
            wanted = wanted - term
        if fitted is not None:
            if drop:
                wanted = -((-wanted >> drop) << drop)  # the term's own last bits are cut off
            wanted = wanted - scales[fitted][:, None] * points.x[fitted]
        low = np.where(points.least & points.there, wanted, -_FAR).max(axis=1)
        high = np.where(points.there & ~points.least, wanted - 1, _FAR).min(axis=1)
        return low, high

    def _constants(
        self, scales: _Wide, biases: _Wide, low: _Wide, high: _Wide, fraction: int, drop: int
    ) -> SumFit:
        """Constants with the last bias as short as every channel allows."""
        # An end that nothing bounds is drawn near the other, so that the bias stays short.
        wide = np.int64(1) << 60
        low = np.where(low < -wide, np.where(high > wide, 0, high), low)
        high = np.where(high > wide, low, high)
        zeros = 0
        while zeros < 62 and np.all((high >> (zeros + 1)) << (zeros + 1) >= low):
            zeros += 1
        biases[self._order[-1]] = (high >> zeros) << zeros
        terms: list[ScaleAndBias | None] = []
        for operand, scale, bias in zip(self.operands, scales, biases, strict=True):
            if operand.slope is None:
                terms.append(None)
                continue
            cut = zeros
            while cut and np.any(bias & ((1 << cut) - 1)):
                cut -= 1
            terms.append(
                ScaleAndBias(
                    _constant(scale, fraction - operand.fraction),
                    _constant(bias >> cut, fraction - cut),
                )
            )
        return SumFit(tuple(terms), fraction - drop)


def _slope_of_steps(steps: Steps, source: FixedFormat, result: FixedFormat) -> Floats:
    """A slope from the first and the last step of each channel, in real units."""
    found = np.zeros(len(steps.first))
    for channel, thresholds in enumerate(steps.thresholds):
        x = thresholds[thresholds <= steps.domain.high]
        if len(x) > 1:
            found[channel] = steps.direction[channel] * (len(x) - 1) / (x[-1] - x[0] or 1)
        elif len(x):
            found[channel] = steps.direction[channel]
    return np.ldexp(found, source.fraction - result.fraction)


def _constant(codes: _Wide, fraction: int) -> Constant:
    return Constant(
        codes, smallest_format(min(int(codes.min()), -1), max(int(codes.max()), 0), fraction)
    )
