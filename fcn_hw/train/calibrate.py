"""Choice of binary points: the power-of-two step of least L2 quantization error.

Hwang & Sung, "Fixed-point feedforward deep neural network design using weights +1, 0, and -1"
(SiPS 2014), section 3: each layer has one step, found by minimising the squared error of what it
quantizes. Weights and biases are known; activations are observed on calibration images in the
float network.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Activation, Bias, NumberFormat, Weight
from fcn_hw.fixed import (
    FixedFormat,
    from_quantized_bits,
    from_quantized_relu,
    quantize,
    to_float,
)
from fcn_hw.train.precision import (
    ChannelFormat,
    Formats,
    LayerFormats,
    OutputFormat,
    PrecisionTable,
    SignFormat,
    WeightQuantizer,
    Wish,
    stored_format,
)
from fcn_hw.train.topology import Topology, filter_axis, quantizable, unsigned_nodes

MIN_INTEGER, MAX_INTEGER = -24, 24
"""Bounds of the integer bits, the sign bit included; those of ``design.NumberFormat``."""

_REACH = 16
"""Candidates below the one that holds the largest value. Each halves the range that is not
clipped; at 2**-16 of it everything is clipped and the error can only grow."""

MAX_SPREAD = 4
"""Places between the binary points of the filters of a layer, at most: a sum is shifted to so many
places and one, which takes LUTs (:mod:`fcn_hw.ops.filter_shifts`)."""

FloatArray = npt.NDArray[np.float32]
Batches = Callable[[], Iterable[Mapping[str, FloatArray]]]
"""Starts a pass over the activations: arrays by layer name, batch after batch."""


def signed_format(bits: int, integer: int) -> FixedFormat:
    """The format of ``quantized_bits`` with ``integer`` bits, the sign bit included."""
    return from_quantized_bits(bits, integer - 1)


def weight_codes(values: npt.ArrayLike, quantizer: WeightQuantizer) -> npt.NDArray[np.int64]:
    """Weights to integer codes, in the format ``quantizer`` or ``quantizer.fixed``.

    Equal, code for code, to what the QKeras quantizer of the same format does.
    """
    if isinstance(quantizer, FixedFormat):
        return quantize(values, quantizer)
    values = np.asarray(values)
    if isinstance(quantizer, ChannelFormat):
        return _channel_codes(values, quantizer)
    sign = np.where(values < 0, -1, 1)
    if quantizer.levels == "binary":
        return sign.astype(np.int64)
    return np.where(np.abs(values) >= quantizer.threshold, sign, 0).astype(np.int64)


def _channel_codes(values: npt.NDArray[Any], quantizer: ChannelFormat) -> npt.NDArray[np.int64]:
    """Each filter in its own format; its codes as those of the format that holds all."""
    codes = np.zeros(values.shape, np.int64)
    least = min(quantizer.integers)
    by_filter, found = np.moveaxis(values, quantizer.axis, 0), np.moveaxis(codes, quantizer.axis, 0)
    integers = np.array(quantizer.integers)
    for integer in np.unique(integers):
        own = quantize(by_filter[integers == integer], signed_format(quantizer.bits, int(integer)))
        found[integers == integer] = own << int(integer - least)
    return codes


def quantized_values(values: npt.ArrayLike, quantizer: WeightQuantizer) -> FloatArray:
    """Weights rounded to their format; exact in float32 up to 24 bits."""
    fmt = stored_format(quantizer)
    return to_float(weight_codes(values, quantizer), fmt).astype(np.float32)


def squared_error(values: npt.ArrayLike, quantizer: WeightQuantizer) -> float:
    """Sum of the squared differences that the quantizer makes; float64."""
    values = np.asarray(values, dtype=np.float64)
    fmt = stored_format(quantizer)
    return float(np.sum((values - to_float(weight_codes(values, quantizer), fmt)) ** 2))


def candidates(largest: float) -> range:
    """Integer bits (sign included) worth trying for values up to ``largest`` in magnitude."""
    if largest == 0.0:
        return range(1)
    top = int(np.ceil(np.log2(largest))) + 2  # the sign bit, and one to spare for ties
    top = min(max(top, MIN_INTEGER), MAX_INTEGER)
    return range(max(top - _REACH, MIN_INTEGER), top + 1)


def best_integer(values: npt.ArrayLike, make: Callable[[int], WeightQuantizer]) -> WeightQuantizer:
    """The quantizer ``make(integer)`` of least squared error; of equals, the finest."""
    values = np.asarray(values, dtype=np.float64)
    largest = float(np.max(np.abs(values))) if values.size else 0.0
    return min(map(make, candidates(largest)), key=partial(squared_error, values))


def choose_weight(values: npt.ArrayLike, wish: Weight) -> WeightQuantizer:
    """The format of a layer's weights."""
    if isinstance(wish, NumberFormat):
        return signed_format(wish.bits, wish.integer)
    if isinstance(wish, int):
        return best_integer(values, lambda integer: signed_format(wish, integer))
    return best_integer(values, lambda integer: SignFormat(wish, integer - 1))


