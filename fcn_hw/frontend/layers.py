"""One function a layer class: from a (Q)Keras layer to values of a graph.

A layer that can't be expressed exactly raises :class:`UnsupportedLayer`; nothing is approximated
silently. The functions see layer objects only and import neither TensorFlow nor QKeras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.activation_layers import (
    activation,
    batch_norm,
    leaky_relu,
    normalized,
    prelu,
    relu,
    rescaled,
    softmax,
)
from fcn_hw.frontend.arranged import Arranged
from fcn_hw.frontend.convolutions import (
    conv2d,
    conv2d_batchnorm,
    conv_transpose2d,
    dense,
    depthwise_batchnorm,
    depthwise_conv2d,
    separable_conv2d,
)
from fcn_hw.frontend.geometry import channels_last, padding_of, pair
from fcn_hw.frontend.operations import (
    added,
    averaged,
    concatenated,
    cropped,
    depth_to_space,
    largest,
    max_pooled,
    mean_of,
    multiplied,
    padded,
    smallest,
    subtracted,
    upsampled_bilinear,
    upsampled_nearest,
)
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Shape, Value
from fcn_hw.frontend.walk import Call
from fcn_hw.keras_files.functions import DEPTH_TO_SPACE
from fcn_hw.keras_files.refused import NEVER
from fcn_hw.ops import Padding

LayerFunction = Callable[[Context, Call, Sequence[Any]], "Value | Arranged"]
"""(context, call, values that it reads) -> the layer's output. Values are images; only a function
that rearranges them is given those that are arranged otherwise."""


def max_pooling2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return max_pooled(ctx, call.path, values[0], *_pooling(call, values[0].shape))


def average_pooling2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return averaged(ctx, call.path, values[0], *_pooling(call, values[0].shape))


def global_average_pooling2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value | Arranged:
    """A pixel; without ``keepdims`` a vector, which a Reshape makes a pixel again."""
    channels_last(call)
    height, width, channels = values[0].shape
    pixel = averaged(ctx, call.path, values[0], (height, width), (height, width), Padding())
    return pixel if call.layer.keepdims else Arranged.of(pixel, call.path).reshaped([channels])


def _pooling(call: Call, shape: Shape) -> tuple[tuple[int, int], tuple[int, int], Padding]:
    channels_last(call)
    pool, strides = pair(call.layer.pool_size), pair(call.layer.strides)
    padding = Padding()
    if padding_of(call) == "same":
        padding = Padding.same(shape[:2], pool, strides)
    return pool, strides, padding


def up_sampling2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    channels_last(call)
    return _upsampled(ctx, call, values, pair(call.layer.size))


def resizing(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    (height, width, _), (new_height, new_width, _) = values[0].shape, _shape(call)
    if call.layer.crop_to_aspect_ratio or new_height % height or new_width % width:
        raise UnsupportedLayer(
            call.path,
            f"it resizes {height}x{width} to {new_height}x{new_width}, which is no whole multiple",
            hint="resize to a whole multiple, or let the host resize the images",
        )
    return _upsampled(ctx, call, values, (new_height // height, new_width // width))


def _upsampled(ctx: Context, call: Call, values: Sequence[Value], scale: tuple[int, int]) -> Value:
    method = call.layer.interpolation
    if method not in ("nearest", "bilinear"):
        raise UnsupportedLayer(
            call.path, f"interpolation '{method}'", hint="use 'nearest' or 'bilinear'"
        )
    upsampled = upsampled_nearest if method == "nearest" else upsampled_bilinear
    return upsampled(ctx, call.path, values[0], scale)


def cropping2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    channels_last(call)
    (top, _), (left, _) = call.layer.cropping
    height, width, _ = _shape(call)
    return cropped(ctx, call.path, values[0], (int(top), int(left)), (height, width))


def depth_to_space_layer(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    block = int(call.layer.block_size)
    return depth_to_space(ctx, call.path, values[0], (block, block), 1)


def reshape(ctx: Context, call: Call, values: Sequence[Value | Arranged]) -> Value | Arranged:
    shape = [int(size or 0) for size in call.shape]
    return _arranged(ctx, Arranged.of(values[0], call.path).reshaped(shape))


def permute(ctx: Context, call: Call, values: Sequence[Value | Arranged]) -> Value | Arranged:
    order = [int(place) - 1 for place in call.layer.dims]  # the batch is axis 0
    return _arranged(ctx, Arranged.of(values[0], call.path).permuted(order))


def _arranged(ctx: Context, tensor: Arranged) -> Value | Arranged:
    """The image that a tensor is, if it is one."""
    image = tensor.as_image(ctx)
    return tensor if image is None else image


def zero_padding2d(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    channels_last(call)
    (top, bottom), (left, right) = call.layer.padding
    padding = Padding(int(top), int(bottom), int(left), int(right))
    return padded(ctx, call.path, values[0], padding)


def add(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return added(ctx, call.path, values)


def average(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return mean_of(ctx, call.path, values)


def subtract(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return subtracted(ctx, call.path, values)


def multiply(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return multiplied(ctx, call.path, values)


def maximum(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return largest(ctx, call.path, values)


def minimum(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    return smallest(ctx, call.path, values)


def concatenate(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    if call.layer.axis not in (-1, 3):
        raise UnsupportedLayer(
            call.path,
            f"concatenation along axis {call.layer.axis}",
            hint="concatenate channels",
        )
    return concatenated(ctx, call.path, values)


def nothing(ctx: Context, call: Call, values: Sequence[Value]) -> Value:
    """A layer that does nothing in inference."""
    return values[0]


@dataclass(frozen=True)
class LayerRule:
    """How a layer is taken, for the exporter and for ``docs/operators.md``.

    Args:
        read: the function.
        status: ``exact``, or what it depends on.
        note: its form in hardware, and its limits.
        keeps_pixels: whether each pixel of its output depends on that pixel alone, so that it does
            the same along other axes than rows and columns.
        rearranges: whether it reads and gives values along other axes.
    """

    read: LayerFunction
    status: str
    note: str
    keeps_pixels: bool = False
    rearranges: bool = False


_EXACT, _NOTHING = "exact", "removed"
_BEHIND = "proved behind a quantizer, else measured"

LAYERS: dict[str, LayerRule] = {
    "QConv2D": LayerRule(
        conv2d,
        _EXACT,
        "stride, dilation, `same` or `valid`, bias or none, inline activation",
    ),
    "QConv2DBatchnorm": LayerRule(conv2d_batchnorm, _EXACT, "folded as in QKeras' inference"),
    "QDepthwiseConv2D": LayerRule(depthwise_conv2d, _EXACT, "any depth multiplier"),
    "QDepthwiseConv2DBatchnorm": LayerRule(
        depthwise_batchnorm, _EXACT, "folded as in QKeras' inference"
    ),
    "QSeparableConv2D": LayerRule(
        separable_conv2d,
        _EXACT,
        "a depthwise and a 1x1 convolution, nothing rounded between",
    ),
    "QConv2DTranspose": LayerRule(
        conv_transpose2d, _EXACT, "any kernel and stride, `same` or `valid`; no dilation"
    ),
    "QDense": LayerRule(dense, _EXACT, "on images: a 1x1 convolution", keeps_pixels=True),
    "Dense": LayerRule(
        dense, _EXACT, "on images; weights that lie on a grid of at most 16 bits", keeps_pixels=True
    ),
    "Conv2D": LayerRule(conv2d, _EXACT, "weights that lie on a grid of at most 16 bits"),
    "DepthwiseConv2D": LayerRule(
        depthwise_conv2d, _EXACT, "weights that lie on a grid of at most 16 bits"
    ),
    "SeparableConv2D": LayerRule(
        separable_conv2d, _EXACT, "weights that lie on a grid of at most 16 bits"
    ),
    "Conv2DTranspose": LayerRule(
        conv_transpose2d,
        _EXACT,
        "weights that lie on a grid of at most 16 bits, as bilinear kernels do",
    ),
    "BatchNormalization": LayerRule(
        batch_norm,
        _BEHIND,
        "a quantizer may follow behind padding, cropping, pooling, nearest "
        "upsampling, concatenation or an Add",
    ),
    "QBatchNormalization": LayerRule(batch_norm, _BEHIND, "with its quantized parameters"),
    "Rescaling": LayerRule(
        rescaled, _BEHIND, "one scale and offset, or one a channel; exact before a convolution too"
    ),
    "Normalization": LayerRule(
        normalized, _BEHIND, "one mean and variance, or one a channel; as Rescaling"
    ),
    "QActivation": LayerRule(activation, "see quantizers", "", keeps_pixels=True),
    "Activation": LayerRule(
        activation,
        "see quantizers",
        "a quantizer, or a function as below; "
        "`sigmoid` as the last layer: score > 0, or the scores",
        keeps_pixels=True,
    ),
    "ReLU": LayerRule(
        relu,
        _EXACT,
        "measured behind float layers without a quantizer; `max_value` and `negative_slope` with a "
        "quantizer behind them",
    ),
    "LeakyReLU": LayerRule(leaky_relu, _BEHIND, "a quantizer must follow"),
    "PReLU": LayerRule(
        prelu,
        _BEHIND,
        "a quantizer must follow; a slope a channel (`shared_axes=[1, 2]`), 0 to 1; others, alike "
        "on all channels, behind a quantizer of at most 12 bits",
    ),
    "Softmax": LayerRule(
        softmax,
        _NOTHING,
        "as the last layer: it becomes arg-max, or the scores go out",
        keeps_pixels=True,
    ),
    "MaxPooling2D": LayerRule(max_pooling2d, _EXACT, "any pool and stride, `same` or `valid`"),
    "AveragePooling2D": LayerRule(
        average_pooling2d,
        _EXACT,
        "windows of 2**n positions; others proved behind a quantizer, else measured; `same` too",
    ),
    "GlobalAveragePooling2D": LayerRule(
        global_average_pooling2d,
        _EXACT,
        "as AveragePooling2D; `keepdims=True`, or a Reshape to (1, 1, channels) behind it, with "
        "Dense and quantizers between",
    ),
    "UpSampling2D": LayerRule(
        up_sampling2d,
        _EXACT,
        "nearest by any integer, bilinear by powers of two to 32; bilinear by another factor to 32 "
        "is proved behind a quantizer, else measured",
    ),
    DEPTH_TO_SPACE: LayerRule(
        depth_to_space_layer, _EXACT, "the function itself, not in a Lambda; any block"
    ),
    "Reshape": LayerRule(
        reshape,
        _EXACT,
        "with Permute: what `tf.nn.depth_to_space` or `torch.nn.PixelShuffle` does, of blocks that "
        "need not be square; at the end, rows behind one another: (height * width, channels)",
        rearranges=True,
    ),
    "Permute": LayerRule(permute, _EXACT, "as Reshape", rearranges=True),
    "ZeroPadding2D": LayerRule(zero_padding2d, _EXACT, "asymmetric too"),
    "Cropping2D": LayerRule(cropping2d, _EXACT, ""),
    "Add": LayerRule(
        add,
        _EXACT,
        "two inputs or more, of one shape; a single row or column is repeated; a sum of "
        "normalizations is proved behind a quantizer where its combinations of codes are few, else "
        "measured",
    ),
    "Average": LayerRule(
        average,
        _EXACT,
        "of two or four inputs of one shape; of others, and of float layers, as AveragePooling2D",
    ),
    "Subtract": LayerRule(subtract, _EXACT, "two inputs of one shape, as Add"),
    "Multiply": LayerRule(
        multiply,
        _EXACT,
        "two inputs or more; one of them may have one channel, one row or one column: attention "
        "gates, squeeze-and-excitation",
    ),
    "Maximum": LayerRule(maximum, _EXACT, "two inputs or more, of one shape, as Add"),
    "Minimum": LayerRule(minimum, _EXACT, "two inputs or more, of one shape, as Add"),
    "Concatenate": LayerRule(concatenate, _EXACT, "channels of two inputs or more"),
    "Resizing": LayerRule(resizing, _EXACT, "to a whole multiple, as UpSampling2D"),
    "Dropout": LayerRule(nothing, _NOTHING, ""),
    "SpatialDropout2D": LayerRule(nothing, _NOTHING, ""),
    "GaussianNoise": LayerRule(nothing, _NOTHING, ""),
    "GaussianDropout": LayerRule(nothing, _NOTHING, ""),
    "ActivityRegularization": LayerRule(nothing, _NOTHING, ""),
    "AlphaDropout": LayerRule(nothing, _NOTHING, ""),
    **{
        f"Random{kind}": LayerRule(nothing, _NOTHING, "augmentation, which acts in training only")
        for kind in ("Flip", "Rotation", "Translation", "Zoom", "Contrast", "Brightness")
    },
}
"""Layer class name -> rule. What is not here is refused by name."""

REFUSED: dict[str, str] = {
    "Lambda": "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    "TFOpLambda": "functions that have a layer are taken as it: +, -, maximum, concat, relu, "
    "relu6, softmax, identity, pad, image.resize, depth_to_space; use layers for the rest",
    "PruneLowMagnitude": "strip it before saving: tfmot.sparsity.keras.strip_pruning(model)",
    "Flatten": "use a QConv2D whose kernel covers the frame",
    "QAveragePooling2D": "its divisor is quantized: use AveragePooling2D and a QActivation",
    "QGlobalAveragePooling2D": "its divisor is quantized: use GlobalAveragePooling2D",
    "QAdaptiveActivation": "its range moves: use QActivation with the range that it found",
    "ThresholdedReLU": "use ReLU or quantized_relu",
    "QOctaveConv2D": "use QConv2D on each part, UpSampling2D and Add",
    "Conv2D with groups": "use groups=1, or QDepthwiseConv2D",
    "ELU": "put a QActivation behind Activation('elu')",
    **NEVER,
    **{
        f"Q{kind}": NEVER[kind]
        for kind in """LSTM GRU SimpleRNN Bidirectional SimpleRNNCell LSTMCell GRUCell Conv1D
        SeparableConv1D""".split()
    },
}
"""What a model can do instead of these layers; every other unknown layer is told the near names."""


# -- shared by the functions above ----------------------------------------------------------------


def _shape(call: Call) -> Shape:
    height, width, channels = (int(n or 0) for n in call.shape)
    return height, width, channels
