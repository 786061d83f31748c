"""Images into a network, classes out of it: what the codes mean to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.ops import Tensor


@dataclass(frozen=True)
class ClassLabel:
    """A class.

    Args:
        colour: (red, green, blue) in pictures.
    """

    name: str
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Labels:
    """The classes of a network, and how images of another size become its frames.

    Args:
        classes: of each output that is a class map, whose codes are indices into them.
        fit: see :func:`fcn_hw.pictures.fitted_size`.
        channels: of each input, see :func:`channel_orders`.
    """

    classes: Mapping[str, tuple[ClassLabel, ...]]
    fit: str
    channels: Mapping[str, str]


def channel_orders(tensor: Tensor) -> tuple[str, ...]:
    """What the channels of an image may be, in their order; the first is the usual one."""
    return ("RGB", "BGR") if tensor.channels == 3 else ("grey",)


def takes_images(tensor: Tensor) -> bool:
    """Whether the bytes of an image, grey or RGB, are codes of an input."""
    fmt = tensor.format
    return not fmt.signed and fmt.width == 8 and tensor.channels in (1, 3)
