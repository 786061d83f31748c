"""Operations on values that move pixels or join tensors, whoever wrote the source model.

Each takes the layer's name, which its op gets, and gives the value of its output. Tensors of one
scale are joined as the codes that they are of; the scale stays pending.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.parts import UNIT_ROUNDOFF, Affine, Rising, scale_of
from fcn_hw.frontend.resolve import Context, Scaled
from fcn_hw.frontend.values import Known, Moved, Pending, Sum, Value
from fcn_hw.ops import Padding, Pair
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.joins import MAX_SKIP_INPUTS
from fcn_hw.ops.skip_average import AVERAGED_INPUTS
from fcn_hw.ops.upsample_bilinear import MAX_BILINEAR_SCALE, UpsampleBilinear


def max_pooled(
    ctx: Context, layer: str, value: Value, pool: Pair, strides: Pair, padding: Padding
) -> Value:
    """Maxima over windows; positions outside the frame take no part."""
    return ctx.moved(
        Moved(
            (value,),
            (*_windows(value, pool, strides, padding), value.shape[2]),
            lambda ops, origin: ctx.builder.max_pool2d(
                ctx.names.give(layer), ops[0], pool, strides, padding, origin=origin
            ),
            layer,
            takes_maximum=True,
        )
    )


def averaged(
    ctx: Context, layer: str, value: Value, pool: Pair, strides: Pair, padding: Padding
) -> Value:
    """Means over windows; positions outside the frame take no part."""
    read, name = ctx.scaled(value), ctx.names.give(layer)
    operands = (ctx.builder.tensor(read.op),)
    divisor = AveragePool2D.draft(
        name, (read.op,), operands, pool=pool, strides=strides, padding=padding
    ).divisor
    plain = divisor == 1 and read.factor == 1.0
    op = ctx.builder.average_pool2d(
        name, read.op, pool, strides, padding, origin=layer if plain else ""
    )
    if plain:
        return ctx.known(op)
    label = f"the mean of {pool[0]}x{pool[1]} windows"
    if read.factor != 1.0:
        mean_of = replace(read, factor=read.factor / divisor)
        return _behind(ctx, op, layer, label, mean_of, pool[0] * pool[1])
    # The source model divides the sum by the positions; a correctly rounded quotient of the same
    # two numbers is the same, whatever both were multiplied by before.
    return Pending(ctx.known(op), _divided(layer, label, divisor, value.shape[2]))


def upsampled_nearest(ctx: Context, layer: str, value: Value, scale: Pair) -> Value:
    """Each pixel repeated."""
    height, width, channels = value.shape
    return ctx.moved(
        Moved(
            (value,),
            (height * scale[0], width * scale[1], channels),
            lambda ops, origin: ctx.builder.upsample_nearest(
                ctx.names.give(layer), ops[0], scale, origin=origin
            ),
            layer,
        )
    )


def upsampled_bilinear(ctx: Context, layer: str, value: Value, scale: Pair) -> Value:
    """Bilinear, half-pixel centres, edges repeated.

    Raises:
        UnsupportedLayer: by more than 32.
    """
    size = value.shape[:2]
    if all(1 in axis for axis in zip(size, scale, strict=True)):  # its only pixel everywhere
        return upsampled_nearest(ctx, layer, value, scale)
    if max(scale) > MAX_BILINEAR_SCALE:
        raise UnsupportedLayer(
            layer,
            f"bilinear upsampling by {scale}: it goes up to {MAX_BILINEAR_SCALE}",
            hint="use two of them one behind the other, which gives other values, so train it so; "
            f"or a {ctx.words.transposed} with fixed bilinear weights",
        )
    read, name = ctx.scaled(value), ctx.names.give(layer)
    operands = (ctx.builder.tensor(read.op),)
    divisor = UpsampleBilinear.draft(name, (read.op,), operands, scale=scale).divisor
    plain = divisor == 1 and read.factor == 1.0
    op = ctx.builder.upsample_bilinear(name, read.op, scale, origin=layer if plain else "")
    if plain:
        return ctx.known(op)
    if divisor > 1:
        # The source model computes in float32 where a pixel lies among the inputs: 3 roundings of a
        # number as large as the axis, which multiplies the difference of two inputs; then three
        # interpolations, of 3 roundings each, of values and their differences.
        terms = 20 + 6 * sum(size)
        held = ctx.builder.interval(read.op)
        largest = read.largest or max(-held.low, held.high) * operands[0].format.step
        read = replace(read, factor=read.factor / divisor, largest=largest)
    else:
        terms = 4
    return _behind(ctx, op, layer, "bilinear upsampling", read, terms)


def depth_to_space(
    ctx: Context, layer: str, value: Value, scale: Pair, channel_stride: int
) -> Value:
    """Channels as pixels; the arguments are those of the op :class:`DepthToSpace`.

    Raises:
        UnsupportedLayer: the channels can't be shared out.
    """
    height, width, channels = value.shape
    pixels = scale[0] * scale[1]
    if channels % pixels:
        raise UnsupportedLayer(
            layer,
            f"{channels} channels can't be shared out to {scale[0]}x{scale[1]} pixels",
            hint=f"give the layer in front a multiple of {pixels} channels",
        )
    count = channels // pixels
    places = tuple(c % count if channel_stride == 1 else c // pixels for c in range(channels))
    return ctx.moved(
        Moved(
            (value,),
            (height * scale[0], width * scale[1], count),
            lambda ops, origin: ctx.builder.depth_to_space(
                ctx.names.give(layer), ops[0], scale, channel_stride, origin=origin
            ),
            layer,
            channels=places,
        )
    )


def cropped(ctx: Context, layer: str, value: Value, first: Pair, size: Pair) -> Value:
    """A rectangle of the frame.

    Args:
        first: its first row and column.
        size: (height, width).
    """
    return ctx.moved(
        Moved(
            (value,),
            (*size, value.shape[2]),
            lambda ops, origin: ctx.builder.crop2d(
                ctx.names.give(layer), ops[0], first, size, origin=origin
            ),
            layer,
        )
    )


def padded(ctx: Context, layer: str, value: Value, padding: Padding) -> Value:
    """Zeros around the frame."""
    height, width, channels = value.shape
    return ctx.moved(
        Moved(
            (value,),
            (
                height + padding.top + padding.bottom,
                width + padding.left + padding.right,
                channels,
            ),
            lambda ops, origin: ctx.builder.zero_pad2d(
                ctx.names.give(layer), ops[0], padding, origin=origin
            ),
            layer,
            adds_zeros=padding != Padding(),
        )
    )


def added(ctx: Context, layer: str, values: Sequence[Value]) -> Value:
    """The sum of tensors of one shape; a single row or column is repeated, here and below.

    Raises:
        UnsupportedLayer: of several shapes.
    """
    values = _broadcast(ctx, layer, values)
    common = ctx.common_scale(values)
    if common is not None:
        op = _joined(ctx, layer, ctx.builder.skip_add, common.ops, "")
        return _behind(ctx, op, layer, "the sum", common.read, len(values), len(values))

    def build(ops: tuple[str, ...], fmt: FixedFormat | None, origin: str) -> str:
        return _joined(ctx, layer, ctx.builder.skip_add, ops, origin, fmt)

    return ctx.added(Sum(tuple(values), values[0].shape, build, layer))


def mean_of(ctx: Context, layer: str, values: Sequence[Value]) -> Value:
    """The mean of tensors of one shape.

    Raises:
        UnsupportedLayer: of several shapes.
    """
    values = _broadcast(ctx, layer, values)
    count, channels = len(values), values[0].shape[2]
    common = ctx.common_scale(values) if count in AVERAGED_INPUTS else None
    if common is not None:
        op = ctx.builder.skip_average(ctx.names.give(layer), *common.ops, origin="")
        return _behind(ctx, op, layer, "the mean", common.read, count)
    if count in AVERAGED_INPUTS and all(isinstance(value, Known) for value in values):
        name = ctx.names.give(layer)
        return ctx.known(ctx.builder.skip_average(name, *ctx.ops(values), origin=layer))

    def build(ops: tuple[str, ...], fmt: FixedFormat | None, origin: str) -> str:
        return _joined(ctx, f"{layer}_sum", ctx.builder.skip_add, ops, origin, fmt)

    # the sum is no layer's output: it has no origin
    total = ctx.added(Sum(tuple(values), values[0].shape, build, ""))
    return Pending(total, _divided(layer, f"the mean of {count}", count, channels))


def subtracted(ctx: Context, layer: str, values: Sequence[Value]) -> Value:
    """The first of two tensors of one shape minus the second."""
    values = _broadcast(ctx, layer, values)
    common = ctx.common_scale(values)
    ops = ctx.ops(values) if common is None else common.ops
    origin = layer if common is None else ""
    op = ctx.builder.skip_subtract(ctx.names.give(layer), *ops, origin=origin)
    if common is None:
        return ctx.known(op)
    return _behind(ctx, op, layer, "the difference", common.read, 2, 2)


def multiplied(ctx: Context, layer: str, values: Sequence[Value]) -> Value:
    """The product of tensors of one shape, the first two first. A single channel multiplies all
    channels of the others.

    Raises:
        UnsupportedLayer: of several shapes.
    """
    first, *others = _broadcast(ctx, layer, values, one_channel=True)
    for number, other in enumerate(others, start=1):
        is_last = number == len(others)
        first = _product(ctx, layer if is_last else f"{layer}_part", layer, (first, other), is_last)
    return first


def _product(ctx: Context, name: str, layer: str, values: Sequence[Value], is_whole: bool) -> Value:
    """The product of two tensors.

    Args:
        name: of the op, not yet a C identifier.
        is_whole: whether it is the layer's output.
    """
    left, right = (ctx.scaled(value) for value in values)
    plain = left.factor == right.factor == 1.0
    origin = layer if plain and is_whole else ""
    op = ctx.builder.skip_multiply(ctx.names.give(name), left.op, right.op, origin=origin)
    if plain:
        return ctx.known(op)
    (x, dx), (y, dy) = ((ctx.largest(item), item.error) for item in (left, right))
    # |(x + dx) (y + dy) - x y|; what float32 rounds of the product is added by _behind
    read = Scaled(op, left.factor * right.factor, x * dy + y * dx + dx * dy, (x + dx) * (y + dy))
    return _behind(ctx, op, layer, "the product", read, 1)


def largest(ctx: Context, layer: str, values: Sequence[Value]) -> Value:
    """The largest of tensors of one shape, value by value."""
    return _selected(ctx, layer, values, ctx.builder.skip_maximum)


def smallest(ctx: Context, layer: str, values: Sequence[Value]) -> Value:
    """The smallest of tensors of one shape, value by value."""
    return _selected(ctx, layer, values, ctx.builder.skip_minimum)


def concatenated(ctx: Context, layer: str, values: Sequence[Value]) -> Value:
    """Channels of tensors behind one another."""
    height, width, _ = values[0].shape
    return ctx.moved(
        Moved(
            tuple(values),
            (height, width, sum(value.shape[2] for value in values)),
            lambda ops, origin: _joined(ctx, layer, ctx.builder.skip_concat, ops, origin),
            layer,
        )
    )


def rectified(ctx: Context, layer: str, value: Value, name: str, part: Rising) -> Value:
    """``max(x, 0)``.

    Args:
        name: of the op.
        part: the function, where it stays pending.
    """
    build = partial(ctx.builder.relu, origin=layer)
    if isinstance(value, Known):
        return ctx.known(build(ctx.names.give(name), value.op))
    common = ctx.common_scale([value])
    if common is None:
        return Pending(value, part)
    known = ctx.known(build(ctx.names.give(name), common.ops[0]))
    return Pending(known, scale_of(layer, "the scale", common.read.factor, known.shape[2]))


# -- shared by the functions above ----------------------------------------------------------------


def _windows(value: Value, pool: Pair, strides: Pair, padding: Padding) -> Pair:
    height, width, _ = value.shape
    return (
        (height + padding.top + padding.bottom - pool[0]) // strides[0] + 1,
        (width + padding.left + padding.right - pool[1]) // strides[1] + 1,
    )


def _divided(layer: str, label: str, divisor: int, channels: int) -> Affine:
    """A quotient, which the source model rounds once."""
    return Affine(
        layer,
        label,
        np.full(channels, 1.0 / divisor),
        np.zeros(channels),
        lambda values: np.asarray(values, np.float32) / np.float32(divisor),
    )


def _behind(
    ctx: Context, op: str, layer: str, label: str, read: Scaled, terms: int, weight: int = 1
) -> Value:
    """Integers of an op, behind the factor of what it has read, which the source model applies
    first: so it rounds each term and each sum.

    Args:
        read: what the op has read, and the factor of the op's integers.
        terms: that the source model adds.
        weight: the sum of what it multiplies them by.
    """
    channels = ctx.builder.tensor(op).channels
    # (n + 1) * u * sum |x|, as for products (convolution_sums), and a division
    bound = weight * (read.error + (terms + 2) * UNIT_ROUNDOFF * read.largest)
    return Pending(ctx.known(op), scale_of(layer, label, read.factor, channels, bound))


def _selected(
    ctx: Context, layer: str, values: Sequence[Value], build: Callable[..., str]
) -> Value:
    """One of several values; a scale that is above 0 keeps the choice."""
    values = _broadcast(ctx, layer, values)
    common = ctx.common_scale(values)
    if common is None:
        return ctx.known(_joined(ctx, layer, build, ctx.ops(values), layer))
    known = ctx.known(_joined(ctx, layer, build, common.ops, layer))
    return Pending(known, scale_of(layer, "the scale", common.read.factor, known.shape[2]))


def _broadcast(
    ctx: Context, layer: str, values: Sequence[Value], *, one_channel: bool = False
) -> list[Value]:
    """Tensors of one shape: those of a single row or column are repeated along it, as Keras and
    ONNX do.

    Args:
        one_channel: whether some may have a single channel and the others more.

    Raises:
        UnsupportedLayer: their shapes differ otherwise.
    """
    size = (max(value.shape[0] for value in values), max(value.shape[1] for value in values))
    found = [_repeated(ctx, layer, value, size) for value in values]
    channels = {value.shape[2] for value in values}
    if one_channel and len(channels) > 1:
        channels.discard(1)
    if len(channels) > 1 or any(value.shape[:2] != size for value in found):
        listed = ", ".join(str(value.shape) for value in values)
        raise UnsupportedLayer(
            layer, f"inputs of different shapes: {listed}", hint="bring them to one shape first"
        )
    return found


def _repeated(ctx: Context, layer: str, value: Value, size: Pair) -> Value:
    """A tensor whose single row, or column, is there as often as the frame has rows, or columns."""
    height, width, channels = value.shape
    scale = (size[0] if height == 1 else 1, size[1] if width == 1 else 1)
    if scale == (1, 1):
        return value

    def build(ops: tuple[str, ...], origin: str) -> str:
        return ctx.builder.upsample_nearest(
            ctx.names.give(f"{layer}_broadcast"), ops[0], scale, origin=""
        )

    return ctx.moved(Moved((value,), (height * scale[0], width * scale[1], channels), build, layer))


def _joined(
    ctx: Context,
    layer: str,
    build: Callable[..., str],
    sources: Sequence[str],
    origin: str,
    fmt: FixedFormat | None = None,
) -> str:
    """One op, or a chain of them where there are more inputs than an op takes."""
    left = list(sources)
    while len(left) > MAX_SKIP_INPUTS:
        part = build(ctx.names.give(f"{layer}_part"), *left[:MAX_SKIP_INPUTS], origin="")
        left = [part, *left[MAX_SKIP_INPUTS:]]
    return build(ctx.names.give(layer), *left, fmt=fmt, origin=origin)
