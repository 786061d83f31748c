"""Ops from outside the package: what the graph must know of them (``fcn_hw.extend`` registers)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fcn_hw.ir.ops import Op, Tensor

if TYPE_CHECKING:  # intervals.py looks ops up here
    from fcn_hw.ir.intervals import Interval

Operands = tuple[Tensor, ...]


@dataclass(frozen=True)
class Extension:
    """The rules of an op's class.

    Args:
        interval: (op, an interval for each input) to what it computes before the conversion to the
            output's format.
        inputs: how many it reads.
        shape: (op, operands) to (height, width, channels); None where it is the input's.
        rules: (op, operands) to every broken rule, in words.
        cycles: (op, operands) to the cycles of a frame; None for one a pixel of the output.
        latency_cycles: (op, operands) to the cycles from the read of a pixel to its write.
    """

    interval: Callable[[Any, list[Interval]], Interval]
    inputs: int
    shape: Callable[[Any, Operands], tuple[int, int, int]] | None
    rules: Callable[[Any, Operands], Iterable[str]] | None
    cycles: Callable[[Any, Operands], int] | None
    latency_cycles: Callable[[Any, Operands], int] | None


EXTENSIONS: dict[type[Op], Extension] = {}
"""The registered classes."""
