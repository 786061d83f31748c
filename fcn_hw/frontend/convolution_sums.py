"""Convolutions of scaled weights and values: an integer convolution, and scales behind it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.parts import UNIT_ROUNDOFF, Affine, Floats
from fcn_hw.frontend.resolve import Context, Scaled
from fcn_hw.frontend.values import Pending, Value
from fcn_hw.frontend.weights import Weights
from fcn_hw.ops import Constant

Build = Callable[[str, str, Constant, "Constant | None", str], str]
"""(name, source op, weights, bias, origin) -> name of the convolution."""


def convolved(
    ctx: Context,
    layer: str,
    value: Value,
    kernel: Weights,
    bias: Weights | Floats | None,
    build: Build,
    name: str,
    origin: str,
    *,
    depthwise: bool = False,
) -> Value:
    """A convolution, with its bias; scales of weights and input stay pending.

    Args:
        bias: codes; float values where no short codes hold them.
        build: makes the op of codes.
        name: of the op.
        origin: the layer whose output the op holds, where no scale follows it.

    Raises:
        UnsupportedLayer: the scale of the weights differs between terms of a sum.
    """
    read, unit = ctx.scaled(value), _unit_of_filters(layer, kernel, depthwise)
    source = read.op
    if read.factor != 1.0 and unit is None:
        unit = np.ones(_filters(kernel, depthwise))
    in_format = isinstance(bias, Weights) and bias.unit is None
    if unit is None and (bias is None or in_format):
        constant = bias.constant if isinstance(bias, Weights) else None
        return ctx.known(build(ctx.names.give(name), source, kernel.constant, constant, origin))
    total: Value = ctx.known(build(ctx.names.give(name), source, kernel.constant, None, ""))
    if unit is not None:
        total = Pending(total, _scale(ctx, layer, read, kernel, unit, depthwise))
    if bias is not None:
        summand = bias.values if isinstance(bias, Weights) else bias
        total = Pending(total, bias_part(layer, summand))
    return total


def _scale(
    ctx: Context, layer: str, read: Scaled, kernel: Weights, unit: Floats, depthwise: bool
) -> Affine:
    """The scale of quantized weights and of what they meet: near it is the source model's sum of
    scaled products, each rounded.

    Args:
        unit: of the weights, by filter.
    """
    codes = np.abs(kernel.constant.codes)
    terms = (
        codes.reshape(codes.shape[0] * codes.shape[1], -1)
        if depthwise
        else codes.reshape(-1, codes.shape[3])
    )
    domain, step = ctx.builder.interval(read.op), ctx.builder.tensor(read.op).format.step
    largest = max(abs(domain.low), abs(domain.high)) * step * read.factor
    # n products rounded, n - 1 sums rounded, in any order: (n + 1) * u * sum |w x|
    # (N. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1)
    each = (len(terms) + 1) * UNIT_ROUNDOFF * largest + read.error
    own_error = each * terms.sum(axis=0) * kernel.constant.format.step * unit
    unit = unit * read.factor
    single = unit.astype(np.float32)
    return Affine(
        layer,
        "the scale of the weights",
        unit,
        np.zeros(len(unit)),
        lambda values: np.asarray(values, np.float32) * single,
        own_error=own_error,
        near_only=True,
    )


def bias_part(layer: str, summand: Floats) -> Affine:
    single = summand.astype(np.float32)
    return Affine(
        layer,
        "the bias",
        np.ones(len(summand)),
        summand,
        lambda values: np.asarray(values, np.float32) + single,
    )


def _unit_of_filters(layer: str, kernel: Weights, depthwise: bool) -> Floats | None:
    """The scale of each output channel."""
    if kernel.unit is None:
        return None
    shape = kernel.constant.codes.shape
    whole = np.broadcast_to(kernel.unit, shape)
    rows = whole.reshape(shape[0] * shape[1], -1) if depthwise else whole.reshape(-1, shape[3])
    if np.any(rows != rows[0]):
        raise UnsupportedLayer(
            layer,
            "the scale of the weights differs between channels that are summed",
            hint="use alpha=1 or alpha='auto_po2'",
        )
    return np.array(rows[0], np.float64)


def _filters(kernel: Weights, depthwise: bool) -> int:
    shape = kernel.constant.codes.shape
    return int(shape[2] * shape[3] if depthwise else shape[3])
