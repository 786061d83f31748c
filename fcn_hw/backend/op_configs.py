"""How each op is emitted: its header, its config struct, its ROMs and its call.

An op's header and config template have the op's name in snake case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_hw.backend.constant_roms import CONSTANT_OPS, rom_names
from fcn_hw.backend.contexts import (
    AveragePool2DContext,
    BatchNormContext,
    Conv2DContext,
    ConvTranspose2DContext,
    Crop2DContext,
    DepthwiseConv2DContext,
    LookupContext,
    OpContext,
    PixelwiseContext,
    Pool2DContext,
    SumContext,
    ThresholdContext,
    UpsampleContext,
    ZeroPad2DContext,
)
from fcn_hw.backend.jinja import render, render_file
from fcn_hw.backend.rom import bias_format, rom_width
from fcn_hw.estimate.memory import ROM_STORAGE, rom_storage
from fcn_hw.fixed import FixedFormat
from fcn_hw.ir.cycles import Fold, cycles_per_frame, fold_steps, windows
from fcn_hw.ir.ops import (
    CONVOLUTIONS,
    AveragePool2D,
    BatchNorm,
    Convolution,
    ConvTranspose2D,
    Crop2D,
    DepthwiseConv2D,
    Lookup,
    MaxPool2D,
    Op,
    SkipAdd,
    SkipMaximum,
    SkipSubtract,
    Tensor,
    Threshold,
    UpsampleBilinear,
    UpsampleNearest,
    ZeroPad2D,
    output_channels,
)
from fcn_hw.ir.thresholds import levels, total_format

FORK_HEADER = "fcn_hw/fork.h"


@dataclass(frozen=True)
class Emission:
    """How an op from outside the package is emitted.

    Args:
        header: its file.
        config: the template of its config struct.
        context: (op, operands, cycles of a frame) to what the template sees.
    """

    header: Path
    config: Path
    context: Callable[[Any, tuple[Tensor, ...], int], OpContext]


EMISSIONS: dict[type[Op], Emission] = {}
"""Filled by ``fcn_hw.extend``."""


def snake_name(op: Op) -> str:
    """``conv_transpose2d`` for a :class:`ConvTranspose2D`."""
    return snake_name_of(type(op))


def snake_name_of(kind: type[Op]) -> str:
    """As :func:`snake_name`, of a class."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def header_of(op: Op) -> str:
    """The header to include, for instance ``"fcn_hw/conv2d.h"``."""
    return f"fcn_hw/{snake_name(op)}.h"


def op_context(op: Op, operands: tuple[Tensor, ...], fold: Fold | None = None) -> OpContext:
    """What the op's config template sees.

    Args:
        operands: the tensors that it reads.
        fold: of an op of :data:`fcn_hw.ir.ops.FOLDED`, else None.
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
    size: dict[str, Any] = {"height": result.height, "width": result.width}
    if isinstance(op, (SkipAdd, SkipSubtract, SkipMaximum)):
        return SumContext(**common, **size, accum=op.accum)
    if isinstance(op, (BatchNorm, Threshold)):
        assert fold is not None, f"a {op.kind} is emitted with a fold"
        size |= {"n_chan": result.channels, "pe": fold.pe, "fold": fold_steps(op, fold)}
        if isinstance(op, BatchNorm):
            return BatchNormContext(**common, **size, **_scale_fields(op, source))
        return ThresholdContext(**common, **size, **_search_fields(op))
    if isinstance(op, Lookup):
        return LookupContext(
            **common,
            **size,
            entries=len(op.table.codes),
            table_width=rom_width(op.table.format),
        )
    return PixelwiseContext(**common, **size)


def render_config(op: Op, operands: tuple[Tensor, ...], fold: Fold | None = None) -> str:
    """The config struct ``<op>_config``.

    Raises:
        TemplateError: the template is wrong, or the op's name is none in C++.
    """
    if type(op) in EMISSIONS:
        own = EMISSIONS[type(op)]
        context = own.context(op, operands, cycles_per_frame(op, operands))
        return render_file(own.config, context)
    return render(f"config/{snake_name(op)}.h.j2", op_context(op, operands, fold))


def render_call(op: Op, input_streams: Sequence[str], output_stream: str) -> str:
    """The call in the top function, where each tensor's pixel type is named ``<tensor>_t``."""
    types = [*(f"{name}_t" for name in op.inputs), f"{op.name}_t", f"{op.name}_config"]
    arguments = [*input_streams, output_stream]
    if isinstance(op, CONVOLUTIONS):
        arguments += [f"{op.name}_weights", f"{op.name}_biases"]
    if isinstance(op, CONSTANT_OPS):
        arguments += rom_names(op)
    return f"fcn_hw::{snake_name(op)}<{', '.join(types)}>({', '.join(arguments)});"


