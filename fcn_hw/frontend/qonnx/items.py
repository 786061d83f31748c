"""What tensors of a QONNX graph are while it is read, and what the rules of operators work with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Union

import numpy as np

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.parts import Floats, Function
from fcn_hw.frontend.qonnx.program import Array, Node
from fcn_hw.frontend.qonnx.run import computed_by
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Shape, Value
from fcn_hw.frontend.weights import Weights

MAX_SIDE = 1 << 14
"""The most rows, columns and channels of a tensor: 16,384 pixels of 4 bytes fill a line buffer."""


@dataclass(frozen=True, eq=False)
class Image:
    """A tensor of frames.

    Args:
        value: it, channels last.
        last: whether its channels are last in the source model as well, and not second.
        classes: whether it holds the classes of pixels, of the scores ``value``.
    """

    value: Value
    last: bool = False
    classes: bool = False

    @property
    def shape(self) -> Shape:
        return self.value.shape

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Of its axes in the source model."""
        height, width, channels = self.shape
        return (1, height, width, channels) if self.last else (1, channels, height, width)

    @property
    def channel_axis(self) -> int:
        return 3 if self.last else 1


@dataclass(frozen=True, eq=False)
class Fixed:
    """A constant.

    Args:
        array: its values.
        weights: the codes behind them, where a quantizer made them; of the array's shape.
    """

    array: Array
    weights: Weights | None = None


@dataclass(frozen=True, eq=False)
class Levels:
    """Integers between QuantizeLinear and DequantizeLinear.

    Args:
        image: what is quantized.
        scale: float32, one or one a channel.
        low, high: the integers that there are.
    """

    image: Image
    scale: Array
    low: int
    high: int


Item = Union[Image, Fixed, Levels]


@dataclass
class Reading:
    """The graph so far.

    Args:
        context: what builds the graph.
        items: the tensors so far, by name.
        units: of the values that ops hold as codes: what a step of the op's format stands for; by
            the node's path, one or one a channel. Nodes that are not here have a unit of 1.
        ends: tensors that go out and that no node reads.
    """

    context: Context
    ends: frozenset[str]
    items: dict[str, Item] = field(default_factory=dict)
    units: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Given:
    """A node with what it reads.

    Args:
        items: its inputs, None for those that are left out.
    """

    reading: Reading
    node: Node
    items: Sequence[Item | None]

    @property
    def context(self) -> Context:
        return self.reading.context

    @property
    def path(self) -> str:
        return self.node.path

    def refused(self, reason: str, hint: str) -> UnsupportedLayer:
        return UnsupportedLayer(self.path, reason, hint=hint)

    # -- attributes --------------------------------------------------------------------------------

    def number(self, name: str, otherwise: float) -> float:
        value = self.node.attributes.get(name, otherwise)
        if not isinstance(value, (int, float)):
            raise self.refused(f"its attribute '{name}' is no number", "export the model again")
        return value

    def text(self, name: str, otherwise: str) -> str:
        value = self.node.attributes.get(name, otherwise)
        if not isinstance(value, str):
            raise self.refused(f"its attribute '{name}' is no text", "export the model again")
        return value

    def integers(self, name: str, otherwise: Sequence[int]) -> tuple[int, ...]:
        """A list, of as many numbers as the one that stands for it where it is left out."""
        value = self.node.attributes.get(name)
        if value is None:
            return tuple(otherwise)
        if not isinstance(value, list) or len(value) != len(otherwise):
            raise self.refused(
                f"its attribute '{name}' has not {len(otherwise)} numbers",
                "images have two dimensions: Conv2d, MaxPool2d and their kind",
            )
        found = tuple(int(number) for number in value)
        if min(found) < 0 or max(found) > MAX_SIDE:
            raise self.refused(
                f"its attribute '{name}' is {list(found)}", f"use numbers of 0 to {MAX_SIDE:,}"
            )
        return found

    # -- inputs ------------------------------------------------------------------------------------

    def images(self) -> list[Image]:
        """The inputs, all of them images of one layout.

        Raises:
            UnsupportedLayer: one is not.
        """
        found = [self.image(n) for n in range(len(self.items))]
        if len({image.last for image in found}) > 1:
            raise self.refused(
                "its inputs have channels in different places", "transpose none or all of them"
            )
        return found

    def image(self, position: int = 0) -> Image:
        item = self.items[position] if position < len(self.items) else None
        if isinstance(item, Image) and not item.classes:
            return item
        if item is None:
            raise self.refused(f"input {position} is missing", "export the model again")
        what = {Fixed: "a constant", Levels: "an integer tensor"}.get(type(item), "a class map")
        raise self.refused(f"input {position} is {what}", "give it an image")

    def constant(self, position: int) -> Array | None:
        """A constant input, None where it is left out.

        Raises:
            UnsupportedLayer: it is computed from images.
        """
        item = self.items[position] if position < len(self.items) else None
        if item is None:
            return None
        if not isinstance(item, Fixed):
            raise self.refused(
                f"input {position} depends on the image",
                "give a constant: sizes of frames are fixed",
            )
        return item.array

    def one(self, position: int, what: str) -> float:
        """A constant of one number."""
        array = self.constant(position)
        if array is None or array.size != 1:
            raise self.refused(f"its {what} is not one number", "export the model again")
        return float(array.reshape(()))

    # -- pixelwise functions -----------------------------------------------------------------------

    def function(self, position: int = 0) -> Function:
        """The node as a function of image ``position``, computed as the source model does it.

        Its constants must be of one number, or one a channel.
        """
        arrays = [item.array if isinstance(item, Fixed) else None for item in self.items]
        computed = computed_by(self.node)
        last = self.image(position).last

        def compute(values: Any) -> Array:
            given = np.asarray(values, np.float32)
            given = given if last else np.ascontiguousarray(given.transpose(0, 3, 1, 2))
            inputs = [given if n == position else array for n, array in enumerate(arrays)]
            found = computed(inputs)[0]
            return found if last else found.transpose(0, 2, 3, 1)

        return compute

    def by_channel(self, array: Array, image: Image, what: str) -> Floats:
        """A constant that is one number or one a channel, by channel.

        Raises:
            UnsupportedLayer: it differs between pixels, or is not finite.
        """
        sizes = (*(1,) * (4 - array.ndim), *array.shape)
        channels = image.shape[2]
        if (
            len(sizes) > 4
            or array.size != sizes[image.channel_axis]
            or array.size not in (1, channels)
        ):
            raise self.refused(
                f"its {what} of shape {array.shape} is not one number, or one for each of "
                f"{channels} channels",
                "use one of these",
            )
        return self.finite(array, what, channels)

    def finite(self, array: Array, what: str, channels: int) -> Floats:
        """float64 of shape (channels,)."""
        found = np.asarray(array, np.float64).reshape(-1)
        if not np.all(np.isfinite(found)):
            raise self.refused(f"its {what} is not finite", "train the model again")
        return np.array(np.broadcast_to(found, (channels,)))


