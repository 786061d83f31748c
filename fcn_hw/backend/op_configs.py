"""How each op is emitted: its header, its config struct, its ROMs and its call.

An op's header and config template have the op's name in snake case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fcn_hw.backend.contexts import (
    AveragePool2DContext,
    Conv2DContext,
    ConvTranspose2DContext,
    Crop2DContext,
    DepthwiseConv2DContext,
    OpContext,
    PixelwiseContext,
    Pool2DContext,
    SkipAddContext,
    UpsampleContext,
    ZeroPad2DContext,
)
from fcn_hw.backend.jinja import render
from fcn_hw.backend.rom import bias_format, rom_width
from fcn_hw.ir.cycles import Fold, cycles_per_frame, fold_steps, windows
from fcn_hw.ir.ops import (
    CONVOLUTIONS,
    AveragePool2D,
    Convolution,
    ConvTranspose2D,
    Crop2D,
    DepthwiseConv2D,
    MaxPool2D,
    Op,
    SkipAdd,
    Tensor,
    UpsampleBilinear,
    UpsampleNearest,
    ZeroPad2D,
    output_channels,
)

FORK_HEADER = "fcn_hw/fork.h"

_ROM_STORAGE = {"Resource": "bram", "Latency": "lutram"}


def snake_name(op: Op) -> str:
    """``conv_transpose2d`` for a :class:`ConvTranspose2D`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", op.kind).lower()


def header_of(op: Op) -> str:
    """The header to include, for instance ``"fcn_hw/conv2d.h"``."""
    return f"fcn_hw/{snake_name(op)}.h"


def op_context(op: Op, operands: tuple[Tensor, ...], fold: Fold | None = None) -> OpContext:
    """What the op's config template sees.

    Args:
        operands: the tensors that it reads.
        fold: the multipliers of a convolution, else None.
    """
    source, result = operands[0], op.output
    common: dict[str, Any] = {"name": op.name, "cycles": cycles_per_frame(op, operands, fold)}
    in_size: dict[str, Any] = {"in_height": source.height, "in_width": source.width}
    out_size: dict[str, Any] = {"out_height": result.height, "out_width": result.width}
    if isinstance(op, CONVOLUTIONS):
        assert fold is not None, "a convolution is emitted with a fold"
        macs = common | in_size | out_size | _mac_fields(op, source, fold)
        if isinstance(op, ConvTranspose2D):
            return ConvTranspose2DContext(**macs, crop_top=op.crop[0], crop_left=op.crop[1])
        context = DepthwiseConv2DContext if isinstance(op, DepthwiseConv2D) else Conv2DContext
        return context(
            **macs,
            dilation_height=op.dilation[0],
            dilation_width=op.dilation[1],
            pad_top=op.padding.top,
            pad_left=op.padding.left,
        )
    if isinstance(op, (MaxPool2D, AveragePool2D)):
        pool = common | in_size | out_size | _pool_fields(op)
        if isinstance(op, AveragePool2D):
            return AveragePool2DContext(**pool, multiple=op.multiple, accum=op.accum)
        return Pool2DContext(**pool)
    if isinstance(op, (UpsampleNearest, UpsampleBilinear)):
        return UpsampleContext(
            **common, **in_size, scale_height=op.scale[0], scale_width=op.scale[1]
        )
    if isinstance(op, Crop2D):
        return Crop2DContext(
            **common, **in_size, **out_size, offset_top=op.offset[0], offset_left=op.offset[1]
        )
    if isinstance(op, ZeroPad2D):
        return ZeroPad2DContext(
            **common, **in_size, **out_size, pad_top=op.padding.top, pad_left=op.padding.left
        )
    if isinstance(op, SkipAdd):
        return SkipAddContext(**common, height=result.height, width=result.width, accum=op.accum)
    return PixelwiseContext(**common, height=result.height, width=result.width)


def render_config(op: Op, operands: tuple[Tensor, ...], fold: Fold | None = None) -> str:
    """The config struct ``<op>_config``.

    Raises:
        TemplateError: the template is wrong, or the op's name is none in C++.
    """
    return render(f"config/{snake_name(op)}.h.j2", op_context(op, operands, fold))


def render_call(op: Op, input_streams: Sequence[str], output_stream: str) -> str:
    """The call in the top function, where each tensor's pixel type is named ``<tensor>_t``."""
    types = [*(f"{name}_t" for name in op.inputs), f"{op.name}_t", f"{op.name}_config"]
    arguments = [*input_streams, output_stream]
    if isinstance(op, CONVOLUTIONS):
        arguments += [f"{op.name}_weights", f"{op.name}_biases"]
    return f"fcn_hw::{snake_name(op)}<{', '.join(types)}>({', '.join(arguments)});"


def render_fork_call(tensor: Tensor, input_stream: str, output_streams: Sequence[str]) -> str:
    """The call that copies a stream of ``tensor``."""
    pixels = tensor.height * tensor.width
    arguments = ", ".join([input_stream, *output_streams])
    return f"fcn_hw::fork<{tensor.name}_t, {pixels}>({arguments});"


def rom_pragmas(op: Op, strategy: str) -> tuple[str, ...]:
    """The lines that place the weight ROM, to stand in the top function before the call.

    A pragma can't depend on a template parameter, so the header can't hold it. UG1399,
    "pragma HLS bind_storage".

    Args:
        strategy: hls4ml's name: ``"Resource"`` is block RAM, ``"Latency"`` is LUTs.
    """
    if not isinstance(op, CONVOLUTIONS):
        return ()
    storage = _ROM_STORAGE[strategy]
    return (f"#pragma HLS BIND_STORAGE variable={op.name}_weights type=rom_1p impl={storage}",)


def _pool_fields(op: MaxPool2D | AveragePool2D) -> dict[str, Any]:
    return {
        "pool_height": op.pool[0],
        "pool_width": op.pool[1],
        "stride_height": op.strides[0],
        "stride_width": op.strides[1],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
    }


def _mac_fields(op: Convolution, source: Tensor, fold: Fold) -> dict[str, Any]:
    kernel_h, kernel_w, n_chan = op.weight.codes.shape[:3]
    steps = fold_steps(op, fold)
    phases = windows(op).phases
    product_fraction = op.weight.format.fraction + source.format.fraction
    return {
        "n_chan": n_chan,
        "n_filt": output_channels(op),
        "kernel_height": kernel_h,
        "kernel_width": kernel_w,
        "stride_height": op.strides[0],
        "stride_width": op.strides[1],
        "pe": fold.pe,
        "simd": fold.simd,
        "fold": steps,
        "rom_depth": phases[0] * phases[1] * steps,
        "product_shift": op.accum.fraction - product_fraction,
        "bias_shift": op.accum.fraction - bias_format(op).fraction,
        "weight_width": rom_width(op.weight.format),
        "bias_width": rom_width(bias_format(op)),
        "accum": op.accum,
    }
