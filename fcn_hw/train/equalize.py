"""Channels of one size: a network of the same function whose tensors quantize well.

A tensor has one binary point. Folded normalizations leave channels of very different sizes behind
them, those of a depthwise convolution above all, and then the small ones have no codes left. What
stands between two layers with weights lets a factor by channel pass (ReLU, LeakyReLU, pooling), so
one layer may give a channel larger and the next weigh it less: Nagel et al., "Data-free
quantization through weight equalization and bias correction" (ICCV 2019), section 4.1, there by the
ranges of weights, here by those of activations: with these equal, the sums of a depthwise
convolution, and so its weights, are too.

A factor for all channels of a tensor is free as well. It makes the limit of a ReLU6 the largest
code of its format: no code stands for more than the limit, and saturation is the limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import from_quantized_relu
from fcn_hw.train.networks import Weights, scaled_inputs, scaled_outputs
from fcn_hw.train.topology import (
    AveragePool,
    ConvTranspose,
    Crop,
    MaxPool,
    Node,
    Pad,
    Topology,
    Upsample,
    Weighted,
    quantizable,
    readers_of,
)

_QUANTILE = 0.999
"""Of a channel's magnitudes on calibration images: a few may be larger, and saturate."""

_REACH = 4.0
"""Times the usual size of a filter's weights for its outputs: a channel that is almost always 0
would otherwise have the largest weights of the layer."""

_PASSIVE = (MaxPool, AveragePool, Upsample, Crop, Pad)
"""What gives k times as much for k times as much, channel by channel."""


def equalized(
    topology: Topology,
    weights: Weights,
    activations: Iterable[Mapping[str, npt.NDArray[np.float32]]],
    bits: Mapping[str, int],
) -> tuple[Topology, Weights]:
    """A network of the same function, the channels between layers made as large as the largest.

    A channel that is 0 on every image is left out: where a normalization stands behind an input
    that never changes, it leaves very large weights that nothing depends on.

    The largest channel of a tensor stays as it is; where a ReLU6 stands behind the layer, it and
    the limit grow by one factor, so that the limit is the largest code. So the limit stays right
    for every channel that reaches it; one that does not has another limit afterwards.

    Args:
        topology: the network; the output of a layer is left as it is where anything but layers
            with weights reads it, or its function is no ReLU or LeakyReLU.
        weights: of the float network, normalizations folded.
        activations: on calibration images, (N, H, W, C) by layer, batch after batch, behind the
            layers' functions.
        bits: of the activations of layers, unsigned; one that is not named keeps its limit.

    Returns:
        the network, with other limits, and its weights.
    """
    sizes: dict[str, npt.NDArray[np.float64]] = {}
    largest: dict[str, npt.NDArray[np.float64]] = {}
    for batch in activations:
        for name, values in batch.items():
            magnitudes = np.abs(values).reshape(-1, values.shape[-1])
            found = np.quantile(magnitudes, _QUANTILE, axis=0, method="higher")
            sizes[name] = np.maximum(sizes.get(name, 0.0), found)
            largest[name] = np.maximum(largest.get(name, 0.0), magnitudes.max(axis=0))
    result = dict(weights)
    changed: dict[str, Node] = {}
    for node in quantizable(topology):
        if node.function is not None and node.function.kind == "hard_swish":
            continue
        readers = readers_of(topology, node.name, _PASSIVE)
        if not readers:
            continue
        kernel, bias = result[node.name]
        alive = largest[node.name] > 0
        factors = _factors(node, kernel, sizes[node.name], alive)
        limit = None if node.function is None else node.function.limit
        if node.function is not None and limit and node.name in bits:
            largest_code = _largest_code(limit, bits[node.name])
            factors *= limit / largest_code
            changed[node.name] = replace(node, function=replace(node.function, limit=largest_code))
        moved = scaled_outputs(node, kernel, alive / factors)
        result[node.name] = (moved.astype(np.float32), (bias * alive / factors).astype(np.float32))
        for reader in readers:
            kernel, bias = result[reader.name]
            moved = scaled_inputs(reader, kernel, alive * factors)
            result[reader.name] = (moved.astype(np.float32), bias)
    return tuple(changed.get(node.name, node) for node in topology), result


def _largest_code(limit: float, bits: int) -> float:
    """The largest value of the narrowest format of so many bits that ``limit`` is below the end
    of."""
    fmt = from_quantized_relu(bits, math.ceil(math.log2(limit)))
    return fmt.max_code * fmt.step


def _factors(
    node: Weighted,
    kernel: npt.NDArray[Any],
    sizes: npt.NDArray[np.float64],
    alive: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """What each channel is divided by: at most 1, and 1 for the largest."""
    weights = np.abs(np.moveaxis(kernel, 2, -1) if isinstance(node, ConvTranspose) else kernel)
    filters = len(sizes)
    largest = weights.reshape(-1, filters).max(axis=0).astype(np.float64)
    known = alive & (sizes > 0) & (largest > 0)
    if not known.any():
        return np.ones(filters)
    usual = np.median(largest[known] / sizes[known])
    wanted = np.maximum(sizes, largest / (_REACH * usual)) / sizes.max()
    return np.where(known, np.minimum(wanted, 1.0), 1.0)
