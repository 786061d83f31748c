"""Quantized weights and biases as integer codes.

Works on the quantizer objects by class name and attributes; imports neither QKeras nor TensorFlow.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import FormatError, UnsupportedLayer
from fcn_hw.fixed import (
    FixedFormat,
    from_quantized_bits,
    from_sign,
    quantize,
    smallest_format,
    snapped_codes,
    to_codes,
)
from fcn_hw.frontend.activations import SIGNS
from fcn_hw.frontend.weights import (
    MAX_CONSTANT_BITS,
    Floats,
    Weights,
    check_finite,
    dyadic_constant,
)
from fcn_hw.ops import Constant

POWERS_OF_TWO = frozenset({"quantized_po2", "quantized_relu_po2"})

_SCALES = (
    "any `alpha`: a power of two is in the codes; another scale, by channel too, goes into the "
    "next scale and bias or thresholds, where codes near a tie are measured"
)

WEIGHT_QUANTIZERS: dict[str, tuple[str, str]] = {
    "quantized_bits": ("exact", f"{_SCALES}; `symmetric`, `keep_negative`, one bit"),
    "quantized_po2": ("exact", "values of at most 24 bits"),
    "quantized_relu_po2": ("exact", "values of at most 24 bits"),
    "quantized_relu": ("exact", "weights that are never negative"),
    "binary": ("exact", _SCALES),
    "stochastic_binary": ("exact", "as `binary`: inference is not stochastic"),
    "ternary": ("exact", _SCALES),
    "stochastic_ternary": ("exact", "as `ternary`: inference is not stochastic"),
}
"""Quantizers of weights and biases: (status, note). What is not here is refused by name."""

MAX_FLOAT_LAYER_BITS = 16
"""The widest weights of a layer without quantizers: it is taken if its weights lie on a grid."""


def weights(layer: str, label: str, quantizer: Any, values: npt.ArrayLike) -> Weights:
    """What ``quantizer`` made of weights or biases, as integer codes.

    Args:
        label: ``"kernel"`` or ``"bias"``, for messages.
        values: the quantizer's result, float32; its ``scale`` is that of these values.

    Returns:
        codes in the quantizer's own format where it has one; the narrowest format that holds every
        value exactly where scales are powers of two; otherwise codes and the scale as ``unit``.

    Raises:
        UnsupportedLayer: the values are no short fixed-point numbers, not even times a scale.
    """
    array = np.asarray(values, dtype=np.float64)
    kind = type(quantizer).__name__
    if kind not in WEIGHT_QUANTIZERS:
        raise UnsupportedLayer(
            layer,
            f"{label} quantizer {kind} is not supported",
            hint=f"use one of {', '.join(WEIGHT_QUANTIZERS)}",
        )
    check_finite(layer, f"the {label} holds", array)
    if kind in SIGNS:
        array = _without_residue(layer, label, array, np.asarray(quantizer.scale, np.float64))
    elif kind in POWERS_OF_TWO:
        array = _powers_of_two(array)
    try:
        fmt = _nominal_format(kind, quantizer)
        if fmt is not None:
            return Weights(Constant(to_codes(array, fmt), fmt))
        return Weights(dyadic_constant(array))
    except FormatError as error:
        scaled = _times_scale(kind, quantizer, array)
        if scaled is not None:
            return scaled
        raise UnsupportedLayer(
            layer,
            f"{kind} gives {label} values that are no fixed-point numbers ({error})",
            hint="use quantized_bits, quantized_po2, binary or ternary",
        ) from error


def float_weights(layer: str, label: str, values: npt.ArrayLike) -> Weights:
    """Weights of a layer that has no quantizer, if they lie on a grid as they are.

    Raises:
        UnsupportedLayer: they need more than :data:`MAX_FLOAT_LAYER_BITS` bits.
    """
    array = np.asarray(values, dtype=np.float64)
    check_finite(layer, f"the {label} holds", array)
    try:
        constant = dyadic_constant(array, MAX_FLOAT_LAYER_BITS)
    except FormatError as error:
        raise UnsupportedLayer(
            layer,
            f"float {label} with no quantizer ({error})",
            hint="use the layer of qkeras with a quantizer, or weights on a grid of "
            f"{MAX_FLOAT_LAYER_BITS} bits",
        ) from error
    return Weights(constant)


def _times_scale(kind: str, quantizer: Any, values: Floats) -> Weights | None:
    """Codes and the quantizer's scale, where that is no power of two."""
    scale = getattr(quantizer, "scale", None)
    scale = np.asarray(_alpha(quantizer) if scale is None else scale, np.float64)
    if kind == "quantized_bits":
        bits, signed = int(quantizer.bits), bool(quantizer.keep_negative)
        integer = int(quantizer.integer)
        fmt = from_quantized_bits(bits, integer, keep_negative=signed)
        if bits - signed < 1:
            fmt = from_sign(0)
    elif kind in SIGNS:
        fmt = from_sign(0)
    else:
        return None
    if not np.all(scale > 0):  # a channel of zeros has scale 0
        scale = np.where(scale > 0, scale, 1.0)
    try:
        codes = snapped_codes(values / scale, fmt.fraction, _OFF_GRID)
    except FormatError:
        return None
    if np.abs(codes).max() > 2**MAX_CONSTANT_BITS:
        return None
    low, high = min(int(codes.min()), -1), int(codes.max())
    return Weights(
        Constant(codes.astype(np.int64), smallest_format(low, high, fmt.fraction)), scale
    )


_OFF_GRID = 2.0**-10
"""Steps by which float32 products of a code and a scale can be off."""


def _alpha(quantizer: Any) -> Any:
    alpha = getattr(quantizer, "alpha", None)
    return 1.0 if alpha is None or isinstance(alpha, str) else alpha


def _nominal_format(kind: str, quantizer: Any) -> FixedFormat | None:
    alpha = getattr(quantizer, "alpha", None)
    if kind == "quantized_bits" and alpha in (None, 1, 1.0) and quantizer.bits > 1:
        return from_quantized_bits(
            int(quantizer.bits),
            int(quantizer.integer),
            keep_negative=bool(quantizer.keep_negative),
            symmetric=bool(quantizer.symmetric),
        )
    if kind in SIGNS and isinstance(alpha, (int, float)) and alpha > 0:
        mantissa, exponent = math.frexp(alpha)
        if mantissa == 0.5:
            return from_sign(exponent - 1)
    return None


def _without_residue(
    layer: str, label: str, values: npt.NDArray[np.float64], scale: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The exact ``scale * {-1, 0, 1}`` behind the values of binary and ternary.

    QKeras computes ``x + (q - x)`` in float32. For quantizers that round, that is exact; for these,
    where q may be far from x, an ulp can be left over.
    """
    exact = quantize(values / scale, from_sign(0)) * scale
    if np.any(np.abs(values - exact) > 2.0**-20 * scale):
        raise UnsupportedLayer(layer, f"the {label} is not a scale times -1, 0 or 1")
    return exact


def _powers_of_two(values: Floats) -> Floats:
    """The powers of two behind ``x + (q - x)`` in float32, where an ulp can be left over."""
    exact = np.sign(values) * np.exp2(np.rint(np.log2(np.where(values == 0, 1.0, np.abs(values)))))
    near = np.abs(values - exact) <= 2.0**-20 * np.abs(exact)
    return np.where(near, exact, values)
