"""Convolutions of published classifiers as plain data, in the order and with the names of Keras.

What stands behind the last map is left out: pooling, fully connected layers, and the 1x1
convolution of 1280 channels of MobileNetV2.

Sources: Howard et al., "MobileNets" (arXiv 1704.04861); Sandler et al., "MobileNetV2: Inverted
residuals and linear bottlenecks" (CVPR 2018); Iandola et al., "SqueezeNet" (arXiv 1602.07360) in
its version 1.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Union

from fcn_hw.design import Encoder


@dataclass(frozen=True)
class EncoderConv:
    """A convolution of an encoder.

    Args:
        name: of its node.
        source: what it reads; "" is the image.
        filters: its channels; of a depthwise one, those that it reads.
        kernel, stride: of both directions.
        depthwise: whether it works on each channel alone.
        relu: whether a ReLU stands behind it.
        stored: its names in files of weights.
        norms: those of the normalization behind it.
        dilation: of both directions.
    """

    name: str
    source: str
    filters: int
    kernel: int
    stride: int
    depthwise: bool
    relu: bool
    stored: tuple[str, ...]
    norms: tuple[str, ...] = ()
    dilation: int = 1


@dataclass(frozen=True)
class EncoderPool:
    """A maximum over 3 x 3 pixels, every second row and column."""

    name: str
    source: str


@dataclass(frozen=True)
class EncoderMerge:
    """A sum of two tensors, or their channels behind one another."""

    name: str
    sources: tuple[str, str]
    how: Literal["add", "concat"]


EncoderLayer = Union[EncoderConv, EncoderPool, EncoderMerge]


@dataclass(frozen=True)
class EncoderLayers:
    """An encoder.

    Args:
        layers: in order.
        taps: the layer that gives the last map of each resolution; 1 is stride 2, 2 is stride 4.
        limit: of its ReLUs; None: they have none.
    """

    layers: tuple[EncoderLayer, ...]
    taps: Mapping[int, str]
    limit: float | None

    @property
    def convolutions(self) -> tuple[EncoderConv, ...]:
        """The layers with weights."""
        return tuple(layer for layer in self.layers if isinstance(layer, EncoderConv))


def encoder_layers(encoder: Encoder) -> EncoderLayers:
    """The layers of a design's encoder."""
    if encoder.kind == "squeezenet":
        return _squeezenet()
    if encoder.kind == "mobilenet_v1":
        found = _mobilenet_v1(encoder.alpha)
    else:
        found = _mobilenet_v2(encoder.alpha, encoder.divisible_by)
    return _dilated(found, encoder.output_stride)


def _dilated(found: EncoderLayers, output_stride: int) -> EncoderLayers:
    """The encoder with a deepest map of no larger stride than ``output_stride``.

    A layer that would pass it has stride 1, and the kernels behind it are spread by the stride that
    it lost, so that they see what they saw (Chen et al., "DeepLab", arXiv 1606.00915).
    """
    stride, dilation = 1, 1
    layers: list[EncoderLayer] = []
    for layer in found.layers:
        new = layer
        if isinstance(layer, EncoderConv):
            step = layer.stride if stride * layer.stride <= output_stride else 1
            new = replace(layer, stride=step, dilation=dilation if layer.kernel > 1 else 1)
            stride, dilation = stride * step, dilation * layer.stride // step
        layers.append(new)
    kept = {stage: tap for stage, tap in found.taps.items() if 2**stage < stride}
    taps = {**kept, stride.bit_length() - 1: found.taps[max(found.taps)]}
    return EncoderLayers(tuple(layers), taps, found.limit)


def _conv(
    name: str, source: str, filters: int, kernel: int = 1, stride: int = 1, *,
    depthwise: bool = False, relu: bool = True, stored: tuple[str, ...] | None = None,
    norms: tuple[str, ...] = (),
) -> EncoderConv:  # fmt: skip
    return EncoderConv(
        name, source, filters, kernel, stride, depthwise, relu, stored or (name,), norms
    )