def choose_by_channel(values: npt.ArrayLike, bits: int, axis: int) -> ChannelFormat:
    """The format of a layer's weights whose filters have their own binary points.

    Args:
        axis: of ``values``, that the filters lie along.
    """
    filters = np.moveaxis(np.asarray(values, dtype=np.float64), axis, 0)
    chosen = [best_integer(each, lambda integer: signed_format(bits, integer)) for each in filters]
    integers = [stored_format(each).integer for each in chosen]
    least = max(integers) - MAX_SPREAD
    return ChannelFormat(bits, tuple(max(integer, least) for integer in integers), axis)


def choose_bias(values: npt.ArrayLike, wish: Bias) -> FixedFormat:
    """The format of a layer's bias."""
    if isinstance(wish, NumberFormat):
        return signed_format(wish.bits, wish.integer)
    chosen = best_integer(values, lambda integer: signed_format(wish, integer))
    assert isinstance(chosen, FixedFormat)
    return chosen


def choose_formats(
    topology: Topology,
    wanted: Mapping[str, Wish],
    weights: Mapping[str, tuple[FloatArray, FloatArray]],
    activations: Batches,
    others: Mapping[str, Activation] | None = None,
) -> PrecisionTable:
    """The formats of all layers.

    Args:
        topology: the network.
        wanted: of :func:`fcn_hw.train.precision.wishes`.
        weights: float kernel and bias of each layer.
        activations: yields the float outputs of all layers, behind the function where there is one.
            It is called twice: for the ranges, then for the errors.
        others: of :func:`fcn_hw.train.precision.activation_wishes`.
    """
    others = others or {}
    asked = {name: wish.activation for name, wish in wanted.items()}
    chosen = _choose_activations(asked | dict(others), unsigned_nodes(topology), activations)
    nodes = {node.name: node for node in quantizable(topology)}

    def weight_of(name: str, wish: Wish) -> WeightQuantizer:
        if wish.by_channel and isinstance(wish.weight, int):
            return choose_by_channel(weights[name][0], wish.weight, filter_axis(nodes[name]))
        return choose_weight(weights[name][0], wish.weight)

    with_weights: dict[str, Formats] = {
        name: LayerFormats(
            weight=weight_of(name, wish),
            bias=choose_bias(weights[name][1], wish.bias),
            activation=chosen[name],
        )
        for name, wish in wanted.items()
    }
    return PrecisionTable(with_weights | {name: OutputFormat(chosen[name]) for name in others})


def _choose_activations(
    wanted: Mapping[str, Activation], unsigned: Container[str], activations: Batches
) -> dict[str, FixedFormat]:
    def make(name: str, bits: int, integer: int) -> FixedFormat:
        if name in unsigned:
            return from_quantized_relu(bits, integer)
        return signed_format(bits, integer)

    chosen: dict[str, FixedFormat] = {}
    largest = {name: 0.0 for name, wish in wanted.items() if isinstance(wish, int)}
    for batch in activations():
        for name, value in largest.items():
            largest[name] = max(value, float(np.max(np.abs(batch[name]), initial=0.0)))
    trials: dict[str, dict[FixedFormat, float]] = {}
    for name, wish in wanted.items():
        if isinstance(wish, NumberFormat):
            chosen[name] = make(name, wish.bits, wish.integer)
        else:
            trials[name] = {make(name, wish, i): 0.0 for i in candidates(largest[name])}
    if trials:
        for batch in activations():
            for name, errors in trials.items():
                for fmt in errors:
                    errors[fmt] += squared_error(batch[name], fmt)
    for name, errors in trials.items():
        chosen[name] = min(errors, key=lambda fmt: errors[fmt])
    return chosen
