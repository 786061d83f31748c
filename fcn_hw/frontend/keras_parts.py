"""Layers of Keras as float functions of each value."""

from __future__ import annotations

from typing import Any

import numpy as np

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.parts import UNIT_ROUNDOFF, Affine, Floats, Function
from fcn_hw.frontend.weights import check_finite
from fcn_hw.keras_env import keras_env

_NORM_ROUNDINGS = 8
"""Roundings of a batch normalization: variance plus epsilon, square root, reciprocal, gamma, mean,
product, beta, and one for the order in which a kernel does them."""


def on_tensors(function: Function) -> Function:
    """A function that is given tensors of TensorFlow, which Keras' functions want."""
    return lambda values: function(keras_env().tf.convert_to_tensor(values))


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
        on_tensors(lambda values: layer(values, training=False)),
        own_error=_NORM_ROUNDINGS * UNIT_ROUNDOFF * np.abs(mean * factor),
        roundings=_NORM_ROUNDINGS,
    )


def rescaling(layer: Any, name: str, channels: int) -> Affine:
    """A ``Rescaling``.

    Raises:
        UnsupportedLayer: scale or offset is not one number, or one a channel.
    """
    factor = _by_channel(name, "scale", layer.scale, channels)
    summand = _by_channel(name, "offset", layer.offset, channels)
    return Affine(name, "Rescaling", factor, summand, on_tensors(layer), roundings=3)


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
    return Affine(
        name, "Normalization", factor, summand, on_tensors(layer), roundings=_NORM_ROUNDINGS
    )


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
