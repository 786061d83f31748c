"""Weights and biases in the order in which the convolution headers read them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_hw.backend.jinja import render
from fcn_hw.fixed import Codes, FixedFormat
from fcn_hw.ir.cycles import Fold, windows
from fcn_hw.ir.ops import Convolution, ConvTranspose2D, DepthwiseConv2D, output_channels


@dataclass(frozen=True)
class RomContext:
    """What ``config/rom.h.j2`` sees."""

    name: str
    weight_format: str
    bias_format: str
    weight_width: int
    bias_width: int
    depth: int
    pe: int
    simd: int
    filter_groups: int
    weights: list[list[list[int]]]
    biases: list[list[int]]


def rom_width(fmt: FixedFormat) -> int:
    """Bits of a ROM element, which is signed: an unsigned format takes one more."""
    return fmt.width if fmt.signed else fmt.width + 1


def bias_format(op: Convolution) -> FixedFormat:
    """The format of the bias; where there is none, of the zeros that stand for it."""
    if op.bias is not None:
        return op.bias.format
    return FixedFormat(signed=True, width=1, integer=1 - op.accum.fraction)


def weight_rom(op: Convolution, fold: Fold) -> Codes:
    """Weights of shape (steps of all phases, pe, simd).

    The steps of an output pixel go over filter groups, then tap rows, tap columns and channel
    groups. A transposed convolution has such a sequence for each phase: tap t of ``taps`` has the
    weight of kernel position ``phase + (taps - 1 - t) * stride``, or 0 where the kernel has none.
    A depthwise convolution has the filters of one channel behind those of the one before, in the
    order of the channels out, and no channel groups.
    """
    weights = op.weight.codes
    if isinstance(op, DepthwiseConv2D):
        return _steps(weights.reshape(*weights.shape[:2], 1, output_channels(op)), fold)
    if not isinstance(op, ConvTranspose2D):
        return _steps(weights, fold)
    (stride_h, stride_w), (taps_h, taps_w) = op.strides, windows(op).taps
    kernel_h, kernel_w, n_chan, n_filt = weights.shape
    padded = np.zeros((taps_h * stride_h, taps_w * stride_w, n_chan, n_filt), dtype=np.int64)
    padded[:kernel_h, :kernel_w] = weights
    return np.concatenate(
        [
            _steps(padded[row::stride_h, column::stride_w][::-1, ::-1], fold)
            for row in range(stride_h)
            for column in range(stride_w)
        ]
    )


def bias_rom(op: Convolution, fold: Fold) -> Codes:
    """Biases of shape (filter groups, pe)."""
    n_filt = output_channels(op)
    codes = np.zeros(n_filt, dtype=np.int64) if op.bias is None else op.bias.codes
    return codes.reshape(n_filt // fold.pe, fold.pe)


def render_rom(op: Convolution, fold: Fold) -> str:
    """The header with ``<op>_weights`` and ``<op>_biases``."""
    weights, biases = weight_rom(op, fold), bias_rom(op, fold)
    context = RomContext(
        name=op.name,
        weight_format=str(op.weight.format),
        bias_format=str(op.bias.format) if op.bias else "none",
        weight_width=rom_width(op.weight.format),
        bias_width=rom_width(bias_format(op)),
        depth=weights.shape[0],
        pe=fold.pe,
        simd=fold.simd,
        filter_groups=biases.shape[0],
        weights=weights.tolist(),
        biases=biases.tolist(),
    )
    return render("config/rom.h.j2", context)


def _steps(weights: Codes, fold: Fold) -> Codes:
    """(rows, columns, channels in, channels out) -> (steps, pe, simd)."""
    rows, columns, n_chan, n_filt = weights.shape
    split = weights.reshape(
        rows, columns, n_chan // fold.simd, fold.simd, n_filt // fold.pe, fold.pe
    )
    steps: Codes = split.transpose(4, 0, 1, 2, 5, 3).reshape(-1, fold.pe, fold.simd)
    return steps