_V1_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
    (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
"""Channels, and stride of the depthwise convolution."""


def _mobilenet_v1(alpha: float) -> EncoderLayers:
    filters = int(32 * alpha)
    layers = [_conv("conv1", "", filters, 3, 2, norms=("conv1_bn",))]
    for number, (wide, stride) in enumerate(_V1_BLOCKS, start=1):
        for name, given, kernel in (
            (f"conv_dw_{number}", filters, 3), (f"conv_pw_{number}", int(wide * alpha), 1),
        ):  # fmt: skip
            depthwise = kernel == 3
            layers.append(
                _conv(
                    name, layers[-1].name, given, kernel, stride if depthwise else 1,
                    depthwise=depthwise, norms=(f"{name}_bn",),
                )
            )  # fmt: skip
        filters = int(wide * alpha)
    taps = {stage: f"conv_pw_{number}" for stage, number in enumerate((1, 3, 5, 11, 13), start=1)}
    return EncoderLayers(tuple(layers), taps, 6.0)


_V2_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
              (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
"""Expansion, channels, blocks, and stride of the first block: table 2 of the paper."""


def _mobilenet_v2(alpha: float, divisible_by: int) -> EncoderLayers:
    def scaled(filters: int, divisor: int = divisible_by) -> int:
        wanted = filters * alpha
        rounded = max(divisor, int(wanted + divisor / 2) // divisor * divisor)
        return rounded + divisor if rounded < 0.9 * wanted else rounded

    filters = scaled(32, 8)
    layers: list[EncoderLayer] = [
        _conv("Conv1", "", filters, 3, 2, stored=("Conv1", "Conv"), norms=("bn_Conv1",))
    ]
    tip, block, taps, level = "Conv1", 0, {}, 1
    for expansion, wide, count, first_stride in _V2_STAGES:
        for index in range(count):
            stride, start = first_stride if index == 0 else 1, tip
            keras = f"block_{block}" if block else "expanded_conv"
            slim = f"expanded_conv_{block}" if block else "expanded_conv"
            inner, out = filters * expansion, scaled(wide)
            parts = (
                *((("expand", inner, 1, 1),) if block else ()),
                ("depthwise", inner, 3, stride),
                ("project", out, 1, 1),
            )
            level += stride == 2
            for part, given, kernel, step in parts:
                name = f"{keras}_{part}"
                layers.append(
                    _conv(
                        name, tip, given, kernel, step, depthwise=part == "depthwise",
                        relu=part != "project", stored=(name, f"{slim}/{part}"),
                        norms=(f"{name}_BN",),
                    )
                )  # fmt: skip
                tip = name
            if stride == 1 and filters == out:
                layers.append(EncoderMerge(f"{keras}_add", (start, tip), "add"))
                tip = f"{keras}_add"
            taps[level] = tip
            filters, block = out, block + 1
    return EncoderLayers(tuple(layers), taps, 6.0)


def _squeezenet() -> EncoderLayers:
    layers: list[EncoderLayer] = [_conv("conv1", "", 64, 3, 2)]
    tip = "conv1"
    for number in range(2, 10):
        if number in (2, 4, 6):
            pool = f"pool{number - 1}"
            layers.append(EncoderPool(pool, tip))
            tip = pool
        squeeze = 16 * (number // 2)
        first, one, three = (
            f"fire{number}_{part}" for part in ("squeeze1x1", "expand1x1", "expand3x3")
        )
        for name, source, filters, kernel in (
            (first, tip, squeeze, 1), (one, first, 4 * squeeze, 1), (three, first, 4 * squeeze, 3),
        ):  # fmt: skip
            layers.append(_conv(name, source, filters, kernel, stored=(name.replace("_", "/"),)))
        tip = f"fire{number}"
        layers.append(EncoderMerge(tip, (one, three), "concat"))
    return EncoderLayers(tuple(layers), {1: "conv1", 2: "fire3", 3: "fire5", 4: "fire9"}, None)