def render_fork_call(tensor: Tensor, input_stream: str, output_streams: Sequence[str]) -> str:
    """The call that copies a stream of ``tensor``."""
    pixels = tensor.height * tensor.width
    arguments = ", ".join([input_stream, *output_streams])
    return f"fcn_hw::fork<{tensor.name}_t, {pixels}>({arguments});"


def rom_pragmas(op: Op, strategy: str, fold: Fold | None = None) -> tuple[str, ...]:
    """The lines that place the ROMs, to stand in the top function before the call.

    A pragma can't depend on a template parameter nor name one of a pack of arguments, so the header
    can't hold them. UG1399, "pragma HLS bind_storage", "pragma HLS array_partition".

    Args:
        strategy: hls4ml's name: ``"Resource"`` is block RAM, ``"Latency"`` is LUTs.
        fold: of an op of :data:`fcn_hw.ir.ops.FOLDED`, else None.
    """
    if isinstance(op, CONVOLUTIONS):
        return (_bind(f"{op.name}_weights", "rom_1p", ROM_STORAGE[strategy]),)
    if isinstance(op, Lookup):  # a port for each channel
        return (_bind(f"{op.name}_table", "rom_np", "lutram"),)
    if isinstance(op, (BatchNorm, Threshold)):
        assert fold is not None, f"a {op.kind} is emitted with a fold"
        groups = fold_steps(op, fold)
        if isinstance(op, BatchNorm):
            return (_bind(f"{op.name}_scales", "rom_1p", rom_storage(groups, strategy)),)
        lines = []
        for level in range(levels(op)):
            variable = f"{op.name}_thresholds{level}"
            lines.append(f"#pragma HLS ARRAY_PARTITION variable={variable} dim=2")
            lines.append(_bind(variable, "rom_1p", rom_storage(groups << level, strategy)))
        return tuple(lines)
    return ()


def _bind(variable: str, kind: str, storage: str) -> str:
    return f"#pragma HLS BIND_STORAGE variable={variable} type={kind} impl={storage}"


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
        "product_shift": _left_shift(op.accum, product_fraction),
        "bias_shift": _left_shift(op.accum, bias_format(op).fraction),
        "weight_width": rom_width(op.weight.format),
        "bias_width": rom_width(bias_format(op)),
        "accum": op.accum,
    }


def _scale_fields(op: BatchNorm, source: Tensor) -> dict[str, Any]:
    product_fraction = op.scale.format.fraction + source.format.fraction
    return {
        "product_shift": _left_shift(op.accum, product_fraction),
        "bias_shift": _left_shift(op.accum, op.bias.format.fraction),
        "scale_width": rom_width(op.scale.format),
        "bias_width": rom_width(op.bias.format),
        "accum": op.accum,
    }


def _search_fields(op: Threshold) -> dict[str, Any]:
    return {
        "count": op.thresholds.codes.shape[1],
        "levels": levels(op),
        "total_width": rom_width(total_format(op)),
        "base_width": rom_width(op.base.format),
        "step_width": rom_width(op.step.format),
    }


def _left_shift(accum: FixedFormat, fraction: int) -> int:
    """The shift that aligns a code of ``fraction`` fraction bits to an accumulator.

    No code but 0 can be shifted by the accumulator's width and fit in it; 0 may be shifted less,
    and C++ does not define a shift by more bits than a type has.
    """
    return min(accum.fraction - fraction, accum.width - 1)
