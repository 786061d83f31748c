"""Activation quantizers of QKeras 0.9.0: the format of their results, and the kind of their steps.

Works on the quantizer objects by class name and attributes; imports neither QKeras nor TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import FixedFormat, from_quantized_bits, from_quantized_relu, from_sign
from fcn_hw.frontend.keras_parts import on_tensors
from fcn_hw.frontend.quantizer import Activation


def activation_of(layer: str, quantizer: Any) -> Activation:
    """What an activation quantizer does.

    Raises:
        UnsupportedLayer: its results are no fixed-point numbers of one format.
    """
    kind = type(quantizer).__name__
    if getattr(quantizer, "qnoise_factor", 1.0) != 1.0:
        raise UnsupportedLayer(
            layer,
            f"{kind} has qnoise_factor {float(quantizer.qnoise_factor)}: not fully quantized",
            hint="set qnoise_factor to 1 before saving the model",
        )
    rule = QUANTIZERS.get(kind)
    if rule is None:
        raise UnsupportedLayer(
            layer,
            f"activation quantizer {kind} has no exact fixed-point form here",
            hint="use quantized_bits(bits, integer, alpha=1) or quantized_relu(bits, integer)",
        )
    return rule.read(layer, quantizer)


def _quantized_bits(layer: str, quantizer: Any) -> Activation:
    bits, integer = int(quantizer.bits), int(quantizer.integer)
    if bits - int(bool(quantizer.keep_negative)) < 1:
        return _one_bit(layer, quantizer)
    fmt = from_quantized_bits(
        bits,
        integer,
        keep_negative=bool(quantizer.keep_negative),
        symmetric=bool(quantizer.symmetric),
    )
    exponent = _exponent_of_alpha(layer, quantizer)
    return _activation(quantizer, _scaled(fmt, exponent), converts=exponent == 0)


def _one_bit(layer: str, quantizer: Any) -> Activation:
    """``quantized_bits`` of one bit, the sign function: -1 and 1, or 0 and 1."""
    exponent = _exponent_of_alpha(layer, quantizer)
    if quantizer.keep_negative:
        return _activation(quantizer, from_sign(exponent), stride=2)
    return _activation(quantizer, FixedFormat(signed=False, width=1, integer=1 + exponent))


def _quantized_relu(layer: str, quantizer: Any) -> Activation:
    bits, integer = int(quantizer.bits), int(quantizer.integer)
    slope = float(quantizer.negative_slope)
    if slope:  # one bit is the sign
        fmt = from_quantized_bits(bits, integer)
        return _activation(quantizer, fmt)
    bounded = not quantizer.is_quantized_clip and quantizer.relu_upper_bound is not None
    plain = not quantizer.use_sigmoid and not bounded
    return _activation(quantizer, from_quantized_relu(bits, integer), converts=plain)


def _quantized_tanh(layer: str, quantizer: Any) -> Activation:
    return _activation(
        quantizer, from_quantized_bits(int(quantizer.bits), 0, symmetric=bool(quantizer.symmetric))
    )


def _quantized_sigmoid(layer: str, quantizer: Any) -> Activation:
    return _activation(quantizer, from_quantized_relu(int(quantizer.bits), 0))


def _quantized_hswish(layer: str, quantizer: Any) -> Activation:
    return replace(_quantized_bits(layer, quantizer), converts=False, rising=False)


def _binary(layer: str, quantizer: Any) -> Activation:
    exponent = _exponent_of_alpha(layer, quantizer)
    if getattr(quantizer, "use_01", False):
        return _activation(quantizer, FixedFormat(signed=False, width=1, integer=1 + exponent))
    return _activation(quantizer, from_sign(exponent), stride=2)


def _ternary(layer: str, quantizer: Any) -> Activation:
    return _activation(quantizer, from_sign(_exponent_of_alpha(layer, quantizer)))


def _activation(
    quantizer: Any, fmt: FixedFormat, *, converts: bool = False, stride: int = 1
) -> Activation:
    return Activation(_label(quantizer), on_tensors(quantizer), fmt, converts, stride=stride)


def _label(quantizer: Any) -> str:
    try:
        return str(quantizer)
    except AssertionError:  # quantized_hswish of QKeras 0.9.0 asserts on its own integer bits
        return f"{type(quantizer).__name__}({quantizer.bits})"


def _scaled(fmt: FixedFormat, exponent: int) -> FixedFormat:
    return replace(fmt, integer=fmt.integer + exponent)


def _exponent_of_alpha(layer: str, quantizer: Any) -> int:
    """log2 of ``alpha``; None is 1.

    Raises:
        UnsupportedLayer: alpha depends on the values, or is no power of two.
    """
    alpha = quantizer.alpha
    if alpha is None:
        return 0
    kind = type(quantizer).__name__
    if isinstance(alpha, (int, float)) and alpha > 0:
        mantissa, exponent = math.frexp(alpha)
        if mantissa == 0.5:
            return exponent - 1
    raise UnsupportedLayer(
        layer,
        f"activation {kind} with alpha={alpha!r} has no fixed binary point",
        hint="use alpha=1 and choose the integer bits",
    )


@dataclass(frozen=True)
class QuantizerRule:
    """How an activation quantizer is read, for the exporter and for ``docs/operators.md``.

    Args:
        read: (layer name, quantizer) -> what it does.
        status: ``exact``: a conversion of fixed-point numbers; ``proved``: a step function whose
            codes are proved equal.
        note: its form in hardware, and its limits.
    """

    read: Callable[[str, Any], Activation]
    status: str
    note: str


_STEPS = "thresholds, or scale and bias, of the sum in front of it"

QUANTIZERS: dict[str, QuantizerRule] = {
    "quantized_bits": QuantizerRule(
        _quantized_bits,
        "exact",
        "conversion; `alpha` 1 or None, or a power of two (thresholds); `symmetric`, "
        "`keep_negative=False`; one bit is the sign",
    ),
    "quantized_relu": QuantizerRule(
        _quantized_relu,
        "exact",
        "conversion, any integer bits; proved as thresholds with `negative_slope`, "
        "`use_sigmoid` or `relu_upper_bound` on the grid",
    ),
    "quantized_tanh": QuantizerRule(_quantized_tanh, "proved", _STEPS),
    "quantized_sigmoid": QuantizerRule(
        _quantized_sigmoid, "proved", f"{_STEPS}; hard or real sigmoid"
    ),
    "quantized_hswish": QuantizerRule(
        _quantized_hswish, "proved", "a table; the values in front of it have 12 bits at most"
    ),
    "binary": QuantizerRule(_binary, "proved", "one threshold a channel; `use_01`"),
    "stochastic_binary": QuantizerRule(_binary, "proved", "as `binary`, in inference"),
    "ternary": QuantizerRule(_ternary, "proved", "two thresholds a channel"),
    "stochastic_ternary": QuantizerRule(_ternary, "proved", "as `ternary`, in inference"),
}
"""Quantizer class name -> rule. What is not here is refused by name."""

SIGNS = frozenset({"binary", "ternary", "stochastic_binary", "stochastic_ternary"})
"""Quantizers of -1, 0, 1 times a scale; ``x + (q - x)`` in float32 leaves an ulp of x on them."""


def quantizes(function: Any) -> bool:
    """Whether a Keras activation is a quantizer, by its attributes or its module."""
    return hasattr(function, "bits") or type(function).__module__.split(".")[0] == "qkeras"
