"""Convolutions of Keras and QKeras: plain, transposed, depthwise, separable, with folded norm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fcn_hw.errors import FormatError, UnsupportedLayer
from fcn_hw.frontend.activation_layers import activated, is_linear, keeps_class
from fcn_hw.frontend.constants import float_weights, weights
from fcn_hw.frontend.convolution_sums import Build, convolved
from fcn_hw.frontend.geometry import channels_last, padding_of, pair
from fcn_hw.frontend.parts import Floats
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Value
from fcn_hw.frontend.walk import Call
from fcn_hw.frontend.weights import Weights, check_finite, dyadic_constant
from fcn_hw.ops import Constant, Padding, Pair


def conv2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    if call.layer.groups != 1:
        raise UnsupportedLayer(
            call.path, f"groups={call.layer.groups}", hint="use groups=1, or QDepthwiseConv2D"
        )
    return _convolution(ctx, call, values[0], layer_weights(call, "kernel"), _bias(call))


def conv2d_batchnorm(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    kernel, bias = _folded(call, "kernel")
    return _convolution(ctx, call, values[0], kernel, bias)


def depthwise_conv2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    kernel = layer_weights(call, "depthwise_kernel", "depthwise")
    return _convolution(ctx, call, values[0], kernel, _bias(call), depthwise=True)


def depthwise_batchnorm(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    kernel, bias = _folded(call, "depthwise_kernel")
    return _convolution(ctx, call, values[0], kernel, bias, depthwise=True)


def separable_conv2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    """A depthwise convolution without bias and a 1x1 convolution."""
    depthwise = layer_weights(call, "depthwise_kernel", "depthwise")
    pointwise = layer_weights(call, "pointwise_kernel", "pointwise")
    between = convolved(
        ctx, call.path, values[0], depthwise, None, _spatial(ctx, call, values[0], depthwise, True),
        f"{call.path}_depthwise", "", depthwise=True,
    )  # fmt: skip
    return _with_activation(ctx, call, between, pointwise, _bias(call), _by_pixel(ctx))


def dense(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    """The same sums of each pixel: a 1x1 convolution."""
    kernel = layer_weights(call, "kernel")
    shape = (1, 1, *kernel.constant.codes.shape)
    unit = kernel.unit
    if unit is not None:
        unit = np.broadcast_to(unit, shape[2:]).reshape(shape)
    codes = kernel.constant.codes.reshape(shape)
    moved = Weights(Constant(codes, kernel.constant.format), unit)
    return _with_activation(ctx, call, values[0], moved, _bias(call), _by_pixel(ctx))


def conv_transpose2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    layer = call.layer
    channels_last(call)
    if pair(layer.dilation_rate) != (1, 1):
        raise UnsupportedLayer(
            call.path, f"dilation_rate={layer.dilation_rate} of a transposed convolution",
            hint="use dilation_rate=1",
        )  # fmt: skip
    if getattr(layer, "output_padding", None) is not None:
        raise UnsupportedLayer(
            call.path, f"output_padding={layer.output_padding}", hint="leave output_padding out"
        )
    kernel = _transposed(call, layer_weights(call, "kernel"))
    strides = pair(layer.strides)
    same = padding_of(call) == "same"
    excess = [max(k - s, 0) for k, s in zip(kernel.constant.codes.shape, strides, strict=False)]
    height, width, _ = values[0].shape
    size = (
        height * strides[0] + (0 if same else excess[0]),
        width * strides[1] + (0 if same else excess[1]),
    )
    # `same` cuts what a strided convolution of this kernel would pad: TensorFlow computes the
    # transposed convolution as that convolution's gradient.
    crop = (excess[0] // 2, excess[1] // 2) if same else (0, 0)

    def build(name: str, source: str, weight: Constant, bias: Constant | None, origin: str) -> str:
        return ctx.builder.conv_transpose2d(
            name, source, weight, bias, strides=strides, crop=crop, size=size, origin=origin
        )

    return _with_activation(ctx, call, values[0], kernel, _bias(call), build)


# -- weights ---------------------------------------------------------------------------------------


def layer_weights(call: Call, variable: str, quantizer: str = "kernel") -> Weights:
    """Quantized weights of a layer, or float ones that lie on a grid.

    Args:
        variable: attribute that holds the weights.
        quantizer: ``<quantizer>_quantizer_internal`` is the attribute of their quantizer.
    """
    label = variable.replace("_kernel", " kernel")
    values = getattr(call.layer, variable)
    function = getattr(call.layer, f"{quantizer}_quantizer_internal", None)
    if function is None:
        return float_weights(call.path, label, np.asarray(values))
    return weights(call.path, label, function, np.asarray(function(values)))


def _bias(call: Call) -> Weights | Floats | None:
    """Codes of the bias; its float values where no short codes hold them; None without one."""
    if not call.layer.use_bias:
        return None
    return _bias_codes(call, np.asarray(call.layer.bias))


def _bias_codes(call: Call, values: Any) -> Weights | Floats:
    function = getattr(call.layer, "bias_quantizer_internal", None)
    if function is not None:
        return weights(call.path, "bias", function, np.asarray(function(values)))
    floats = np.asarray(values, np.float64)
    check_finite(call.path, "the bias holds", floats)
    try:
        return Weights(dyadic_constant(floats))
    except FormatError:
        return floats


def _folded(call: Call, variable: str) -> tuple[Weights, Weights | Floats]:
    """Kernel and bias of a layer that folds its batch normalization, as it does in inference.

    The layer's own formulas: ``inv = rsqrt(variance + epsilon) * gamma``, kernel times inv, and
    ``inv * (bias - mean) + beta``, each then quantized.
    """
    layer = call.layer
    kernel, bias = layer.get_folded_weights()[:2]
    name = "kernel" if variable == "kernel" else "depthwise"
    function = getattr(layer, f"{name}_quantizer_internal", None)
    label = variable.replace("_kernel", " kernel")
    if function is None:
        return float_weights(call.path, label, np.asarray(kernel)), _bias_codes(call, bias)
    folded = weights(call.path, label, function, np.asarray(function(kernel)))
    return folded, _bias_codes(call, bias)


def _transposed(call: Call, kernel: Weights) -> Weights:
    """From Keras' (height, width, out, in) to (height, width, in, out)."""
    unit = kernel.unit
    if unit is not None:
        unit = np.broadcast_to(unit, kernel.constant.codes.shape).transpose(0, 1, 3, 2)
    codes = kernel.constant.codes.transpose(0, 1, 3, 2)
    return Weights(Constant(codes, kernel.constant.format), unit)