MAX_FOLDED = 1 << 24
"""Values of a constant that nodes compute."""


def folded(given: Given) -> Fixed:
    """A node of constants alone, computed.

    Raises:
        UnsupportedLayer: it is none of those that size calculations and scales need, or its result
            is too large.
    """
    node = given.node
    arrays = [item.array if isinstance(item, Fixed) else None for item in given.items]
    if node.kind not in FOLDED or node.domain:
        raise given.refused(
            f"{node.kind} of constants", "give weights as initializers, or simplify the file"
        )
    there = [array for array in arrays if array is not None]
    largest = max((array.size for array in there), default=0)
    if node.kind == "Concat":
        largest = sum(array.size for array in there)
    elif node.kind == "Gather":
        largest = prod(array.size for array in there)
    elif len(there) > 1 and node.kind in _BROADCAST:
        try:
            largest = prod(np.broadcast_shapes(*(array.shape for array in there)))
        except ValueError as error:
            raise given.refused("its constants have shapes that do not go together",
                                "export the model again") from error  # fmt: skip
    if largest > MAX_FOLDED:
        raise given.refused("its result is too large for a constant", "export the model again")
    try:
        return Fixed(np.asarray(computed_by(node)(arrays)[0]))
    except UnsupportedLayer:
        raise
    except Exception as error:  # onnxruntime's, of its own classes
        raise given.refused(
            f"{node.kind} of these constants fails", "export the model again"
        ) from error


_BROADCAST = frozenset("Add Sub Mul Div Pow Max Min Equal Where".split())

FOLDED = _BROADCAST | frozenset(
    """Abs Cast Ceil Concat Constant Exp Floor Gather Identity Log Neg Reciprocal Reshape Round
    Slice Sqrt Squeeze Transpose Unsqueeze""".split()
)
"""Operators whose results are constants where all that they read are."""
