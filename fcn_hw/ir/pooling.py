"""How many positions of a pooling window lie inside the frame."""

from __future__ import annotations

from math import lcm

from fcn_hw.ir.ops import AveragePool2D, Padding, Pair, Tensor

MAX_WINDOW_MULTIPLE = 1 << 20
"""The largest ``multiple`` of an average pooling; beyond it sums take needlessly many bits."""


def window_positions(length: int, pool: int, stride: int, before: int, count: int) -> list[int]:
    """Positions inside the frame of each window along an axis.

    Args:
        length: of the frame.
        before: padding in front of it.
        count: windows.
    """
    starts = [stride * index - before for index in range(count)]
    return [min(start + pool, length) - max(start, 0) for start in starts]


def window_multiple(size: Pair, pool: Pair, strides: Pair, padding: Padding, windows: Pair) -> int:
    """The least common multiple of the positions of all windows.

    A window without a position inside the frame has no mean; ``verify`` refuses it.

    Args:
        size: (height, width) of the frame.
        windows: (rows, columns) of windows.
    """
    return lcm(*_counts(size, pool, strides, padding, windows))


def window_weights(op: AveragePool2D, source: Tensor) -> tuple[int, ...]:
    """What sums of windows are multiplied by: ``multiple`` over each count of positions, ascending.

    Args:
        source: the tensor that ``op`` reads.
    """
    windows = op.output.shape[:2]
    counts = _counts(source.shape[:2], op.pool, op.strides, op.padding, windows)
    return tuple(sorted(op.multiple // count for count in counts))


def _counts(size: Pair, pool: Pair, strides: Pair, padding: Padding, windows: Pair) -> set[int]:
    axes = [
        set(window_positions(*axis))
        for axis in zip(size, pool, strides, (padding.top, padding.left), windows, strict=True)
    ]
    return {max(down, 1) * max(across, 1) for down in axes[0] for across in axes[1]}