# -- sums ------------------------------------------------------------------------------------------


def _convolution(
    ctx: Context,
    call: Call,
    value: Value,
    kernel: Weights,
    bias: Weights | Floats | None,
    *,
    depthwise: bool = False,
) -> Value:
    build = _spatial(ctx, call, value, kernel, depthwise)
    return _with_activation(ctx, call, value, kernel, bias, build, depthwise=depthwise)


def _spatial(ctx: Context, call: Call, value: Value, kernel: Weights, depthwise: bool) -> Build:
    channels_last(call)
    kernel_h, kernel_w = kernel.constant.codes.shape[:2]
    strides, dilation = pair(call.layer.strides), pair(call.layer.dilation_rate)
    padding = Padding()
    if padding_of(call) == "same":
        padding = Padding.same(value.shape[:2], (kernel_h, kernel_w), strides, dilation)
    method = ctx.builder.depthwise_conv2d if depthwise else ctx.builder.conv2d
    return _builder(method, strides, dilation, padding)


def _by_pixel(ctx: Context) -> Build:
    """A 1x1 convolution."""
    return _builder(ctx.builder.conv2d, (1, 1), (1, 1), Padding())


def _builder(method: Callable[..., str], strides: Pair, dilation: Pair, padding: Padding) -> Build:
    def build(name: str, source: str, weight: Constant, bias: Constant | None, origin: str) -> str:
        return method(
            name, source, weight, bias,
            strides=strides, dilation=dilation, padding=padding, origin=origin,
        )  # fmt: skip

    return build


def _with_activation(
    ctx: Context,
    call: Call,
    value: Value,
    kernel: Weights,
    bias: Weights | Floats | None,
    build: Build,
    *,
    depthwise: bool = False,
) -> Value:
    """The convolution and, for an inline activation, what follows it."""
    function = call.layer.activation
    plain = is_linear(function) or keeps_class(function, call, ctx.ends)
    # In front of an activation the sum itself is no layer's output: it has no origin.
    origin = call.path if plain else ""
    total = convolved(
        ctx, call.path, value, kernel, bias, build, call.path, origin, depthwise=depthwise
    )
    return activated(ctx, call, total, function, f"{call.path}_activation")
