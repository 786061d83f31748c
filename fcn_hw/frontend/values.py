"""Tensors of a source model while the graph is built.

A tensor is *known* when an op of the graph holds its codes. What follows a float layer (batch
normalization, an unquantized bias, a scale that is no power of two) stays *pending*: a function of
a known tensor, until a quantizer makes it a step function of integers, which has an exact form. The
*sum* of pending tensors is a step function of several integers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.parts import Part

Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Known:
    """The codes of an op.

    Args:
        op: its name.
        shape: (height, width, channels).
    """

    op: str
    shape: Shape


@dataclass(frozen=True, eq=False)
class Pending:
    """A function of each value of another tensor.

    Args:
        source: that tensor.
        part: the function.
    """

    source: Value
    part: Part

    @property
    def shape(self) -> Shape:
        return self.source.shape


@dataclass(frozen=True, eq=False)
class Moved:
    """Pixels of other tensors, in other places. A quantizer may as well come before the move.

    Args:
        sources: the tensors; several where channels are concatenated.
        shape: (height, width, channels).
        build: (names of the ops of ``sources``, origin) -> name of the op that moves their pixels.
        layer: the layer or node.
        adds_zeros: whether zeros are added: then the function must keep 0.
        takes_maximum: whether maxima are taken: then the function must not fall.
        channels: the channel of the result that each channel of the sources goes to; None: each
            stays where it is, those of one source behind another's.
    """

    sources: tuple[Value, ...]
    shape: Shape
    build: Callable[[tuple[str, ...], str], str]
    layer: str
    adds_zeros: bool = False
    takes_maximum: bool = False
    channels: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Sum:
    """The sum of other tensors, not all of them known.

    Args:
        sources: the tensors, in the order in which they are added.
        shape: (height, width, channels).
        build: (names of the ops of ``sources``, format or None for the exact one, origin) -> name
            of the op that adds them.
        layer: the layer or node.
    """

    sources: tuple[Value, ...]
    shape: Shape
    build: Callable[[tuple[str, ...], FixedFormat | None, str], str]
    layer: str


Value = Union[Known, Pending, Moved, Sum]
