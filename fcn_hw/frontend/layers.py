"""One function a layer class: from a (Q)Keras layer to ops of a graph.

A layer that can't be expressed exactly raises :class:`UnsupportedLayer`; nothing is approximated.
The functions see layer objects only and import neither TensorFlow nor QKeras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.constants import activation_format, weight_constant
from fcn_hw.frontend.names import CNames
from fcn_hw.ir import Constant
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.ops import Padding, Pair
from fcn_hw.ir.shapes import same_padding
from fcn_hw.ir.verify import BILINEAR_SCALES, MAX_SKIP_INPUTS


@dataclass
class Context:
    """What a layer function works with."""

    builder: GraphBuilder
    names: CNames

    def size(self, source: str) -> Pair:
        shape = self.builder.tensor(source).shape
        return shape[0], shape[1]


LayerFunction = Callable[[Context, Any, Sequence[str]], str]
"""(context, layer, names of the source ops) -> name of the op that holds the layer's output."""


def conv2d(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    _channels_last(layer)
    if layer.groups != 1:
        raise UnsupportedLayer(layer.name, f"groups={layer.groups}", hint="use groups=1")
    weight, bias = _constants(layer)
    kernel_h, kernel_w, _, _ = weight.codes.shape
    strides, dilation = _pair(layer.strides), _pair(layer.dilation_rate)
    padding = Padding()
    if _padding(layer) == "same":
        padding = same_padding(ctx.size(sources[0]), (kernel_h, kernel_w), strides, dilation)
    return _with_activation(
        ctx,
        layer,
        lambda name, origin: ctx.builder.conv2d(
            name, sources[0], weight, bias,
            strides=strides, dilation=dilation, padding=padding, origin=origin,
        ),
    )  # fmt: skip


def conv_transpose2d(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    _channels_last(layer)
    if _pair(layer.dilation_rate) != (1, 1):
        raise UnsupportedLayer(
            layer.name, f"dilation_rate={layer.dilation_rate} of a transposed convolution",
            hint="use dilation_rate=1",
        )  # fmt: skip
    if getattr(layer, "output_padding", None) is not None:
        raise UnsupportedLayer(
            layer.name, f"output_padding={layer.output_padding}", hint="leave output_padding out"
        )
    weight, bias = _constants(layer)
    # Keras keeps (height, width, out, in)
    weight = Constant(weight.codes.transpose(0, 1, 3, 2), weight.format)
    strides = _pair(layer.strides)
    same = _padding(layer) == "same"
    excess = [max(k - s, 0) for k, s in zip(weight.codes.shape[:2], strides, strict=True)]
    height, width = ctx.size(sources[0])
    size = (
        height * strides[0] + (0 if same else excess[0]),
        width * strides[1] + (0 if same else excess[1]),
    )
    # `same` cuts what a strided convolution of this kernel would pad: TensorFlow computes the
    # transposed convolution as that convolution's gradient.
    crop = (excess[0] // 2, excess[1] // 2) if same else (0, 0)
    return _with_activation(
        ctx,
        layer,
        lambda name, origin: ctx.builder.conv_transpose2d(
            name, sources[0], weight, bias, strides=strides, crop=crop, size=size, origin=origin
        ),
    )


def activation(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    name = ctx.names(layer.name)
    return _activate(ctx, layer, sources[0], layer.activation, name, layer.name)


def q_activation(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    name = ctx.names(layer.name)
    return _activate(ctx, layer, sources[0], layer.quantizer, name, layer.name)


def relu(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    for field in ("max_value", "negative_slope", "threshold"):
        value = getattr(layer, field, None)
        if value is not None and float(value) != 0.0:
            raise UnsupportedLayer(
                layer.name, f"ReLU with {field}={value}", hint="use a plain ReLU or quantized_relu"
            )
    return ctx.builder.relu(ctx.names(layer.name), sources[0], origin=layer.name)


def max_pooling2d(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    _channels_last(layer)
    pool, strides = _pair(layer.pool_size), _pair(layer.strides)
    padding = Padding()
    if _padding(layer) == "same":
        padding = same_padding(ctx.size(sources[0]), pool, strides)
    return ctx.builder.max_pool2d(
        ctx.names(layer.name), sources[0], pool, strides, padding, origin=layer.name
    )


def up_sampling2d(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    _channels_last(layer)
    scale = _pair(layer.size)
    name = ctx.names(layer.name)
    if layer.interpolation == "nearest":
        return ctx.builder.upsample_nearest(name, sources[0], scale, origin=layer.name)
    if layer.interpolation != "bilinear":
        raise UnsupportedLayer(
            layer.name, f"interpolation '{layer.interpolation}'", hint="use 'nearest' or 'bilinear'"
        )
    if not set(scale) <= set(BILINEAR_SCALES):
        raise UnsupportedLayer(
            layer.name,
            f"bilinear upsampling by {scale}: its weights are no short binary fractions",
            hint="use 2, 4 or 8, or chain them",
        )
    return ctx.builder.upsample_bilinear(name, sources[0], scale, origin=layer.name)


def cropping2d(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    _channels_last(layer)
    (top, bottom), (left, right) = layer.cropping
    height, width = ctx.size(sources[0])
    return ctx.builder.crop2d(
        ctx.names(layer.name), sources[0], (int(top), int(left)),
        (height - int(top) - int(bottom), width - int(left) - int(right)), origin=layer.name,
    )  # fmt: skip


def zero_padding2d(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    _channels_last(layer)
    (top, bottom), (left, right) = layer.padding
    padding = Padding(int(top), int(bottom), int(left), int(right))
    return ctx.builder.zero_pad2d(ctx.names(layer.name), sources[0], padding, origin=layer.name)


def add(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    return _join(ctx, layer, ctx.builder.skip_add, sources)


def concatenate(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    if layer.axis not in (-1, 3):
        raise UnsupportedLayer(
            layer.name, f"concatenation along axis {layer.axis}", hint="concatenate channels"
        )
    return _join(ctx, layer, ctx.builder.skip_concat, sources)


def nothing(ctx: Context, layer: Any, sources: Sequence[str]) -> str:
    """A layer that does nothing in inference."""
    return sources[0]


LAYERS: dict[str, LayerFunction] = {
    "QConv2D": conv2d,
    "QConv2DTranspose": conv_transpose2d,
    "QActivation": q_activation,
    "Activation": activation,
    "ReLU": relu,
    "MaxPooling2D": max_pooling2d,
    "UpSampling2D": up_sampling2d,
    "Cropping2D": cropping2d,
    "ZeroPadding2D": zero_padding2d,
    "Add": add,
    "Concatenate": concatenate,
    "Dropout": nothing,
    "SpatialDropout2D": nothing,
}
"""Layer class name -> function. What is not here is refused by name."""

HINTS: dict[str, str] = {
    "Conv2D": "float weights have no exact integers: use qkeras.QConv2D with a kernel_quantizer",
    "Conv2DTranspose": "use qkeras.QConv2DTranspose with a kernel_quantizer",
    "BatchNormalization": "fold it into the convolution before quantization",
    "Lambda": "a Lambda holds arbitrary code: use layers that are listed in the documentation",
}


# -- shared by the functions above ----------------------------------------------------------------


def _with_activation(ctx: Context, layer: Any, build: Callable[[str, str], str]) -> str:
    """Builds the op and, for an inline activation, the conversion behind it."""
    name = ctx.names(layer.name)
    if layer.activation is None or _is_linear(layer.activation):
        return build(name, layer.name)
    # The sum itself is no layer's output: it has no origin.
    result = build(name, "")
    return _activate(
        ctx, layer, result, layer.activation, ctx.names(f"{layer.name}_activation"), layer.name
    )


def _activate(ctx: Context, layer: Any, source: str, function: Any, name: str, origin: str) -> str:
    if function is None or _is_linear(function):
        return source
    label = getattr(function, "__name__", type(function).__name__)
    if label == "relu":
        return ctx.builder.relu(name, source, origin=origin)
    if not hasattr(function, "bits") and type(function).__module__.split(".")[0] != "qkeras":
        raise UnsupportedLayer(
            layer.name,
            f"activation '{label}' has no exact fixed-point form",
            hint="use quantized_relu or quantized_bits",
        )
    return ctx.builder.quantize(
        name, source, activation_format(layer.name, function), origin=origin
    )


def _is_linear(function: Any) -> bool:
    return getattr(function, "__name__", "") == "linear"


def _constants(layer: Any) -> tuple[Constant, Constant | None]:
    if layer.kernel_quantizer is None:
        raise UnsupportedLayer(
            layer.name, "the kernel has no quantizer",
            hint="give kernel_quantizer=quantized_bits(bits, integer, alpha=1)",
        )  # fmt: skip
    quantizer = layer.kernel_quantizer_internal
    weight = weight_constant(layer.name, "kernel", quantizer, np.asarray(quantizer(layer.kernel)))
    if not layer.use_bias:
        return weight, None
    if layer.bias_quantizer is None:
        raise UnsupportedLayer(
            layer.name, "the bias has no quantizer",
            hint="give bias_quantizer=quantized_bits(bits, integer, alpha=1), or use_bias=False",
        )  # fmt: skip
    quantizer = layer.bias_quantizer_internal
    bias = weight_constant(layer.name, "bias", quantizer, np.asarray(quantizer(layer.bias)))
    return weight, bias


def _join(ctx: Context, layer: Any, build: Callable[..., str], sources: Sequence[str]) -> str:
    """One op, or a chain of them where there are more inputs than an op takes."""
    left = list(sources)
    while len(left) > MAX_SKIP_INPUTS:
        part = build(ctx.names(f"{layer.name}_part"), *left[:MAX_SKIP_INPUTS], origin="")
        left = [part, *left[MAX_SKIP_INPUTS:]]
    return build(ctx.names(layer.name), *left, origin=layer.name)


def _channels_last(layer: Any) -> None:
    if layer.data_format != "channels_last":
        raise UnsupportedLayer(
            layer.name, f"data_format '{layer.data_format}'", hint="use channels_last"
        )


def _padding(layer: Any) -> str:
    if layer.padding not in ("same", "valid"):
        raise UnsupportedLayer(
            layer.name, f"padding '{layer.padding}'", hint="use 'same' or 'valid'"
        )
    return str(layer.padding)


def _pair(value: Any) -> Pair:
    vertical, horizontal = value
    return int(vertical), int(horizontal)
