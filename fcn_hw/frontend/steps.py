"""Step functions of integers: what a quantizer makes of the codes of a tensor, and how it is known.

The quantizer and the float layers in front of it are evaluated as the source model does it, in
float32, on the codes that the tensor can hold. Every operation of IEEE 754 that is involved is
monotone, so the places where the result changes are found by bisection; where the codes are few
they are all evaluated too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import FormatError
from fcn_hw.fixed import Codes, FixedFormat, snapped_codes, to_float
from fcn_hw.frontend.parts import Floats, Part, in_float64
from fcn_hw.frontend.quantizer import Activation
from fcn_hw.intervals import Interval

MAX_ENUMERATED = 1 << 21
"""Codes times channels that are all evaluated; beyond it, both sides of every step are."""

MAX_STEPS = 1 << 21
"""Steps times channels that are searched for."""

_CHUNK = 1 << 18
_OFF_GRID = 2.0**-10


@dataclass(frozen=True, eq=False)
class Steps:
    """``first[c] + direction[c] * stride * n``, n: how many ``thresholds[c]`` are reached.

    Args:
        thresholds: codes of the input, (channels, count), ascending; those that the input can't
            reach are one more than its largest code.
        first: code of the result at the least code of the input, (channels,).
        direction: 1 or -1, (channels,).
        stride: codes of the result from step to step.
        domain: codes that the input can hold.
        enumerated: whether every code was evaluated, and not only both sides of every step.
        near_ties: steps so near to a tie that float32 on another processor may take them one code
            of the input earlier or later.
    """

    thresholds: Codes
    first: Codes
    direction: Codes
    stride: int
    domain: Interval
    enumerated: bool
    near_ties: int

    @property
    def counts(self) -> Codes:
        """Steps of each channel that the input can reach."""
        found: Codes = (self.thresholds <= self.domain.high).sum(axis=1).astype(np.int64)
        return found

    def codes(self, source: Codes) -> Codes:
        """The result for input codes (n, channels)."""
        reached = np.zeros_like(source)
        if len(self.thresholds) < self.thresholds.shape[1]:
            for channel, thresholds in enumerate(self.thresholds):
                reached[:, channel] = np.searchsorted(thresholds, source[:, channel], side="right")
        else:
            for threshold in self.thresholds.T:
                reached += threshold <= source
        found: Codes = self.first + self.direction * self.stride * reached
        return found


class NotMonotone(Exception):
    """The function falls and rises."""


@dataclass(frozen=True, eq=False)
class StepFunction:
    """A quantizer behind float functions of a tensor.

    Args:
        parts: the float functions, first one first.
        activation: the quantizer.
        source: format of the tensor's codes.
        channels: of the tensor.
    """

    parts: Sequence[Part]
    activation: Activation
    source: FixedFormat
    channels: int

    def evaluate(self, codes: Codes) -> Codes:
        """Result codes of input codes (n, channels), as the source model computes them.

        Raises:
            FormatError: a result is not on the grid of the activation's format.
        """
        values: npt.ArrayLike = (codes * self.source.step).astype(np.float32)[None, :, None, :]
        for part in self.parts:
            values = part.call(values)
        return self._quantized(values)[0, :, 0, :]

    def real(self, codes: Codes) -> tuple[Floats, Floats]:
        """The value in front of the quantizer for input codes (n, channels), in float64.

        Returns:
            values, and bounds of what float32 can be off.
        """
        return in_float64(self.parts, to_float(codes, self.source))

    def find(self, domain: Interval) -> Steps:
        """The steps over the codes of ``domain``.

        Raises:
            NotMonotone: there is no such step function.
            FormatError: too many steps, or a result off the grid.
        """
        ends = np.repeat(np.array([[domain.low], [domain.high]]), self.channels, axis=1)
        first, last = self.evaluate(ends)
        direction = np.where(last >= first, 1, -1).astype(np.int64)
        stride = self.activation.stride
        counts = np.abs(last - first) // stride
        most = max(int(counts.max()), 1)
        if most * self.channels > MAX_STEPS:
            raise FormatError(f"{most} steps on {self.channels} channels are too many to find")
        thresholds = self._bisect(domain, first, direction, counts, most)
        found = Steps(thresholds.T.copy(), first, direction, stride, domain, False, 0)
        size = (domain.high - domain.low + 1) * self.channels
        enumerated = size <= MAX_ENUMERATED
        self._check(found, domain, enumerated)
        near = self._near_ties(found)
        return Steps(found.thresholds, first, direction, stride, domain, enumerated, near)

    def table(self) -> Codes | None:
        """The result of every code of the source's format, lowest code first.

        None where it differs between channels.

        Raises:
            FormatError: a result off the grid.
        """
        low = -(1 << (self.source.width - 1)) if self.source.signed else 0
        codes = np.arange(low, low + (1 << self.source.width))
        found = self.evaluate(np.repeat(codes[:, None], self.channels, axis=1))
        return found[:, 0].copy() if np.all(found == found[:, :1]) else None

    # -- inside ------------------------------------------------------------------------------------

    def _quantized(self, values: npt.ArrayLike) -> Codes:
        results = np.asarray(self.activation.call(values), np.float64)
        try:
            return snapped_codes(results, self.activation.format.fraction, _OFF_GRID)
        except FormatError as error:
            raise FormatError(f"{self.activation.label} gives values off its own grid") from error

    def _bisect(
        self, domain: Interval, first: Codes, direction: Codes, counts: Codes, most: int
    ) -> Codes:
        """The least code at which each step is reached, (count, channels)."""
        numbers = np.arange(1, most + 1)[:, None]
        wanted = numbers * self.activation.stride
        there = numbers <= counts
        before = np.full((most, self.channels), domain.low, dtype=np.int64)
        reached = np.where(there, domain.high, domain.high + 1)
        before = np.where(there, before, domain.high)
        while np.any(reached - before > 1):
            middle = (before + reached) >> 1
            climbed = direction * (self.evaluate(middle) - first) >= wanted
            step = there & (reached - before > 1)
            reached = np.where(step & climbed, middle, reached)
            before = np.where(step & ~climbed, middle, before)
        return reached

    def _check(self, found: Steps, domain: Interval, every: bool) -> None:
        if every:
            codes = np.arange(domain.low, domain.high + 1)
            rows = max(_CHUNK // self.channels, 1)
            chunks = [codes[n : n + rows] for n in range(0, len(codes), rows)]
            samples = [np.repeat(chunk[:, None], self.channels, axis=1) for chunk in chunks]
        else:  # both sides of every step
            inside = np.clip(found.thresholds.T, domain.low + 1, domain.high)
            samples = [inside, inside - 1]
        for sample in samples:
            if not np.array_equal(self.evaluate(sample), found.codes(sample)):
                raise NotMonotone

    def _near_ties(self, found: Steps) -> int:
        """Steps at which the bound of the float32 error does not leave one code only."""
        there = found.thresholds <= found.domain.high
        unsure = np.zeros_like(there)
        for sample in (found.thresholds, found.thresholds - 1):
            values, error = self.real(np.clip(sample.T, found.domain.low, found.domain.high))
            ends = [
                self._quantized(end.astype(np.float32)[None, :, None, :])
                for end in (values - error, values + error)
            ]
            unsure |= (ends[0] != ends[1])[0, :, 0, :].T
        return int(np.count_nonzero(unsure & there))
