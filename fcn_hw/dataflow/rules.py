"""The firing rule of each op: in which cycles of a frame its header reads and writes.

One function an op, each of the header of the same name in ``templates/include/fcn_hw``; the tests
compare them with what the compiled headers do. An iteration of a pipelined loop is a cycle; it
reads in the iteration's own cycle and writes ``latency`` cycles later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fcn_hw.dataflow.latency import LOOP_END, pipeline_latency
from fcn_hw.dataflow.lowering import Process
from fcn_hw.dataflow.schedule import Cycles, Schedule
from fcn_hw.ir import (
    ArgMax,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Crop2D,
    Lookup,
    MaxPool2D,
    Op,
    Quantize,
    Relu,
    SkipAdd,
    SkipConcat,
    SkipMaximum,
    SkipSubtract,
    Tensor,
    Threshold,
    UpsampleBilinear,
    UpsampleNearest,
    ZeroPad2D,
)
from fcn_hw.ir.cycles import (
    MIN_POOL_ROW_CYCLES,
    Fold,
    fold_steps,
    is_pointwise,
    windows,
)
from fcn_hw.ir.ops import CONVOLUTIONS, Convolution


def schedule(process: Process, fold: Fold | None = None, *, latency_scale: float = 1.0) -> Schedule:
    """The schedule of a process.

    Args:
        fold: of an op of :data:`fcn_hw.ir.ops.FOLDED`, else None.
        latency_scale: factor on the estimated pipeline latency. 0 is the order of reads and writes
            of the header as a sequential program, and its cycles then are those of
            :func:`fcn_hw.ir.cycles.cycles_per_frame`.
    """
    op, operands = process.op, tuple(stream.tensor for stream in process.inputs)
    latency = round(latency_scale * pipeline_latency(op, operands, fold))
    end = LOOP_END if latency_scale else 0
    if isinstance(op, CONVOLUTIONS):
        assert fold is not None, "the cycles of a convolution depend on its fold"
        if isinstance(op, Conv2D) and is_pointwise(op, operands[0]):
            return _one_loop(*_pointwise(op, operands[0], fold), latency, end)
        return _window_loops(op, operands[0], fold, latency, end)
    if isinstance(op, (BatchNorm, Threshold)):
        assert fold is not None, "the cycles of such an op depend on its fold"
        return _one_loop(*_channel_groups(op, fold), latency, end)
    if op is None:
        return _one_loop(*every_pixel(operands[0]), latency, end)
    return _one_loop(*RULES[type(op)](op, operands[0]), latency, end)


Iterations = tuple[Cycles, Cycles, int]
"""The iterations of a loop that read, those that write, and how many it has."""


def _one_loop(reads: Cycles, writes: Cycles, iterations: int, latency: int, end: int) -> Schedule:
    return Schedule(reads, writes + latency, iterations + latency + end)


def every_pixel(result: Tensor) -> Iterations:
    """fork.h, and all headers whose loop is ``Pixel``: a pixel in, a pixel out."""
    pixels = np.arange(result.height * result.width)
    return pixels, pixels, len(pixels)


def _pixelwise(op: Op, source: Tensor) -> Iterations:
    return every_pixel(op.output)


def _channel_groups(op: BatchNorm | Threshold, fold: Fold) -> Iterations:
    """batch_norm.h, threshold.h: reads with a pixel's first channel group, writes with its last."""
    groups = fold_steps(op, fold)
    starts = groups * np.arange(op.output.height * op.output.width)
    return starts, starts + groups - 1, groups * len(starts)


def _crop2d(op: Crop2D, source: Tensor) -> Iterations:
    """crop2d.h: reads in every iteration, writes in those of the rectangle."""
    rows = op.offset[0] + np.arange(op.output.height)
    cols = op.offset[1] + np.arange(op.output.width)
    count = source.height * source.width
    return np.arange(count), _grid(rows, cols, source.width), count


def _zero_pad2d(op: ZeroPad2D, source: Tensor) -> Iterations:
    """zero_pad2d.h: writes in every iteration, reads in those inside the padding."""
    rows = op.padding.top + np.arange(source.height)
    cols = op.padding.left + np.arange(source.width)
    count = op.output.height * op.output.width
    return _grid(rows, cols, op.output.width), np.arange(count), count


def _pool2d(op: MaxPool2D | AveragePool2D, source: Tensor) -> Iterations:
    """pool2d.h: a window's value is written when its last position is scanned."""
    ends = [
        stride * np.arange(size) - before + pool - 1
        for stride, size, before, pool in zip(
            op.strides, op.output.shape[:2], (op.padding.top, op.padding.left), op.pool, strict=True
        )
    ]
    height = max(source.height, int(ends[0][-1]) + 1)
    width = max(source.width, int(ends[1][-1]) + 1, MIN_POOL_ROW_CYCLES)
    reads = _grid(np.arange(source.height), np.arange(source.width), width)
    return reads, _grid(ends[0], ends[1], width), height * width


