"""Float functions between a known tensor and a quantizer, one value at a time.

Each is computed twice: ``call`` as QKeras does it, in float32, and ``real`` in float64, with a
bound of what float32 can be off. Where both ends of that bound give one code, the code does not
depend on the order in which a processor adds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.constants import check_finite
from fcn_hw.keras_env import keras_env
from fcn_hw.scaling import Scaling

Floats = npt.NDArray[np.float64]

UNIT_ROUNDOFF = 2.0**-24
"""Relative error of one float32 operation (IEEE 754, round to nearest)."""

_NORM_ROUNDINGS = 8
"""Roundings of a batch normalization: variance plus epsilon, square root, reciprocal, gamma, mean,
product, beta, and one for the order in which a kernel does them."""


@dataclass(frozen=True, eq=False)
class Part(ABC):
    """Base of all parts; arrays are (n, channels).

    Args:
        layer: the Keras layer, for messages.
        label: what it is, for messages.
    """

    layer: str
    label: str

    rising = False
    """Whether a larger input never gives a smaller output."""

    @property
    def stands_in(self) -> bool:
        """Whether QKeras computes it in another way, so that ``call`` is near it only."""
        return False

    @abstractmethod
    def call(self, values: Any) -> Any:
        """As QKeras computes it: float32 tensor (1, n, 1, channels) to the same shape."""

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
        function: the same in float32, as QKeras does it.
        own_error: what the float32 result can be off beyond rounding, by channel; that of a sum of
            products, say.
        roundings: float32 operations that round.
        near_only: see ``stands_in``.
    """

    factor: Floats
    summand: Floats
    function: Callable[[Any], Any]
    own_error: Floats | float = 0.0
    roundings: int = 1
    near_only: bool = False

    @property
    def stands_in(self) -> bool:
        return self.near_only

    @property
    def rises(self) -> bool:
        return bool(np.all(self.factor >= 0))

    def call(self, values: Any) -> Any:
        return self.function(as_tensor(values))

    def real(self, values: Floats, error: Floats) -> tuple[Floats, Floats]:
        product = values * self.factor
        rounding = self.roundings * UNIT_ROUNDOFF * (np.abs(product) + np.abs(self.summand))
        return product + self.summand, error * np.abs(self.factor) + rounding + self.own_error

    def affine(self) -> tuple[Floats, Floats]:
        return self.factor, self.summand


@dataclass(frozen=True, eq=False)
class Rising(Part):
    """A function that never falls, steeper than 1 nowhere: ReLU, sigmoid, tanh.

    Args:
        function: in float32, as QKeras does it.
        rectifies: whether it is ``max(x, 0)``, which needs no quantizer behind it.
    """

    function: Callable[[Any], Any]
    rectifies: bool = False
    rising = True

    def call(self, values: Any) -> Any:
        return self.function(as_tensor(values))

    def real(self, values: Floats, error: Floats) -> tuple[Floats, Floats]:
        single = as_tensor(values.astype(np.float32)[None, :, None, :])
        result = np.asarray(self.function(single), np.float64)[0, :, 0, :]
        rounding = UNIT_ROUNDOFF * np.abs(values) + 4 * UNIT_ROUNDOFF * np.abs(result)
        return result, error + rounding


@dataclass(frozen=True, eq=False)
class Channels(Part):
    """A part of concatenated tensors, for the channels of one of them.

    Args:
        part: of all channels.
        first, count: the channels.
        total: all channels.
    """

    part: Part
    first: int
    count: int
    total: int

    @property
    def stands_in(self) -> bool:
        return self.part.stands_in

    @property
    def _own(self) -> slice:
        return slice(self.first, self.first + self.count)

    def call(self, values: Any) -> Any:
        given = np.asarray(values)
        whole = np.zeros((*given.shape[:-1], self.total), given.dtype)
        whole[..., self._own] = given
        return np.asarray(self.part.call(whole))[..., self._own]

    def real(self, values: Floats, error: Floats) -> tuple[Floats, Floats]:
        whole, errors = (np.zeros((len(values), self.total)) for _ in range(2))
        whole[:, self._own], errors[:, self._own] = values, error
        result, bound = self.part.real(whole, errors)
        return result[:, self._own], bound[:, self._own]

    def affine(self) -> tuple[Floats, Floats] | None:
        found = self.part.affine()
        return found and (found[0][self._own], found[1][self._own])


def as_tensor(values: Any) -> Any:
    """A tensor of TensorFlow, which Keras' functions want."""
    return keras_env().tf.convert_to_tensor(values)


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


def batch_normalization(layer: Any, name: str) -> Affine:
    """A ``BatchNormalization`` or ``QBatchNormalization`` in inference.

    Args:
        name: of the layer, for messages.
    """

    def parameter(variable: str, otherwise: float) -> Floats:
        value = getattr(layer, variable, None)
        if value is None:
            return np.full(np.asarray(layer.moving_mean).shape, otherwise)
        quantizer = getattr(layer, f"{variable.removeprefix('moving_')}_quantizer_internal", None)
        return np.asarray(value if quantizer is None else quantizer(value), np.float64)

    gamma, beta = parameter("gamma", 1.0), parameter("beta", 0.0)
    mean, variance = parameter("moving_mean", 0.0), parameter("moving_variance", 1.0)
    with np.errstate(all="ignore"):  # what is not finite is refused
        factor = gamma / np.sqrt(variance + np.float64(np.float32(layer.epsilon)))
        summand = beta - mean * factor
    check_finite(name, "its parameters give", factor, summand)
    return Affine(
        name,
        type(layer).__name__,
        factor,
        summand,
        lambda values: layer(values, training=False),
        own_error=_NORM_ROUNDINGS * UNIT_ROUNDOFF * np.abs(mean * factor),
        roundings=_NORM_ROUNDINGS,
    )


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


def rescaling(layer: Any, name: str, channels: int) -> Affine:
    """A ``Rescaling``.

    Raises:
        UnsupportedLayer: scale or offset is not one number, or one a channel.
    """
    factor = _by_channel(name, "scale", layer.scale, channels)
    summand = _by_channel(name, "offset", layer.offset, channels)
    return Affine(name, "Rescaling", factor, summand, layer, roundings=3)


def normalization(layer: Any, name: str, channels: int) -> Affine:
    """A ``Normalization``, of given or adapted mean and variance.

    Raises:
        UnsupportedLayer: they are not one number, or one a channel.
    """
    mean = _by_channel(name, "mean", layer.mean, channels)
    variance = _by_channel(name, "variance", layer.variance, channels)
    with np.errstate(all="ignore"):  # what is not finite is refused
        deviation = np.maximum(np.sqrt(variance), keras_env().keras.backend.epsilon())
        factor = deviation if layer.invert else 1.0 / deviation
        summand = mean if layer.invert else -mean / deviation
    check_finite(name, "its parameters give", factor, summand)
    return Affine(name, "Normalization", factor, summand, layer, roundings=_NORM_ROUNDINGS)


def _by_channel(name: str, label: str, value: Any, channels: int) -> Floats:
    found = np.asarray(value, np.float64)
    last = found.shape[-1] if found.ndim else 1
    if found.size != last or last not in (1, channels):
        raise UnsupportedLayer(
            name,
            f"{label} of shape {found.shape} is not one number, or one for each of {channels} "
            "channels",
            hint="use axis=-1 or one number",
        )
    check_finite(name, f"its {label} holds", found)
    return np.array(np.broadcast_to(found.reshape(last), (channels,)))
