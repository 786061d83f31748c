"""Convolution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.firing import Loop
from fcn_hw.fixed import Codes, Whole, whole_type
from fcn_hw.ops.base import Fold, Operands, Tensor
from fcn_hw.ops.convolution import DirectConvolution
from fcn_hw.ops.patches import padded, patches
from fcn_hw.ops.products import largest_sum

_PATCH_ELEMENTS = 1 << 16
"""Elements of the patch matrix that are gathered at a time: 256 to 512 KiB stay in the cache."""


@dataclass(frozen=True)
class Conv2D(DirectConvolution):
    """Convolution: ``y[i,j,o] = b[o] + sum x[i*s+p*d-top, j*s+q*d-left, c] * w[p,q,c,o]``.

    Args:
        weight: codes of shape (kernel height, kernel width, channels in, channels out).
        bias: codes of shape (channels out,), or None.
        accum: format of the sum, its fraction is the finest of product and bias.
        strides, dilation: (vertical, horizontal).
        padding: code 0 around the frame.
    """

    def step_weights(self) -> Iterable[Codes]:
        return (self.weight.codes,)

    def is_pointwise(self, source: Tensor) -> bool:
        """Whether it is 1x1 without padding, which needs no line buffer."""
        return (
            self.weight.codes.shape[:2] == (1, 1)
            and self.padding.top == self.padding.left == 0
            and (self.output.height - 1) * self.strides[0] < source.height
            and (self.output.width - 1) * self.strides[1] < source.width
        )

    def cycles_of(self, source: Tensor, fold: Fold, steps: int) -> int:
        if self.is_pointwise(source):
            return source.pixels + self.output.pixels * (steps - 1)
        return super().cycles_of(source, fold, steps)

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """Without a line buffer a pixel on the grid of the strides takes a cycle for each step."""
        (source,) = operands
        if not self.is_pointwise(source):
            return super().loops(operands, fold)
        on_grid = np.zeros(source.shape[:2], dtype=bool)
        on_grid[:: self.strides[0], :: self.strides[1]] = True
        ends = np.cumsum(np.where(on_grid, self.pixel_steps(self.given(fold)).count, 1))
        reads = np.concatenate(([0], ends[:-1]))
        return (Loop(reads, ends[on_grid.ravel()] - 1, int(ends[-1])),)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C) to (N, H', W', C'): patches times the kernel matrix, block by block.

        A block is some whole frames where frames are small, else some rows of one frame, so the
        memory for patches is bounded whatever the size of the frame.
        """
        (source,), (operand,) = codes, operands
        weight, (height, width) = self.weight.codes, self.output.shape[:2]
        bound = largest_sum(source, operand.format, weight)
        dtype = whole_type(bound)
        matrix = weight.reshape(-1, self.filters).astype(dtype)
        frames = padded(source, self.padding, dtype)
        view = patches(frames, weight.shape[:2], self.strides, self.dilation)
        assert view.shape[1:3] == (height, width), view.shape
        result = np.empty((len(source), height, width, self.filters), dtype=dtype)
        row_elements = width * len(matrix)
        n_rows = min(height, max(1, _PATCH_ELEMENTS // row_elements))
        n_frames = max(1, _PATCH_ELEMENTS // (row_elements * height))
        for first in range(0, len(source), n_frames):
            for top in range(0, height, n_rows):
                block = slice(first, first + n_frames), slice(top, top + n_rows)
                rows = np.ascontiguousarray(view[block]).reshape(-1, len(matrix))
                # a view: contiguous
                np.matmul(rows, matrix, out=result[block].reshape(-1, self.filters))
        return self.finish(result, bound, operand)
