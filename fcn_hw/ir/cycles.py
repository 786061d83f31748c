"""Clock cycles that each op's header takes for a frame.

The formulas are those of the headers in ``templates/include/fcn_hw``. They count the iterations of
the pipelined loops (initiation interval 1). The start and the end of a pipeline add a few cycles a
loop, which only synthesis can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from fcn_hw.ir.extension import EXTENSIONS
from fcn_hw.ir.ops import (
    CONVOLUTIONS,
    FOLDED,
    AveragePool2D,
    Conv2D,
    Convolution,
    ConvTranspose2D,
    Crop2D,
    Folded,
    MaxPool2D,
    Op,
    Pair,
    Tensor,
    output_channels,
)

MIN_POOL_ROW_CYCLES = 8
"""``pool2d.h`` spends at least so many a row, so that an update of a partial maximum can end."""


@dataclass(frozen=True)
class Fold:
    """How many multipliers, or rows of comparators, an op has.

    Args:
        pe: filters or channels computed in parallel; divides the channels out.
        simd: channels of the input that a filter multiplies in parallel; divides the channels in,
            and is 1 for all but :class:`Conv2D` and :class:`ConvTranspose2D`.
    """

    pe: int
    simd: int

    @property
    def multipliers(self) -> int:
        return self.pe * self.simd


@dataclass(frozen=True)
class Windows:
    """How the windows of a convolution lie: ``WINDOW_T`` of ``windows.h``.

    Pairs are (down, across).

    Args:
        taps: taps of a window.
        spread: distance of taps.
        origin: input position of the first tap of the first window; may be negative.
        move: input pixels that the window moves by every ``phases`` outputs.
        phases: outputs that share a window, each with weights of its own.
        phase: phase of the first output.
    """

    taps: Pair
    spread: Pair
    origin: Pair
    move: Pair
    phases: Pair
    phase: Pair


def windows(op: Convolution) -> Windows:
    """The windows of a convolution, transposed or not."""
    kernel_h, kernel_w = op.weight.codes.shape[:2]
    if not isinstance(op, ConvTranspose2D):
        return Windows(
            taps=(kernel_h, kernel_w),
            spread=op.dilation,
            origin=(-op.padding.top, -op.padding.left),
            move=op.strides,
            phases=(1, 1),
            phase=(0, 0),
        )
    (stride_h, stride_w), (top, left) = op.strides, op.crop
    taps = (_ceil_div(kernel_h, stride_h), _ceil_div(kernel_w, stride_w))
    return Windows(
        taps=taps,
        spread=(1, 1),
        origin=(top // stride_h - taps[0] + 1, left // stride_w - taps[1] + 1),
        move=(1, 1),
        phases=op.strides,
        phase=(top % stride_h, left % stride_w),
    )


def fold_steps(op: Folded, fold: Fold) -> int:
    """Cycles that the multipliers or comparators work on one output pixel."""
    if not isinstance(op, CONVOLUTIONS):
        return op.output.channels // fold.pe
    taps = windows(op).taps
    groups = op.weight.codes.shape[2] // fold.simd if sums_channels(op) else 1
    return taps[0] * taps[1] * int(groups) * (output_channels(op) // fold.pe)


def sums_channels(op: Folded) -> TypeGuard[Conv2D | ConvTranspose2D]:
    """Whether a filter reads all channels of the input, and not one."""
    return isinstance(op, (Conv2D, ConvTranspose2D))


def cycles_per_frame(op: Op, operands: tuple[Tensor, ...], fold: Fold | None = None) -> int:
    """Cycles that the process of ``op`` takes for one frame; 0 for an input.

    Args:
        operands: the tensors that it reads.
        fold: of an op of :data:`FOLDED`, else None.
    """
    if not operands:
        return 0
    own = EXTENSIONS[type(op)].cycles if type(op) in EXTENSIONS else None
    if own is not None:
        return own(op, operands)
    source, result = operands[0], op.output
    inputs, outputs = source.height * source.width, result.height * result.width
    if isinstance(op, FOLDED):
        assert fold is not None, "the cycles of such an op depend on its fold"
        steps = fold_steps(op, fold)
        if not isinstance(op, CONVOLUTIONS):
            return outputs * steps
        return convolution_cycles(op, source, steps)
    if isinstance(op, (MaxPool2D, AveragePool2D)):
        bottom = (result.height - 1) * op.strides[0] - op.padding.top + op.pool[0]
        right = (result.width - 1) * op.strides[1] - op.padding.left + op.pool[1]
        return max(source.height, bottom) * max(source.width, right, MIN_POOL_ROW_CYCLES)
    return inputs if isinstance(op, Crop2D) else outputs


def convolution_cycles(op: Convolution, source: Tensor, steps: int) -> int:
    """Cycles of a frame if the multipliers worked ``steps`` cycles on an output pixel.

    Args:
        steps: :func:`fold_steps` of what is emitted; at least 1.
    """
    if is_pointwise(op, source):
        outputs = op.output.height * op.output.width
        return source.height * source.width + outputs * (steps - 1)
    return _window_cycles(windows(op), steps, source, op.output)


def is_pointwise(op: Op, source: Tensor) -> bool:
    """Whether ``op`` is a 1x1 convolution without padding, which needs no line buffer."""
    if not isinstance(op, Conv2D) or op.weight.codes.shape[:2] != (1, 1):
        return False
    return (
        op.padding.top == op.padding.left == 0
        and (op.output.height - 1) * op.strides[0] < source.height
        and (op.output.width - 1) * op.strides[1] < source.width
    )


def _window_cycles(win: Windows, steps: int, source: Tensor, result: Tensor) -> int:
    """The formula of ``windows.h``: fill, outputs, drain."""
    reach = (win.taps[0] - 1) * win.spread[0] + 1
    bands = _ceil_div(win.phase[0] + result.height, win.phases[0])
    needed = win.origin[0] + reach + (bands - 1) * win.move[0]
    fill_rows = min(max(win.origin[0] + reach, 0), source.height)
    drain_rows = source.height - min(max(needed, 0), source.height)
    first_band_outputs = min(win.phases[0] - win.phase[0], result.height) * result.width
    period = max(steps, _ceil_div(win.move[0] * source.width, first_band_outputs))
    return (fill_rows + drain_rows) * source.width + result.height * result.width * period


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)
