"""Mean over windows, as a weighted sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import lcm
from typing import Any

import numpy as np

from fcn_hw.costs.arithmetic import adder, converter, fabric_product, multiplexer_luts
from fcn_hw.costs.energy import MULTIPLY_PJ_A_BIT2
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import CONVERT, MEMORY, MULTIPLY, STREAM
from fcn_hw.fixed import FixedFormat, Whole, convert
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import Fold, Operands, Padding, Pair, Tensor
from fcn_hw.ops.pooling import Pooling

MAX_WINDOW_MULTIPLE = 1 << 20
"""The largest ``multiple`` of an average pooling; beyond it sums take needlessly many bits."""


@dataclass(frozen=True)
class AveragePool2D(Pooling):
    """``divisor`` times the mean over windows; positions outside the frame take no part.

    A window with n positions inside the frame has the sum of these times ``multiple / n``, an
    integer: ``multiple`` is the least common multiple of all n. It is ``divisor``, an odd number,
    times a power of two, and that power is in the binary point of ``accum``. So the result is
    exact; where every n is a power of two, ``divisor`` is 1 and it is the mean.

    Args:
        accum: format of the weighted sum.
        multiple: see above; :func:`window_multiple`.
    """

    accum: FixedFormat
    multiple: int
    padding: Padding = Padding()
    converts = True
    derived = ("accum", "multiple")

    @classmethod
    def draft(cls, *given: Any, **own: Any) -> AveragePool2D:  # type: ignore[override]
        op = super().draft(*given, multiple=1, **own)
        return replace(op, multiple=op._window_multiple(given[2][0]))

    @property
    def divisor(self) -> int:
        return self.multiple >> self.multiple_bits

    @property
    def multiple_bits(self) -> int:
        """log2 of the power of two in ``multiple``: fraction bits that the sum adds."""
        return (self.multiple & -self.multiple).bit_length() - 1

    def _window_multiple(self, source: Tensor) -> int:
        windows = self.output.shape[:2]
        return window_multiple(source.shape[:2], self.pool, self.strides, self.padding, windows)

    def window_weights(self, source: Tensor) -> tuple[int, ...]:
        """What sums are multiplied by: ``multiple`` over each count of positions, ascending."""
        windows = self.output.shape[:2]
        counts = _counts(source.shape[:2], self.pool, self.strides, self.padding, windows)
        return tuple(sorted(self.multiple // count for count in counts))

    def sum_bits(self, source: Tensor) -> int:
        """Bits of a sum over a part of a window: ``value_t`` of ``average_pool2d.h``."""
        most = min(self.pool[0], source.height) * min(self.pool[1], source.width)
        return min(source.format.signed_width + (most - 1).bit_length(), self.accum.width)

    def rules(self, operands: Operands) -> Iterable[str]:
        problems = list(super().rules(operands))
        yield from problems
        if problems:
            return
        expected = self._window_multiple(operands[0])
        if self.multiple != expected:
            yield f"multiple is {self.multiple}, the windows have {expected}"
        elif expected > MAX_WINDOW_MULTIPLE:
            yield (
                f"the means of its windows have the common denominator {expected}, "
                f"{MAX_WINDOW_MULTIPLE} is the limit"
            )

    def interval(self, operands: Sequence[Interval]) -> Interval:
        (item,) = operands
        return Interval(
            min(item.low, 0) * self.multiple,
            max(item.high, 0) * self.multiple,
            item.fraction + self.multiple_bits,
        )

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C) to (N, H', W', C): the sum of a window times ``multiple / positions``.

        How many positions of a window lie in the frame is counted like a further channel that is 1
        inside the frame and 0 in the padding.
        """
        (source,), (operand,) = codes, operands
        pad = self.padding
        edges = ((pad.top, pad.bottom), (pad.left, pad.right))
        padded = np.pad(source.astype(np.int64, copy=False), ((0, 0), *edges, (0, 0)))
        inside = np.pad(np.ones(source.shape[1:3], dtype=np.int64), edges)
        height, width = self.output.shape[:2]
        sums = np.zeros((len(source), *self.output.shape), dtype=np.int64)
        positions = np.zeros((height, width), dtype=np.int64)
        for p in range(self.pool[0]):
            down = slice(p, p + (height - 1) * self.strides[0] + 1, self.strides[0])
            for q in range(self.pool[1]):
                across = slice(q, q + (width - 1) * self.strides[1] + 1, self.strides[1])
                sums += padded[:, down, across]
                positions += inside[down, across]
        sums *= (self.multiple // positions)[:, :, None]
        return convert(sums, operand.format.fraction + self.multiple_bits, self.output.format)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        weighted = MULTIPLY if len(self.window_weights(operands[0])) > 1 else 0
        return STREAM + MEMORY + 2 + weighted + CONVERT

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,), fmt, fold = operands, self.output.format, self.given(fold)
        bits = self.sum_bits(source)
        engine = self.engine_cost(source, fold, bits, adder(bits), family)
        # The value of a whole window goes into the next stage.
        a_channel = (
            Resources(ff=bits)
            + _weighted(bits, self.window_weights(source), family)
            + converter(self.accum, fmt)
        )
        return replace(engine, resources=engine.resources + a_channel * fold.pe)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        (source,) = operands
        bits, factors = self.sum_bits(source), self.window_weights(source)
        # The only factor of windows of one size is 1.
        factor_bits = factors[-1].bit_length() if len(factors) > 1 else 0
        weighted = MULTIPLY_PJ_A_BIT2 * bits * factor_bits
        return self.engine_energy_pj(source, bits) + self.output.size * weighted

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands, fold) | {"multiple": self.multiple, "accum": self.accum}


def _weighted(bits: int, weights: tuple[int, ...], family: Family) -> Resources:
    """A product by one of a few constants. Where all are powers of two it is a choice of shifts."""
    if len(weights) == 1:
        return Resources()
    if all(weight.bit_count() == 1 for weight in weights):
        return Resources(lut=multiplexer_luts(len(weights), bits + weights[-1].bit_length() - 1))
    return fabric_product(bits, weights[-1].bit_length(), family)


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


def _counts(size: Pair, pool: Pair, strides: Pair, padding: Padding, windows: Pair) -> set[int]:
    axes = [
        set(window_positions(*axis))
        for axis in zip(size, pool, strides, (padding.top, padding.left), windows, strict=True)
    ]
    return {max(down, 1) * max(across, 1) for down in axes[0] for across in axes[1]}
