"""Float Keras models of a topology, and the folding of their batch normalization.

The float model is trained with batch normalization behind the convolutions of which the topology
says so. Folding moves it into kernel and bias, which yields the network that is quantized:
convolutions, biases, ReLUs.
The input is ``byte / 256`` (``design.INPUT_FORMAT``), the output scores without softmax.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from fcn_hw.design import INPUT_FORMAT
from fcn_hw.keras_env import keras_env
from fcn_hw.train.shared_norm import shared_norm
from fcn_hw.train.topology import (
    Activate,
    AveragePool,
    Conv,
    ConvTranspose,
    Crop,
    DepthwiseConv,
    Function,
    Input,
    MaxPool,
    Merge,
    Node,
    Pad,
    Topology,
    Upsample,
    Weighted,
    function_of,
    quantizable,
    sources_of,
    unweighted,
)

Weights = dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]
"""Kernel and bias of each quantizable layer, by name."""

ACTIVATION_SUFFIX = "_act"
FUNCTION_SUFFIX = "_function"
NORM_SUFFIX = "_bn"
SCALE_SUFFIX = "_scale"

_BN_MOMENTUM = 0.9  # trainings here are short: 0.99 would lag behind
_BN_EPSILON = 1e-3


def bilinear_kernel(scale: int, channels: int) -> npt.NDArray[np.float32]:
    """Kernel of a transposed convolution that upsamples bilinearly, channel by channel.

    Long et al. 2015, section 4.3. Away from the border it equals a resize with half-pixel centres.

    Returns:
        (2 * scale, 2 * scale, channels, channels), as Conv2DTranspose stores it.
    """
    taps = 1.0 - np.abs(np.arange(2 * scale) - (scale - 0.5)) / scale
    kernel = np.zeros((2 * scale, 2 * scale, channels, channels), dtype=np.float32)
    for channel in range(channels):
        kernel[:, :, channel, channel] = np.outer(taps, taps)
    return kernel


def build_float(topology: Topology, *, batchnorm: bool, shared: Any = None) -> Any:
    """A float Keras model.

    Args:
        topology: the network.
        batchnorm: with batch normalization for training, or as it is after folding.
        shared: batch normalization over the images of all workers: the variable ``active`` of
            :class:`fcn_hw.train.team.Team`; None: of this process.

    Returns:
        A ``tf.keras.Model``: (N, H, W, C) in 0 to 255/256 -> scores (N, H, W, classes).
    """
    layers = keras_env().keras.layers

    def weighted(node: Weighted, tensor: Any) -> Any:
        hidden = isinstance(node, Conv) and node.function is not None
        folded = batchnorm and getattr(node, "normalized", False)
        tensor = weight_layer(
            node, initializer="he_normal" if hidden else "glorot_uniform", use_bias=not folded
        )(tensor)
        if folded:
            norm = layers.BatchNormalization if shared is None else partial(shared_norm, shared)
            tensor = norm(momentum=_BN_MOMENTUM, epsilon=_BN_EPSILON, name=node.name + NORM_SUFFIX)(
                tensor
            )
        return tensor

    def finished(node: Node, tensor: Any) -> Any:
        function = function_of(node)
        if function is None:
            return tensor
        return applied(function, node.name + ACTIVATION_SUFFIX, tensor)

    model = build_model(topology, weighted, finished, "float")
    channels = {node.name: node.shape.channels for node in topology}
    for node in topology:
        if isinstance(node, ConvTranspose) and _upsamples(node, channels[node.source]):
            kernel = bilinear_kernel(node.strides[0], node.shape.channels)
            model.get_layer(node.name).set_weights([kernel, np.zeros(node.shape.channels)])
    return model


def _upsamples(node: ConvTranspose, channels_in: int) -> bool:
    """Whether a bilinear kernel fits."""
    scale = node.strides[0]
    return node.strides == (scale, scale) and (
        (node.kernel, channels_in) == ((2 * scale, 2 * scale), node.shape.channels)
    )


def weight_layer(
    node: Weighted, quantizers: tuple[Any, Any] | None = None, initializer: str = "zeros",
    use_bias: bool = True,
) -> Any:  # fmt: skip
    """The Keras layer that owns the weights of a node, or the one of QKeras.

    Args:
        node: what it is.
        quantizers: of kernel and bias, or None each; with them the layer is one of QKeras.
        initializer: of the kernel.
        use_bias: whether it has a bias.
    """
    env = keras_env()
    kind = "depthwise" if isinstance(node, DepthwiseConv) else "kernel"
    options: dict[str, Any] = {
        "padding": node.padding, "strides": node.strides, "name": node.name, "use_bias": use_bias,
        f"{kind}_initializer": initializer,
    }  # fmt: skip
    layers, q = env.keras.layers, ""
    if quantizers is not None:
        layers, q = env.qkeras, "Q"
        options |= {f"{kind}_quantizer": quantizers[0], "bias_quantizer": quantizers[1]}
    if isinstance(node, ConvTranspose):
        return getattr(layers, f"{q}Conv2DTranspose")(node.shape.channels, node.kernel, **options)
    options["dilation_rate"] = node.dilation
    if isinstance(node, DepthwiseConv):
        options["depth_multiplier"] = node.multiplier
        return getattr(layers, f"{q}DepthwiseConv2D")(node.kernel, **options)
    return getattr(layers, f"{q}Conv2D")(node.shape.channels, node.kernel, **options)


def applied(function: Function, name: str, tensor: Any) -> Any:
    """A tensor behind a function, in float.

    Args:
        name: of the layer that gives it.
    """
    layers = keras_env().keras.layers
    if function.kind == "relu":
        return layers.ReLU(max_value=function.limit, name=name)(tensor)
    if function.kind == "leaky_relu":
        return layers.LeakyReLU(function.slope, name=name)(tensor)
    gate = layers.Rescaling(1 / 6, 0.5, name=f"{name}_shifted")(tensor)
    gate = layers.ReLU(max_value=1.0, name=f"{name}_gate")(gate)
    return layers.Multiply(name=name)([tensor, gate])


def build_model(
    topology: Topology,
    weighted: Callable[[Weighted, Any], Any],
    finished: Callable[[Node, Any], Any],
    name: str,
) -> Any:
    """A functional Keras model.

    Args:
        topology: the network.
        weighted: builds the layers that own weights.
        finished: builds what stands behind them, and behind nodes with a function or a quantizer of
            their own. All other layers are exact and the same in every variant of the network.
        name: of the model.
    """
    keras = keras_env().keras
    own = {node.name for node in unweighted(topology)}
    tensors: dict[str, Any] = {}
    for node in topology:
        if isinstance(node, Input):
            size = (node.shape.height, node.shape.width, node.shape.channels)
            image = tensors[node.name] = keras.layers.Input(size, name=node.name)
            if node.scaling is not None:
                tensors[node.name] = _scaled(node, image)
        elif isinstance(node, get_args(Weighted)):
            tensors[node.name] = finished(node, weighted(node, tensors[node.source]))
        else:
            tensor = _plain_layer(node, [tensors[source] for source in sources_of(node)])
            tensors[node.name] = finished(node, tensor) if node.name in own else tensor
    return keras.Model(image, tensors[topology[-1].name], name=name)


def _scaled(node: Input, image: Any) -> Any:
    """What the first layer is given: the model itself is given ``byte / 256``."""
    assert node.scaling is not None
    channels = node.shape.channels
    return keras_env().keras.layers.Rescaling(
        (node.scaling.factors(channels) / INPUT_FORMAT.step).tolist(),
        node.scaling.summands(channels).tolist(),
        name=node.name + SCALE_SUFFIX,
    )(image)


_MERGES = {
    "add": "Add", "average": "Average", "subtract": "Subtract", "maximum": "Maximum",
    "minimum": "Minimum", "multiply": "Multiply", "concat": "Concatenate",
}  # fmt: skip


def _plain_layer(node: Node, tensors: list[Any]) -> Any:
    """What a node without weights computes, before its function."""
    layers = keras_env().keras.layers
    if isinstance(node, Merge):
        return getattr(layers, _MERGES[node.how])(name=node.name)(tensors)
    (tensor,) = tensors
    if isinstance(node, Activate):
        return tensor
    if isinstance(node, Upsample):
        return layers.UpSampling2D(node.scale, interpolation=node.method, name=node.name)(tensor)
    if isinstance(node, (MaxPool, AveragePool)):
        kind = layers.MaxPooling2D if isinstance(node, MaxPool) else layers.AveragePooling2D
        return kind(node.pool, node.strides, node.padding, name=node.name)(tensor)
    height, width = (int(size) for size in tensor.shape[1:3])
    assert isinstance(node, (Crop, Pad))
    rows, columns = abs(height - node.shape.height), abs(width - node.shape.width)
    borders = ((node.top, rows - node.top), (node.left, columns - node.left))
    layer = layers.Cropping2D if isinstance(node, Crop) else layers.ZeroPadding2D
    return layer(borders, name=node.name)(tensor)


def folded_weights(model: Any, topology: Topology) -> Weights:
    """Kernel and bias of every layer, the batch normalization behind it folded in.

    ``gamma (W x - mean) / sqrt(var + eps) + beta`` is a convolution with the kernel
    ``W gamma / sqrt(var + eps)`` and the bias ``beta - mean gamma / sqrt(var + eps)``.

    Args:
        model: of :func:`build_float`, with or without batch normalization, or a quantized model.
        topology: that the model was built from.
    """
    names = {layer.name for layer in model.layers}
    result: Weights = {}
    for node in quantizable(topology):
        kernel, *rest = model.get_layer(node.name).get_weights()
        bias = rest[0] if rest else np.zeros(node.shape.channels, dtype=np.float32)
        if node.name + NORM_SUFFIX in names:
            norm = model.get_layer(node.name + NORM_SUFFIX)
            gamma, beta, mean, variance = (w.astype(np.float64) for w in norm.get_weights())
            factor = gamma / np.sqrt(variance + norm.epsilon)
            kernel, bias = scaled_outputs(node, kernel, factor), beta + (bias - mean) * factor
        result[node.name] = (kernel.astype(np.float32), bias.astype(np.float32))
    return result


def scaled_outputs(
    node: Weighted, kernel: npt.NDArray[Any], factor: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """A kernel whose layer gives ``factor`` times as much, by output channel."""
    if isinstance(node, ConvTranspose):
        return np.asarray(kernel * factor[:, None])
    if isinstance(node, DepthwiseConv):
        return np.asarray(kernel * factor.reshape(-1, node.multiplier))
    return np.asarray(kernel * factor)


def scaled_inputs(
    node: Weighted, kernel: npt.NDArray[Any], factor: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """A kernel whose layer takes ``factor`` times as much of each input channel."""
    return np.asarray(kernel * (factor if isinstance(node, ConvTranspose) else factor[:, None]))


def set_weights(model: Any, weights: Weights) -> None:
    """Puts kernels and biases into a model without batch normalization."""
    for name, (kernel, bias) in weights.items():
        model.get_layer(name).set_weights([kernel, bias])


def fold_batchnorm(model: Any, topology: Topology) -> Any:
    """The float model of the same function without batch normalization."""
    folded = build_float(topology, batchnorm=False)
    set_weights(folded, folded_weights(model, topology))
    return folded
