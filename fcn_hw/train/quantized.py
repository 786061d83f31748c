"""The QKeras model of a topology: quantized weights, biases and activations.

Layers are named as in the float model. Sums, concatenations, resizing, cropping and pooling are
exact in fixed point and carry no quantizer.

Traps of QKeras 0.9.0 that this file avoids: ``alpha=None`` silently becomes ``'auto_po2'`` in
``QConv2D``, so ``alpha`` is always given; ``integer`` excludes the sign bit; the straight-through
form ``x + (q(x) - x)`` is exact in float32 for rounding quantizers, but not for ``binary`` and
``ternary``: their result may differ from the level by an ulp. :func:`snap` ends that: on kernels
that already are levels the form is exact for every quantizer. The fused quantizers of training give
the levels themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fcn_hw.fixed import FixedFormat
from fcn_hw.keras_env import keras_env
from fcn_hw.train.calibrate import quantized_values
from fcn_hw.train.fake_quant import fused_activation_quantizer, fused_weight_quantizer
from fcn_hw.train.networks import (
    ACTIVATION_SUFFIX,
    FUNCTION_SUFFIX,
    Weights,
    applied,
    build_model,
    folded_weights,
    set_weights,
    weight_layer,
)
from fcn_hw.train.precision import ChannelFormat, PrecisionTable, SignFormat, WeightQuantizer
from fcn_hw.train.topology import Function, Node, Topology, Weighted, function_of


def weight_quantizer(quantizer: WeightQuantizer) -> Any:
    """The QKeras quantizer of a weight or bias format."""
    q = keras_env().qkeras.quantizers
    if isinstance(quantizer, ChannelFormat):  # snapped weights are on its grid
        quantizer = quantizer.fixed
    if isinstance(quantizer, FixedFormat):
        return q.quantized_bits(quantizer.width, quantizer.integer - 1, 0, 1, alpha=1.0)
    assert isinstance(quantizer, SignFormat)
    if quantizer.levels == "binary":
        return q.binary(alpha=quantizer.magnitude)
    return q.ternary(alpha=quantizer.magnitude, threshold=quantizer.threshold)


def activation_quantizer(fmt: FixedFormat) -> Any:
    """``quantized_relu`` for an unsigned format, else ``quantized_bits``."""
    q = keras_env().qkeras.quantizers
    if fmt.signed:
        return q.quantized_bits(fmt.width, fmt.integer - 1, 0, 1, alpha=1.0)
    return q.quantized_relu(fmt.width, fmt.integer)


Part = Literal["weight", "bias", "activation"]
Parts = Mapping[str, frozenset[Part]]
"""What of each layer is quantized; a layer that is not named stays float."""


def build_quantized(
    topology: Topology,
    table: PrecisionTable,
    parts: Parts | None = None,
    *,
    fused: bool = False,
) -> Any:
    """A QKeras model; its weights are float shadow weights, quantized in every forward pass.

    They start as zeros: a quantized network always takes its weights from a float one.

    Args:
        topology: the network.
        table: formats of all layers.
        parts: what is quantized; None: all.
        fused: for training: the same values from the faster quantizers of
            :mod:`fcn_hw.train.fake_quant`, which no file can hold; :func:`snap` makes that model.

    Returns:
        A ``tf.keras.Model``: (N, H, W, C) in 0 to 255/256 -> scores (N, H, W, classes).
    """
    qkeras = keras_env().qkeras
    of_weight = fused_weight_quantizer if fused else weight_quantizer
    of_activation = fused_activation_quantizer if fused else activation_quantizer

    def weighted(node: Weighted, tensor: Any) -> Any:
        formats, chosen = table.layers[node.name], _chosen(parts, node.name)
        quantizers = (
            of_weight(formats.weight) if "weight" in chosen else None,
            of_weight(formats.bias) if "bias" in chosen else None,
        )
        return weight_layer(node, quantizers)(tensor)

    def finished(node: Node, tensor: Any) -> Any:
        function, name = function_of(node), node.name + ACTIVATION_SUFFIX
        if "activation" not in _chosen(parts, node.name):
            return tensor if function is None else applied(function, name, tensor)
        fmt = table.root[node.name].activation
        if function is not None and function.kind == "hard_swish" and not fused:
            return qkeras.QActivation(_quantized_hard_swish(fmt), name=name)(tensor)
        if function is not None and not _is_done_by(fmt, function):
            tensor = applied(function, node.name + FUNCTION_SUFFIX, tensor)
        return qkeras.QActivation(of_activation(fmt), name=name)(tensor)

    return build_model(topology, weighted, finished, "quantized")


def _is_done_by(fmt: FixedFormat, function: Function) -> bool:
    """Whether a quantizer computes a function too: it leaves out what is negative or too large."""
    largest = fmt.max_code * fmt.step
    return function.kind == "relu" and (function.limit is None or function.limit >= largest)


def _quantized_hard_swish(fmt: FixedFormat) -> Any:
    return keras_env().qkeras.quantizers.quantized_hswish(fmt.width, fmt.integer - 1, alpha=1.0)


def _chosen(parts: Parts | None, layer: str) -> frozenset[Part]:
    every: frozenset[Part] = frozenset({"weight", "bias", "activation"})
    return every if parts is None else parts.get(layer, frozenset())


def snapped_weights(weights: Weights, table: PrecisionTable, parts: Parts | None = None) -> Weights:
    """Kernels and biases on the grid of their formats: what goes to hardware."""
    result = {}
    for name, (kernel, bias) in weights.items():
        formats, chosen = table.layers[name], _chosen(parts, name)
        result[name] = (
            quantized_values(kernel, formats.weight) if "weight" in chosen else kernel,
            quantized_values(bias, formats.bias) if "bias" in chosen else bias,
        )
    return result


def snap(model: Any, topology: Topology, table: PrecisionTable, parts: Parts | None = None) -> Any:
    """A copy of the quantized model whose weights lie on their grid.

    It computes what ``model`` computes, exactly so for binary and ternary weights too. Its
    quantizers change nothing: it holds no shadow weights and is for inference and export.
    """
    exact = build_quantized(topology, table, parts)
    set_weights(exact, snapped_weights(folded_weights(model, topology), table, parts))
    return exact
