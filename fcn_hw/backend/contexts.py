"""What each template in ``templates/config`` sees: one frozen dataclass an op.

The fields are the members of the config struct that the op's header documents, and its name and
cycles a frame for the comment.
"""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.fixed import FixedFormat


@dataclass(frozen=True)
class OpContext:
    """Fields of every op."""

    name: str
    cycles: int


@dataclass(frozen=True)
class MacContext(OpContext):
    """Fields of all convolutions."""

    in_height: int
    in_width: int
    n_chan: int
    out_height: int
    out_width: int
    n_filt: int
    kernel_height: int
    kernel_width: int
    stride_height: int
    stride_width: int
    pe: int
    simd: int
    fold: int
    rom_depth: int
    product_shift: int
    bias_shift: int
    weight_width: int
    bias_width: int
    accum: FixedFormat


@dataclass(frozen=True)
class Conv2DContext(MacContext):
    dilation_height: int
    dilation_width: int
    pad_top: int
    pad_left: int


@dataclass(frozen=True)
class ConvTranspose2DContext(MacContext):
    crop_top: int
    crop_left: int


@dataclass(frozen=True)
class DepthwiseConv2DContext(Conv2DContext):
    """A filter reads one channel: ``simd`` is 1."""


@dataclass(frozen=True)
class Pool2DContext(OpContext):
    """Fields of both poolings."""

    in_height: int
    in_width: int
    out_height: int
    out_width: int
    pool_height: int
    pool_width: int
    stride_height: int
    stride_width: int
    pad_top: int
    pad_left: int


@dataclass(frozen=True)
class AveragePool2DContext(Pool2DContext):
    multiple: int
    accum: FixedFormat


@dataclass(frozen=True)
class UpsampleContext(OpContext):
    in_height: int
    in_width: int
    scale_height: int
    scale_width: int


@dataclass(frozen=True)
class PixelwiseContext(OpContext):
    """Quantize, Relu, ArgMax, SkipConcat."""

    height: int
    width: int


@dataclass(frozen=True)
class SumContext(PixelwiseContext):
    """SkipAdd, SkipSubtract, SkipMaximum."""

    accum: FixedFormat


@dataclass(frozen=True)
class Crop2DContext(OpContext):
    in_height: int
    in_width: int
    out_height: int
    out_width: int
    offset_top: int
    offset_left: int


@dataclass(frozen=True)
class ZeroPad2DContext(OpContext):
    in_height: int
    in_width: int
    out_height: int
    out_width: int
    pad_top: int
    pad_left: int


@dataclass(frozen=True)
class ChannelGroupsContext(PixelwiseContext):
    """Fields of BatchNorm and Threshold."""

    n_chan: int
    pe: int
    fold: int


@dataclass(frozen=True)
class BatchNormContext(ChannelGroupsContext):
    product_shift: int
    bias_shift: int
    scale_width: int
    bias_width: int
    accum: FixedFormat


@dataclass(frozen=True)
class ThresholdContext(ChannelGroupsContext):
    count: int
    levels: int
    total_width: int
    base_width: int
    step_width: int


@dataclass(frozen=True)
class LookupContext(PixelwiseContext):
    entries: int
    table_width: int