def _upsample_nearest(op: UpsampleNearest, source: Tensor) -> Iterations:
    """upsample_nearest.h: writes in every iteration, reads in the first copy of each pixel."""
    rows = op.scale[0] * np.arange(source.height)
    cols = op.scale[1] * np.arange(source.width)
    count = op.output.height * op.output.width
    return _grid(rows, cols, op.output.width), np.arange(count), count


def _upsample_bilinear(op: UpsampleBilinear, source: Tensor) -> Iterations:
    """upsample_bilinear.h: writes in every iteration, reads where a band begins on both axes."""
    rows, cols = (
        np.maximum(scale * np.arange(size) - scale // 2, 0)
        for scale, size in zip(op.scale, source.shape[:2], strict=True)
    )
    count = op.output.height * op.output.width
    return _grid(rows, cols, op.output.width), np.arange(count), count


def _pointwise(op: Conv2D, source: Tensor, fold: Fold) -> Iterations:
    """conv2d.h without a line buffer: a pixel on the grid of the strides takes ``fold`` cycles."""
    steps = fold_steps(op, fold)
    on_grid = np.zeros(source.shape[:2], dtype=bool)
    on_grid[:: op.strides[0], :: op.strides[1]] = True
    ends = np.cumsum(np.where(on_grid, steps, 1))
    reads = np.concatenate(([0], ends[:-1]))
    return reads, ends[on_grid.ravel()] - 1, int(ends[-1])


def _window_loops(op: Convolution, source: Tensor, fold: Fold, latency: int, end: int) -> Schedule:
    """windows.h: the loops Fill, OutputRow/OutputColumn/Step and Drain."""
    win, result, steps = windows(op), op.output, fold_steps(op, fold)
    height, width = source.height, source.width
    reach = (win.taps[0] - 1) * win.spread[0] + 1
    bands = _ceil_div(win.phase[0] + result.height, win.phases[0])
    needed = min(max(win.origin[0] + reach + (bands - 1) * win.move[0], 0), height)
    fill_rows = min(max(win.origin[0] + reach, 0), height)
    band_reads = win.move[0] * width
    first_band_outputs = min(win.phases[0] - win.phase[0], result.height) * result.width
    period = max(steps, _ceil_div(band_reads, first_band_outputs))
    gap = first_band_outputs * period // band_reads

    # The row reader: at the start of a band it begins with the rows that the next band adds.
    in_loop: list[Cycles] = []
    rows_read, free = fill_rows, 0  # `free`: the first iteration that may read
    for band in range(bands):
        first_row = max(band * win.phases[0] - win.phase[0], 0)
        wanted = min(win.origin[0] + (band + 1) * win.move[0] + reach, needed)
        if wanted > rows_read:
            count = (wanted - rows_read) * width
            start = max(first_row * result.width * period, free)
            in_loop.append(start + gap * np.arange(count))
            rows_read, free = wanted, start + gap * count

    fill, drain = fill_rows * width, (height - needed) * width
    # A loop without iterations still is a state of the process.
    start = fill + end
    iterations = result.height * result.width * period
    drain_start = start + iterations + latency + end
    reads = [np.arange(fill), *(start + part for part in in_loop), drain_start + np.arange(drain)]
    writes = start + latency + period * np.arange(result.height * result.width) + steps - 1
    return Schedule(np.concatenate(reads), writes, drain_start + drain + end)


def _grid(rows: Cycles, cols: Cycles, width: int) -> Cycles:
    """The iterations at the crossings of rows and columns of a loop over rows of ``width``."""
    return (rows[:, None] * width + cols[None, :]).ravel()


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)


RULES: dict[type[Op], Callable[[Any, Tensor], Iterations]] = {
    MaxPool2D: _pool2d,
    AveragePool2D: _pool2d,
    UpsampleNearest: _upsample_nearest,
    UpsampleBilinear: _upsample_bilinear,
    SkipAdd: _pixelwise,
    SkipSubtract: _pixelwise,
    SkipMaximum: _pixelwise,
    SkipConcat: _pixelwise,
    Crop2D: _crop2d,
    ZeroPad2D: _zero_pad2d,
    Lookup: _pixelwise,
    Quantize: _pixelwise,
    Relu: _pixelwise,
    ArgMax: _pixelwise,
}
