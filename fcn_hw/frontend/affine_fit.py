"""The narrowest scale and bias that take every step of a step function at the same code.

A :class:`fcn_hw.ir.BatchNorm` computes ``(S*x + B) >> shift``, rounded down. For given S, each
step at x with result k bounds B from below, ``S*x + B >= k << shift``, and the code before it
bounds B from above. A bias exists for S if and only if no lower bound is above an upper one; so
what is found needs no further proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import FixedFormat, smallest_format
from fcn_hw.frontend.parts import Floats
from fcn_hw.frontend.steps import Steps
from fcn_hw.ir import Constant

MAX_SCALE_FRACTION = 30
"""Beyond it, scales have more bits than a float32 holds."""

_NEIGHBOURS = (0, 1, -1)
"""Scales that are tried around the real one."""

_Wide = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScaleAndBias:
    """Constants of a :class:`fcn_hw.ir.BatchNorm` whose output is rounded down."""

    scale: Constant
    bias: Constant


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
    bounds = _Bounds.of(steps, result)
    if slope is None:
        slope = bounds.slope(source, result)
    least_shift = max(result.fraction - source.fraction, 0)
    for fraction in range(least_shift, least_shift + MAX_SCALE_FRACTION):
        shift = source.fraction + fraction - result.fraction
        if shift < 0:
            continue
        found = bounds.fit(np.ldexp(slope, fraction), shift)
        if found is not None:
            return _constants(*found, fraction, source.fraction + fraction)
    return None


@dataclass(frozen=True, eq=False)
class _Bounds:
    """Points (x, k) where the code must be at least k, and points where it must be below k.

    Arrays of shape (channels, count); ``least_there`` and ``below_there`` mask those that hold.
    """

    least_x: _Wide
    least_k: _Wide
    least_there: npt.NDArray[np.bool_]
    below_x: _Wide
    below_k: _Wide
    below_there: npt.NDArray[np.bool_]
    counts: _Wide

    @staticmethod
    def of(steps: Steps, result: FixedFormat) -> _Bounds:
        count = steps.thresholds.shape[1]
        rising = (steps.direction > 0)[:, None]
        there = steps.thresholds <= steps.domain.high
        number = np.arange(1, count + 1)[None, :]
        counts = steps.counts
        low, high = steps.domain.low, steps.domain.high
        up = steps.first[:, None] + number  # rising: from threshold n on, the code is first + n
        down = steps.first[:, None] - number + 1  # falling: before it, it is first - n + 1
        least_x = np.where(rising, steps.thresholds, steps.thresholds - 1)
        below_x = np.where(rising, steps.thresholds - 1, steps.thresholds)
        k = np.where(rising, up, down)
        # Nothing below the first code, nothing above the last, unless saturation sees to it.
        last = steps.first + steps.direction * counts
        bottom = np.where(steps.direction > 0, steps.first, last)
        top = np.where(steps.direction > 0, last, steps.first)
        bottom_x = np.where(steps.direction > 0, low, high)
        top_x = np.where(steps.direction > 0, high, low)
        return _Bounds(
            np.concatenate([least_x, bottom_x[:, None]], axis=1),
            np.concatenate([k, bottom[:, None]], axis=1),
            np.concatenate([there, (bottom > result.min_code)[:, None]], axis=1),
            np.concatenate([below_x, top_x[:, None]], axis=1),
            np.concatenate([k, top[:, None] + 1], axis=1),
            np.concatenate([there, (top < result.max_code)[:, None]], axis=1),
            counts,
        )

    def slope(self, source: FixedFormat, result: FixedFormat) -> Floats:
        """A slope from the first and the last step of each channel, in real units."""
        found = np.zeros(len(self.counts))
        for channel, there in enumerate(self.least_there[:, :-1]):
            x, k = self.least_x[channel, :-1][there], self.least_k[channel, :-1][there]
            if len(x) > 1 and x[-1] != x[0]:
                found[channel] = (k[-1] - k[0]) / (x[-1] - x[0])
            elif len(x):
                below = self.below_x[channel, :-1][there][0]
                found[channel] = float(np.sign(x[0] - below))
        return np.ldexp(found, source.fraction - result.fraction)

    def fit(self, scale: Floats, shift: int) -> tuple[_Wide, _Wide, _Wide] | None:
        """(S, least B, most B) of each channel, or None where a channel has none.

        Args:
            scale: real scale times 2 ** fraction.
        """
        reach = max(int(np.abs(self.least_x).max()), int(np.abs(self.below_x).max()), 1)
        if np.abs(scale).max() * reach >= 2.0**60:
            return None
        best = np.rint(scale).astype(np.int64)
        chosen, lows, highs = best.copy(), np.full_like(best, 1), np.zeros_like(best)
        for offset in _NEIGHBOURS:
            candidate = np.where(self.counts > 0, best + offset, 0)
            low, high = self._bias_range(candidate, shift)
            better = (high - low) > (highs - lows)
            chosen = np.where(better, candidate, chosen)
            lows, highs = np.where(better, low, lows), np.where(better, high, highs)
        return (chosen, lows, highs) if np.all(lows <= highs) else None

    def _bias_range(self, scale: _Wide, shift: int) -> tuple[_Wide, _Wide]:
        lower = (self.least_k << shift) - scale[:, None] * self.least_x
        upper = (self.below_k << shift) - 1 - scale[:, None] * self.below_x
        far = np.int64(1) << 61
        low = np.where(self.least_there, lower, -far).max(axis=1)
        high = np.where(self.below_there, upper, far).min(axis=1)
        return low, high


def _constants(
    scale: _Wide, low: _Wide, high: _Wide, fraction: int, bias_fraction: int
) -> ScaleAndBias:
    """The bias with the most trailing zeros that every channel allows, cut off."""
    # An end that nothing bounds is drawn near the other, so that the bias stays short.
    wide = np.int64(1) << 60
    low = np.where(low < -wide, np.where(high > wide, 0, high), low)
    high = np.where(high > wide, low, high)
    zeros = 0
    while zeros < 62 and np.all((high >> (zeros + 1)) << (zeros + 1) >= low):
        zeros += 1
    bias = high >> zeros
    return ScaleAndBias(_constant(scale, fraction), _constant(bias, bias_fraction - zeros))


def _constant(codes: _Wide, fraction: int) -> Constant:
    return Constant(
        codes, smallest_format(min(int(codes.min()), -1), max(int(codes.max()), 0), fraction)
    )
