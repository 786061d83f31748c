"""QKeras' quantizers as single TensorFlow kernels, for models in training.

Each quantizer of QKeras is a chain of ten and more elementwise operations on the whole activation
tensor, and the gradient of each. Here a quantizer is one pass forward and at most one backward:
``QuantizeAndDequantizeV4`` clips, scales, rounds half to even and scales back, and
``QuantizeAndDequantizeV4Grad`` passes the gradient on where the input lies in a range. All scales
are powers of two, so both are exact in float32.

They compute what ``qkeras/quantizers.py`` of QKeras 0.9.0 computes:

================  ==============================  ================================================
QKeras            value                           gradient
================  ==============================  ================================================
quantized_relu    round half to even, saturate    1 where ``0 < x <= largest value``, else 0
quantized_bits    round half to even, saturate    1 everywhere, where it saturates too
binary, ternary   sign, threshold                 1 everywhere
================  ==============================  ================================================

The gradients are the straight-through estimators of QKeras, kept as they are, because a network
that QKeras trains should learn the same here. NaN stays NaN. Denormal inputs count as zero, as in
every TensorFlow kernel on a processor.

Three differences are wanted, all where QKeras' float32 form ``x + (q(x) - x)`` leaves the grid:

* ``binary`` and ``ternary`` give their levels; QKeras' may be an ulp off;
* a signed input of 2**24 steps or more saturates; QKeras gives a value off the grid, or 0;
* an input whose code is above float32's range, such as infinity, saturates; QKeras gives NaN. A
  diverged training is seen all the same, by its weights and its loss.

In all three the value here is that of ``fixed.quantize``, and so that of the hardware.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcn_hw.errors import FormatError
from fcn_hw.fixed import FixedFormat, from_quantized_bits
from fcn_hw.keras_env import keras_env
from fcn_hw.train.precision import ChannelFormat, SignFormat, WeightQuantizer

Values = Callable[[Any], Any]
"""A float32 tensor of any shape to one of its shape, on the grid."""

MAX_WIDTH_BITS = 24
"""Codes up to this width are exact in float32."""

_SMALLEST_POSITIVE = 2.0**-126
"""Of the normal float32 numbers; those below count as zero."""


@dataclass(frozen=True)
class FusedQuantizer:
    """What a QKeras layer takes for a quantizer.

    Args:
        values: computes it.
        bound: QKeras layers hold shadow weights within plus and minus this, but no closer than 1.
    """

    values: Values
    bound: float

    def __call__(self, x: Any) -> Any:
        return self.values(x)

    def max(self) -> float:
        """QKeras reads the bound of its ``Clip`` constraint here."""
        return self.bound


def fused_weight_quantizer(quantizer: WeightQuantizer) -> FusedQuantizer:
    """The fused form of :func:`fcn_hw.train.quantized.weight_quantizer`.

    Raises:
        FormatError: an unsigned format, one of more than 24 bits, or of 1 bit.
    """
    if isinstance(quantizer, FixedFormat):
        if not quantizer.signed:
            raise FormatError(f"weights are signed, {quantizer} is not")
        return _signed(quantizer)
    if isinstance(quantizer, ChannelFormat):
        _check_width(quantizer.fixed)
        bound = 2.0 ** (quantizer.fixed.integer - 1)
        return FusedQuantizer(_straight_through(_by_channel, quantizer), bound)
    assert isinstance(quantizer, SignFormat)
    values = _binary if quantizer.levels == "binary" else _ternary
    return FusedQuantizer(_straight_through(values, quantizer), quantizer.magnitude)


def fused_activation_quantizer(fmt: FixedFormat) -> FusedQuantizer:
    """The fused form of :func:`fcn_hw.train.quantized.activation_quantizer`.

    Raises:
        FormatError: a format of more than 24 bits, or a signed one of 1 bit.
    """
    return _signed(fmt) if fmt.signed else _relu(fmt)


def _check_width(fmt: FixedFormat) -> None:
    if fmt.width > MAX_WIDTH_BITS:
        raise FormatError(
            f"codes of {fmt} are not exact in float32", hint=f"at most {MAX_WIDTH_BITS} bits"
        )


def _signed(fmt: FixedFormat) -> FusedQuantizer:
    _check_width(fmt)
    if fmt.width == 1:  # quantized_bits(1, ...) is a sign, whose levels -1 and 1 no format has
        raise FormatError(f"{fmt} has one bit", hint="write binary for weights of one bit")
    return FusedQuantizer(_straight_through(_rounded, fmt), 2.0 ** (fmt.integer - 1))


def _straight_through(values: Callable[[Any, Any], Any], quantizer: Any) -> Values:
    """``values(x, quantizer)`` forward, the identity backward."""
    tf = keras_env().tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def quantize(x: Any) -> Any:
        return values(x, quantizer), lambda upstream: upstream

    return quantize  # type: ignore[no-any-return]


def _relu(fmt: FixedFormat) -> FusedQuantizer:
    _check_width(fmt)
    tf = keras_env().tf
    largest = fmt.max_code * fmt.step

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def quantize(x: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            return tf.raw_ops.QuantizeAndDequantizeV4Grad(
                gradients=upstream, input=x, input_min=_SMALLEST_POSITIVE, input_max=largest
            ).input_backprop

        return _rounded(x, fmt), gradient

    return FusedQuantizer(quantize, 2.0**fmt.integer)


def _rounded(x: Any, fmt: FixedFormat) -> Any:
    """Saturated, then rounded half to even; the two commute, as the bounds are on the grid."""
    # The kernel's scale is the largest code over the largest value: a power of two, without error.
    return keras_env().tf.raw_ops.QuantizeAndDequantizeV4(
        input=x,
        input_min=fmt.min_code * fmt.step,
        input_max=fmt.max_code * fmt.step,
        signed_input=fmt.signed,
        num_bits=fmt.width,
        range_given=True,
        round_mode="HALF_TO_EVEN",
    )


def _by_channel(x: Any, quantizer: ChannelFormat) -> Any:
    """Each filter times a power of two: in a format that is the same for all."""
    shape = [1] * len(x.shape)
    shape[quantizer.axis] = len(quantizer.integers)
    scales = np.exp2(quantizer.integers).astype(np.float32).reshape(shape)
    return _rounded(x / scales, from_quantized_bits(quantizer.bits, -1)) * scales


def _binary(x: Any, quantizer: SignFormat) -> Any:
    sign = keras_env().tf.sign(x)
    return quantizer.magnitude * (sign + (1.0 - abs(sign)))  # 0 counts as positive


def _ternary(x: Any, quantizer: SignFormat) -> Any:
    tf = keras_env().tf
    return quantizer.magnitude * tf.cast(abs(x) >= quantizer.threshold, x.dtype) * tf.sign(x)
