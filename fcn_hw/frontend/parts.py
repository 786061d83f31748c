"""Float functions between a known tensor and a quantizer, one value at a time.

Each is computed twice: ``call`` as the source model does it, in float32, and ``real`` in float64,
with a bound of what float32 can be off. Where both ends of that bound give one code, the code does
not depend on the order in which a processor adds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import FixedFormat
from fcn_hw.scaling import Scaling

Floats = npt.NDArray[np.float64]

Function = Callable[[Any], Any]
"""float32 array (1, n, 1, channels), or a tensor that NumPy takes for one, to the same shape."""

UNIT_ROUNDOFF = 2.0**-24
"""Relative error of one float32 operation (IEEE 754, round to nearest)."""


@dataclass(frozen=True, eq=False)
class Part(ABC):
    """Base of all parts; arrays are (n, channels).

    Args:
        layer: the layer or node, for messages.
        label: what it is, for messages.
    """

    layer: str
    label: str

    rising = False
    """Whether a larger input never gives a smaller output."""

    @property
    def stands_in(self) -> bool:
        """Whether the source model computes it in another way, so that ``call`` is near it only."""
        return False

    @abstractmethod
    def call(self, values: Any) -> Any:
        """As the source model computes it: float32 array (1, n, 1, channels) to the same shape."""

    @abstractmethod
    def real(self, values: Floats, error: Floats) -> tuple[Floats, Floats]:
        """(value, bound of the error of float32) from those of the input."""

    def affine(self) -> tuple[Floats, Floats] | None:
        """(factor, summand) of each channel, or None where the part is not affine."""
        return None


@dataclass(frozen=True, eq=False)
class Affine(Part):
    """``factor * x + summand`` by channel.

    Args:
        factor, summand: float64 of shape (channels,).
        function: the same in float32, as the source model does it.
        own_error: what the float32 result can be off beyond rounding, by channel; that of a sum of
            products, say.
        roundings: float32 operations that round.
        near_only: see ``stands_in``.
        scales_codes: whether it is the scale of a quantizer, one float32 number above 0 that codes
            are multiplied by.
    """

    factor: Floats
    summand: Floats
    function: Function
    own_error: Floats | float = 0.0
    roundings: int = 1
    near_only: bool = False
    scales_codes: bool = False

    @property
    def stands_in(self) -> bool:
        return self.near_only

    @property
    def rises(self) -> bool:
        return bool(np.all(self.factor >= 0))

    def call(self, values: Any) -> Any:
        return self.function(values)

    def real(self, values: Floats, error: Floats) -> tuple[Floats, Floats]:
        product = values * self.factor
        rounding = self.roundings * UNIT_ROUNDOFF * (np.abs(product) + np.abs(self.summand))
        return product + self.summand, error * np.abs(self.factor) + rounding + self.own_error

    def affine(self) -> tuple[Floats, Floats]:
        return self.factor, self.summand


def scale_of(
    layer: str, label: str, factor: float, channels: int, own_error: float | None = None
) -> Affine:
    """One factor for all channels, rounded to float32 by the source model.

    Args:
        own_error: what its float32 result can be off, where it applies the factor in another place;
            None: it multiplies just here.
    """
    single = np.float32(factor)
    return Affine(
        layer,
        label,
        np.full(channels, factor),
        np.zeros(channels),
        lambda values: np.asarray(values, np.float32) * single,
        own_error=own_error or 0.0,
        near_only=own_error is not None,
        scales_codes=own_error is None,
    )


@dataclass(frozen=True, eq=False)
class Rising(Part):
    """A function that never falls, steeper than 1 nowhere: ReLU, sigmoid, tanh.

    Args:
        function: in float32, as the source model does it.
        rectifies: whether it is ``max(x, 0)``, which needs no quantizer behind it.
    """

    function: Function
    rectifies: bool = False
    rising = True

    def call(self, values: Any) -> Any:
        return self.function(values)

    def real(self, values: Floats, error: Floats) -> tuple[Floats, Floats]:
        single = values.astype(np.float32)[None, :, None, :]
        result = np.asarray(self.function(single), np.float64)[0, :, 0, :]
        rounding = UNIT_ROUNDOFF * np.abs(values) + 4 * UNIT_ROUNDOFF * np.abs(result)
        return result, error + rounding


@dataclass(frozen=True, eq=False)
class Curve(Part):
    """A function that falls and rises: with a quantizer behind it, it becomes a table.

    Args:
        function: in float32, as the source model does it.
        steepest: the largest slope.
    """

    function: Function
    steepest: float

    def call(self, values: Any) -> Any:
        return self.function(values)

    def real(self, values: Floats, error: Floats) -> tuple[Floats, Floats]:
        single = values.astype(np.float32)[None, :, None, :]
        result = np.asarray(self.function(single), np.float64)[0, :, 0, :]
        rounding = UNIT_ROUNDOFF * (self.steepest * np.abs(values) + 4 * np.abs(result))
        return result, self.steepest * error + rounding


@dataclass(frozen=True, eq=False)
class Channels(Part):
    """A part of what moves make of a tensor, for the channels of that tensor.

    Args:
        part: of all channels of the result.
        places: the channel of the result that each channel goes to; several may go to one.
        total: channels of the result.
    """

    part: Part
    places: tuple[int, ...]
    total: int

    @property
    def stands_in(self) -> bool:
        return self.part.stands_in

    @cached_property
    def _rounds(self) -> tuple[tuple[list[int], list[int]], ...]:
        """The channels, and their places, a round for each that goes to the same place."""
        rounds: list[tuple[list[int], list[int]]] = []
        seen: Counter[int] = Counter()
        for channel, place in enumerate(self.places):
            if seen[place] == len(rounds):
                rounds.append(([], []))
            own, places = rounds[seen[place]]
            own.append(channel)
            places.append(place)
            seen[place] += 1
        return tuple(rounds)

    def call(self, values: Any) -> Any:
        given = np.asarray(values)
        result = np.zeros_like(given)
        for own, places in self._rounds:
            whole = np.zeros((*given.shape[:-1], self.total), given.dtype)
            whole[..., places] = given[..., own]
            result[..., own] = np.asarray(self.part.call(whole))[..., places]
        return result

    def real(self, values: Floats, error: Floats) -> tuple[Floats, Floats]:
        result, bound = np.zeros_like(values), np.zeros_like(error)
        for own, places in self._rounds:
            whole, errors = (np.zeros((len(values), self.total)) for _ in range(2))
            whole[:, places], errors[:, places] = values[:, own], error[:, own]
            found = self.part.real(whole, errors)
            result[:, own], bound[:, own] = found[0][:, places], found[1][:, places]
        return result, bound

    def affine(self) -> tuple[Floats, Floats] | None:
        found = self.part.affine()
        places = list(self.places)
        return found and (found[0][places], found[1][places])


def in_float64(parts: Sequence[Part], values: Floats) -> tuple[Floats, Floats]:
    """(values behind the parts, bounds of what float32 is off there); values are exact."""
    error = np.zeros_like(values)
    for part in parts:
        values, error = part.real(values, error)
    return values, error


def never_falls(part: Part) -> bool:
    """Whether a part is rising on every channel."""
    if isinstance(part, Affine):
        return part.rises
    if isinstance(part, Channels):
        return never_falls(part.part)
    return part.rising


_INPUT_ROUNDINGS = 4
"""Roundings of whoever scales an image: scale or deviation, mean, difference, product."""


def input_scaling(scaling: Scaling, name: str, fmt: FixedFormat, channels: int) -> Affine:
    """What the model is given for a code, as a function of ``code * step``.

    Args:
        name: of the input layer, for messages.
    """

    def scaled(values: Any) -> Any:
        return scaling.values(np.rint(np.asarray(values, np.float64) / fmt.step).astype(np.int64))

    return Affine(
        name,
        "the scale of the input",
        scaling.factors(channels) / fmt.step,
        scaling.summands(channels),
        scaled,
        roundings=0 if scaling.is_dyadic else _INPUT_ROUNDINGS,
    )
