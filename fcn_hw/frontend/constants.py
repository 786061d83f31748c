"""Quantizers of QKeras 0.9.0 as fixed-point formats, and quantized weights as integer codes.

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
    from_quantized_relu,
    from_sign,
    quantize,
    smallest_format,
    to_codes,
)
from fcn_hw.ir import Constant

MAX_CONSTANT_BITS = 24
"""The widest weights and biases: more has no use in hardware and hints at an unquantized value."""

_SIGN_QUANTIZERS = ("binary", "ternary", "stochastic_binary", "stochastic_ternary")


def activation_format(layer: str, quantizer: Any) -> FixedFormat:
    """The format of an activation quantizer.

    Raises:
        UnsupportedLayer: the quantizer's result is no single fixed-point format.
    """
    kind = type(quantizer).__name__
    if getattr(quantizer, "qnoise_factor", 1.0) != 1.0:
        raise UnsupportedLayer(
            layer,
            f"{kind} has qnoise_factor {float(quantizer.qnoise_factor)}: not fully quantized",
            hint="set qnoise_factor to 1 before saving the model",
        )
    if kind == "quantized_bits":
        return _quantized_bits_format(layer, quantizer)
    if kind == "quantized_relu":
        return _quantized_relu_format(layer, quantizer)
    raise UnsupportedLayer(
        layer,
        f"activation quantizer {kind} has no exact fixed-point form here",
        hint="use quantized_bits(bits, integer, alpha=1) or quantized_relu(bits, integer)",
    )


def _quantized_bits_format(layer: str, quantizer: Any) -> FixedFormat:
    if quantizer.alpha not in (None, 1, 1.0):
        raise UnsupportedLayer(
            layer,
            f"activation quantized_bits with alpha={quantizer.alpha!r} has no fixed binary point",
            hint="use alpha=1 and choose the integer bits",
        )
    bits, integer = int(quantizer.bits), int(quantizer.integer)
    if bits - int(bool(quantizer.keep_negative)) < 1:
        raise UnsupportedLayer(
            layer,
            "quantized_bits of one bit is the sign function",
            hint="use quantized_relu(1, integer), or 2 bits",
        )
    return from_quantized_bits(
        bits,
        integer,
        keep_negative=bool(quantizer.keep_negative),
        symmetric=bool(quantizer.symmetric),
    )


def _quantized_relu_format(layer: str, quantizer: Any) -> FixedFormat:
    if quantizer.negative_slope:
        raise UnsupportedLayer(
            layer,
            f"quantized_relu with negative_slope={quantizer.negative_slope}",
            hint="use quantized_relu without a slope",
        )
    if quantizer.use_sigmoid:
        raise UnsupportedLayer(
            layer,
            "quantized_relu with use_sigmoid=1 is not piecewise linear",
            hint="use use_sigmoid=0",
        )
    if not quantizer.is_quantized_clip and quantizer.relu_upper_bound is not None:
        raise UnsupportedLayer(
            layer,
            f"quantized_relu with relu_upper_bound={quantizer.relu_upper_bound}",
            hint="leave is_quantized_clip on; the format's range is the bound",
        )
    return from_quantized_relu(int(quantizer.bits), int(quantizer.integer))


def weight_constant(layer: str, label: str, quantizer: Any, values: npt.ArrayLike) -> Constant:
    """The integer codes of weights or biases that ``quantizer`` made.

    Args:
        label: ``"kernel"`` or ``"bias"``, for messages.
        values: the quantizer's result, float32.

    Returns:
        codes in the quantizer's own format where it has one; otherwise (per-channel power-of-two
        scales) in the narrowest format that holds every value exactly.

    Raises:
        UnsupportedLayer: the values are no short fixed-point numbers.
    """
    array = np.asarray(values, dtype=np.float64)
    kind = type(quantizer).__name__
    if not np.all(np.isfinite(array)):
        raise UnsupportedLayer(layer, f"the {label} holds values that are not finite")
    if kind in _SIGN_QUANTIZERS:
        array = _without_residue(layer, label, array, np.asarray(quantizer.scale, np.float64))
    try:
        fmt = _nominal_format(kind, quantizer)
        if fmt is not None:
            return Constant(to_codes(array, fmt), fmt)
        return dyadic_constant(array)
    except FormatError as error:
        raise UnsupportedLayer(
            layer,
            f"{kind} gives {label} values that are no fixed-point numbers ({error})",
            hint="use a scale that is a power of two: alpha=1 or alpha='auto_po2'",
        ) from error


def _nominal_format(kind: str, quantizer: Any) -> FixedFormat | None:
    alpha = getattr(quantizer, "alpha", None)
    if kind == "quantized_bits" and alpha in (None, 1, 1.0) and quantizer.bits > 1:
        return from_quantized_bits(
            int(quantizer.bits),
            int(quantizer.integer),
            keep_negative=bool(quantizer.keep_negative),
            symmetric=bool(quantizer.symmetric),
        )
    if kind in _SIGN_QUANTIZERS and isinstance(alpha, (int, float)) and alpha > 0:
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


def dyadic_constant(values: npt.NDArray[np.float64]) -> Constant:
    """Codes in the narrowest signed format that holds every value exactly.

    Raises:
        FormatError: that format has more than :data:`MAX_CONSTANT_BITS` bits.
    """
    fraction = max((_fraction_bits(float(value)) for value in np.unique(values)), default=0)
    scaled = np.ldexp(values, fraction)
    if scaled.size and np.abs(scaled).max() >= 2.0**MAX_CONSTANT_BITS:
        raise FormatError(f"more than {MAX_CONSTANT_BITS} bits are needed")
    codes = scaled.astype(np.int64)
    low = min(int(codes.min()), -1)  # signed: weights always are
    return Constant(codes, smallest_format(low, int(codes.max()), fraction))


def _fraction_bits(value: float) -> int:
    """The smallest f for which ``value * 2**f`` is an integer; may be negative."""
    if value == 0.0:
        return -64  # no constraint; another value decides, or the format's range check does
    numerator, denominator = value.as_integer_ratio()
    if denominator > 1:
        return denominator.bit_length() - 1
    return -((numerator & -numerator).bit_length() - 1)
