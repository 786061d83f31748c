"""Activations and normalizations: what is done to each value alone."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.activations import activation_of, quantizes
from fcn_hw.frontend.keras_parts import (
    batch_normalization,
    normalization,
    on_tensors,
    rescaling,
)
from fcn_hw.frontend.operations import rectified
from fcn_hw.frontend.parts import Curve, Rising
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Pending, Value
from fcn_hw.frontend.walk import Call
from fcn_hw.frontend.weights import check_finite

RISING = frozenset(
    """sigmoid hard_sigmoid tanh hard_tanh smooth_sigmoid smooth_tanh softplus softsign relu6
    elu""".split()
)
"""Functions that never fall and are nowhere steeper than 1; a quantizer must follow."""


def activation(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    function = call.layer.quantizer if hasattr(call.layer, "quantizer") else call.layer.activation
    return activated(ctx, call, values[0], function, call.path)


def activated(ctx: Context, call: Call, value: Value, function: Any, name: str) -> Value:
    """A value behind an activation, which may be none.

    Args:
        function: a quantizer, a Keras function or None.
        name: for the op.

    Raises:
        UnsupportedLayer: the function has no exact form.
    """
    if is_linear(function):
        return value
    if quantizes(function):
        return ctx.quantized(value, activation_of(call.path, function), name, call.path)
    label = getattr(function, "__name__", type(function).__name__)
    if label == "relu":
        return _rectified(ctx, call, value, function, name)
    if keeps_class(function, call, ctx.ends):
        return _head(ctx, call, value, label)
    if label in RISING:
        return Pending(value, Rising(call.path, f"activation '{label}'", on_tensors(function)))
    raise UnsupportedLayer(
        call.path,
        f"activation '{label}' has no exact fixed-point form",
        hint="use quantized_relu or quantized_bits",
    )


def keeps_class(function: Any, call: Call, ends: frozenset[Hashable]) -> bool:
    """Whether a function is left out since the class of each pixel is the same without it.

    Args:
        ends: numbers of the tensors that only go out.
    """
    label = getattr(function, "__name__", "")
    return label == "softmax" or (label == "sigmoid" and call.outputs[0] in ends)


def is_linear(function: Any) -> bool:
    return function is None or getattr(function, "__name__", "") == "linear"


def relu(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    layer = call.layer
    limits = {
        name: float(value)
        for name in ("max_value", "negative_slope", "threshold")
        if (value := getattr(layer, name, None)) is not None and float(value) != 0.0
    }
    if not limits:
        return _rectified(ctx, call, values[0], layer, call.path)
    told = ", ".join(f"{name}={value:g}" for name, value in limits.items())
    if "threshold" in limits or limits.get("negative_slope", 0.0) > 1.0:
        raise UnsupportedLayer(
            call.path, f"ReLU with {told}", hint="use a plain ReLU or quantized_relu"
        )
    return Pending(values[0], Rising(call.path, f"ReLU with {told}", on_tensors(layer)))


def leaky_relu(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    slope = float(call.layer.alpha)
    if not 0.0 <= slope <= 1.0:
        raise UnsupportedLayer(
            call.path, f"LeakyReLU with alpha={slope:g}", hint="use an alpha of 0 to 1"
        )
    function = on_tensors(call.layer)
    return Pending(values[0], Rising(call.path, f"LeakyReLU with alpha={slope:g}", function))


def prelu(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    stored = np.asarray(call.layer.alpha, np.float32)
    check_finite(call.path, "its slopes hold", stored.astype(np.float64))
    slopes = stored.reshape(-1, stored.shape[-1])
    if np.any(slopes != slopes[0]):
        raise UnsupportedLayer(
            call.path,
            "its slopes differ from pixel to pixel",
            hint="use PReLU(shared_axes=[1, 2]), which has one a channel, and train it so",
        )
    (alpha,) = slopes[:1]

    def function(given: Any) -> Any:
        single = np.asarray(given, np.float32)
        return np.maximum(single, 0) + -alpha * np.maximum(-single, 0)

    if np.any(alpha < 0) or np.any(alpha > 1):
        steepest = max(1.0, float(np.abs(alpha).max()))
        return Pending(values[0], Curve(call.path, "PReLU", function, steepest))
    return Pending(values[0], Rising(call.path, "PReLU", function))


def softmax(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    if call.layer.axis not in (-1, 3):
        raise UnsupportedLayer(
            call.path, f"softmax along axis {call.layer.axis}", hint="use axis=-1, the channels"
        )
    return _head(ctx, call, values[0], "softmax")


def rescaled(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return Pending(values[0], rescaling(call.layer, call.path, values[0].shape[2]))


def normalized(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return Pending(values[0], normalization(call.layer, call.path, values[0].shape[2]))


def batch_norm(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    axes = call.layer.axis if isinstance(call.layer.axis, (list, tuple)) else [call.layer.axis]
    if [int(axis) % 4 for axis in axes] != [3]:
        raise UnsupportedLayer(
            call.path, f"normalization along axis {list(axes)}", hint="use axis=-1, the channels"
        )
    normalized: Value = Pending(values[0], batch_normalization(call.layer, call.path))
    return activated(ctx, call, normalized, getattr(call.layer, "activation", None), call.path)


def _rectified(ctx: Context, call: Call, value: Value, function: Any, name: str) -> Value:
    part = Rising(call.path, "activation 'relu'", on_tensors(function), rectifies=True)
    return rectified(ctx, call.path, value, name, part)


def _head(ctx: Context, call: Call, value: Value, label: str) -> Value:
    """Softmax rises with its input and keeps the order of channels: arg-max needs none of it.

    Sigmoid is above one half where its input is above 0.
    """
    ctx.heads[call.outputs[0]] = (call.path, label)
    return value
