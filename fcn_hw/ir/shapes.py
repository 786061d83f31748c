"""Output shapes of ops, and the padding arithmetic of TensorFlow's ``same``."""

from __future__ import annotations

from fcn_hw.ir.extension import EXTENSIONS
from fcn_hw.ir.ops import (
    ArgMax,
    AveragePool2D,
    Conv2D,
    ConvTranspose2D,
    Crop2D,
    DepthwiseConv2D,
    Input,
    MaxPool2D,
    Op,
    Padding,
    Pair,
    SkipConcat,
    Tensor,
    UpsampleBilinear,
    UpsampleNearest,
    ZeroPad2D,
    output_channels,
)

Shape = tuple[int, int, int]


def same_padding(size: Pair, kernel: Pair, strides: Pair, dilation: Pair = (1, 1)) -> Padding:
    """TensorFlow's ``same``: ``ceil(size/stride)`` outputs, the odd row or column at the end."""

    def axis(length: int, taps: int, stride: int, rate: int) -> Pair:
        reach = (taps - 1) * rate + 1
        total = max((-(-length // stride) - 1) * stride + reach - length, 0)
        return total // 2, total - total // 2

    top, bottom = axis(size[0], kernel[0], strides[0], dilation[0])
    left, right = axis(size[1], kernel[1], strides[1], dilation[1])
    return Padding(top, bottom, left, right)


def window_count(length: int, before: int, after: int, reach: int, stride: int) -> int:
    """Windows of ``reach`` positions that fit into a padded axis; may be 0 or negative."""
    if stride < 1:
        return 0
    return (length + before + after - reach) // stride + 1


def output_shape(op: Op, operands: tuple[Tensor, ...]) -> Shape | None:
    """The shape that ``op`` must have, or None where its own field states it (Crop2D, ...).

    A dimension may come out as 0 or less; ``verify`` reports that.
    """
    if isinstance(op, (Input, Crop2D)):
        return None
    own = EXTENSIONS[type(op)].shape if type(op) in EXTENSIONS else None
    if own is not None:
        return own(op, operands)
    height, width, channels = operands[0].shape
    if isinstance(op, (Conv2D, DepthwiseConv2D)):
        kernel_h, kernel_w = op.weight.codes.shape[:2]
        pad = op.padding
        reach_h = (kernel_h - 1) * op.dilation[0] + 1
        reach_w = (kernel_w - 1) * op.dilation[1] + 1
        return (
            window_count(height, pad.top, pad.bottom, reach_h, op.strides[0]),
            window_count(width, pad.left, pad.right, reach_w, op.strides[1]),
            output_channels(op),
        )
    if isinstance(op, ConvTranspose2D):
        return (op.output.height, op.output.width, output_channels(op))
    if isinstance(op, (MaxPool2D, AveragePool2D)):
        pad = op.padding
        return (
            window_count(height, pad.top, pad.bottom, op.pool[0], op.strides[0]),
            window_count(width, pad.left, pad.right, op.pool[1], op.strides[1]),
            channels,
        )
    if isinstance(op, (UpsampleNearest, UpsampleBilinear)):
        return height * op.scale[0], width * op.scale[1], channels
    if isinstance(op, SkipConcat):
        return height, width, sum(item.channels for item in operands)
    if isinstance(op, ZeroPad2D):
        pad = op.padding
        return height + pad.top + pad.bottom, width + pad.left + pad.right, channels
    if isinstance(op, ArgMax):
        return height, width, 1
    return height, width, channels
