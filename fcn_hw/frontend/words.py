"""How a source model's people call its quantizers, for messages and proofs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """Names of one kind of source model.

    Args:
        program: that computes the model, the reference of proofs.
        quantizer: one that may stand behind a float function.
        any_quantizer: the same, short.
        conversions: what to use instead of a quantizer that is refused.
        first: quantizer of a value that a function which falls and rises reads.
        byte: quantizer of a value that a table reads.
        transposed: its transposed convolution.
    """

    program: str
    quantizer: str
    any_quantizer: str
    conversions: str
    first: str
    byte: str
    transposed: str


QKERAS = Words(
    program="QKeras",
    quantizer="a QActivation(quantized_bits(...)) or quantized_relu",
    any_quantizer="a QActivation",
    conversions="quantized_bits(bits, integer, alpha=1) or quantized_relu(bits, integer)",
    first="quantized_bits",
    byte="a QActivation(quantized_bits(8, ...))",
    transposed="QConv2DTranspose",
)

QONNX = Words(
    program="qonnx",
    quantizer="a Quant (brevitas.nn.QuantIdentity or QuantReLU)",
    any_quantizer="a Quant",
    conversions="Quant, BipolarQuant or QuantizeLinear",
    first="Quant",
    byte="a Quant of at most 12 bits",
    transposed="ConvTranspose",
)
