"""Float Keras models of a topology, and the folding of their batch normalization.

The float model is trained with batch normalization behind every hidden convolution. Folding moves
it into kernel and bias, which yields the network that is quantized: convolutions, biases, ReLUs.
The input is ``byte / 256`` (``design.INPUT_FORMAT``), the output scores without softmax.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import INPUT_FORMAT
from fcn_hw.keras_env import keras_env
from fcn_hw.train.shared_norm import shared_norm
from fcn_hw.train.topology import (
    Conv,
    ConvTranspose,
    Crop,
    Input,
    MaxPool,
    Merge,
    Node,
    Topology,
    Upsample,
    quantizable,
)

Weights = dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]
"""Kernel and bias of each quantizable layer, by name."""

ACTIVATION_SUFFIX = "_act"
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

    def weighted(node: Conv | ConvTranspose, tensor: Any) -> Any:
        if isinstance(node, ConvTranspose):
            return layers.Conv2DTranspose(
                node.shape.channels, node.kernel, node.scale, padding="same", name=node.name
            )(tensor)
        folded = node.hidden and batchnorm
        tensor = layers.Conv2D(
            node.shape.channels,
            node.kernel,
            padding=node.padding,
            use_bias=not folded,
            kernel_initializer="he_normal" if node.hidden else "glorot_uniform",
            name=node.name,
        )(tensor)
        if folded:
            norm = layers.BatchNormalization if shared is None else partial(shared_norm, shared)
            tensor = norm(momentum=_BN_MOMENTUM, epsilon=_BN_EPSILON, name=node.name + NORM_SUFFIX)(
                tensor
            )
        if node.hidden:
            tensor = layers.ReLU(name=node.name + ACTIVATION_SUFFIX)(tensor)
        return tensor

    model = build_model(topology, weighted, "float")
    for node in topology:
        if isinstance(node, ConvTranspose):
            layer = model.get_layer(node.name)
            channels = node.shape.channels
            layer.set_weights([bilinear_kernel(node.scale, channels), np.zeros(channels)])
    return model


def build_model(
    topology: Topology,
    weighted: Callable[[Conv | ConvTranspose, Any], Any],
    name: str,
) -> Any:
    """A functional Keras model; ``weighted`` builds the layers that own weights.

    All other layers are exact and the same in every variant of the network.
    """
    keras = keras_env().keras
    tensors: dict[str, Any] = {}
    for node in topology:
        if isinstance(node, Input):
            size = (node.shape.height, node.shape.width, node.shape.channels)
            image = tensors[node.name] = keras.layers.Input(size, name=node.name)
            if node.scaling is not None:
                tensors[node.name] = _scaled(node, image)
        elif isinstance(node, Merge):
            merge = keras.layers.Add if node.how == "add" else keras.layers.Concatenate
            tensors[node.name] = merge(name=node.name)([tensors[s] for s in node.sources])
        elif isinstance(node, (Conv, ConvTranspose)):
            tensors[node.name] = weighted(node, tensors[node.source])
        else:
            tensors[node.name] = _plain_layer(node, tensors)
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


def _plain_layer(node: Node, tensors: dict[str, Any]) -> Any:
    layers = keras_env().keras.layers
    if isinstance(node, MaxPool):
        return layers.MaxPooling2D(2, padding="same", name=node.name)(tensors[node.source])
    if isinstance(node, Upsample):
        return layers.UpSampling2D(node.scale, interpolation=node.method, name=node.name)(
            tensors[node.source]
        )
    assert isinstance(node, Crop)
    tensor = tensors[node.source]
    rows = int(tensor.shape[1]) - node.shape.height
    columns = int(tensor.shape[2]) - node.shape.width
    return layers.Cropping2D(((0, rows), (0, columns)), name=node.name)(tensor)


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
            kernel = kernel * factor  # output channels are the last axis of a Conv2D kernel
            bias = beta + (bias - mean) * factor
        result[node.name] = (kernel.astype(np.float32), bias.astype(np.float32))
    return result


def set_weights(model: Any, weights: Weights) -> None:
    """Puts kernels and biases into a model without batch normalization."""
    for name, (kernel, bias) in weights.items():
        model.get_layer(name).set_weights([kernel, bias])


def fold_batchnorm(model: Any, topology: Topology) -> Any:
    """The float model of the same function without batch normalization."""
    folded = build_float(topology, batchnorm=False)
    set_weights(folded, folded_weights(model, topology))
    return folded
