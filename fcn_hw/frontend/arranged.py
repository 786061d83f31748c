"""Images that a source model sees with other axes, as Reshape and Permute do.

A tensor of the same values in another order is a view of an image: of each of its axes it is known
how far apart the values lie in the image. No hardware is made for a view; where its axes are those
of an image again, it is that image, or one whose channels became pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.operations import depth_to_space
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Value

Steps = tuple[tuple[int, int], ...]
"""An axis: (count, stride) of nested steps, the outer one first; strides are in values of the
image. Counts of 1 are left out, and steps that continue one another are one."""


@dataclass(frozen=True, eq=False)
class Arranged:
    """The values of an image, along other axes.

    Args:
        image: the image.
        axes: of the tensor, without the batch.
        layer: the layer that gives it.
    """

    image: Value
    axes: tuple[Steps, ...]
    layer: str

    @classmethod
    def of(cls, value: Value | Arranged, layer: str) -> Arranged:
        """A tensor as it is.

        Args:
            layer: that rearranges it next.
        """
        if isinstance(value, Arranged):
            return Arranged(value.image, value.axes, layer)
        _, width, channels = value.shape
        strides = (width * channels, channels, 1)
        axes = tuple(_joined([step]) for step in zip(value.shape, strides, strict=True))
        return cls(value, axes, layer)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return tuple(prod(count for count, _ in axis) for axis in self.axes)

    def reshaped(self, shape: Sequence[int]) -> Arranged:
        """The values in their order, along axes of other sizes.

        Raises:
            UnsupportedLayer: an axis begins inside steps whose count its size does not divide.
        """
        left = list(_joined([step for axis in self.axes for step in axis]))
        axes: list[Steps] = []
        for size in reversed(shape):
            taken: list[tuple[int, int]] = []
            missing = size
            while missing > 1:
                count, stride = left.pop() if left else (1, 1)
                inner = min(count, missing)
                if count % inner or missing % inner or inner == 1:
                    raise self._refused(shape)
                if count > inner:
                    left.append((count // inner, stride * inner))
                taken.insert(0, (inner, stride))
                missing //= inner
            axes.insert(0, _joined(taken))
        return Arranged(self.image, tuple(axes), self.layer)

    def permuted(self, order: Sequence[int]) -> Arranged:
        """The axes in another order.

        Args:
            order: of each axis its place among those that are there.
        """
        return Arranged(self.image, tuple(self.axes[place] for place in order), self.layer)

    @property
    def keeps_order(self) -> bool:
        """Whether the values lie as in the image, row by row."""
        steps = _joined([step for axis in self.axes for step in axis])
        return steps == _joined([(prod(self.image.shape), 1)])

    @property
    def keeps_pixels(self) -> bool:
        """Whether the last axis is that of the channels, and no axis before it lies in them."""
        channels = self.image.shape[2]
        whole = all(stride % channels == 0 for axis in self.axes[:-1] for _, stride in axis)
        return self.axes[-1:] == (_joined([(channels, 1)]),) and whole and self.keeps_order

    def as_image(self, context: Context) -> Value | None:
        """The image that these axes are of, or None: rows, columns and channels of the image as it
        is, or of the one whose channels became pixels."""
        if len(self.axes) != 3:
            return None
        if self.shape == self.image.shape and self.keeps_order:
            return self.image
        height, width, channels = self.image.shape
        down, across = self.shape[0] // height, self.shape[1] // width
        if (down * height, down * across * self.shape[2]) != (self.shape[0], channels):
            return None
        for channel_stride in (1, down * across):
            pixel = self.shape[2] if channel_stride == 1 else 1
            axes = (
                _joined([(height, width * channels), (down, across * pixel)]),
                _joined([(width, channels), (across, pixel)]),
                _joined([(self.shape[2], channel_stride)]),
            )
            if axes == self.axes:
                scale = (down, across)
                return depth_to_space(context, self.layer, self.image, scale, channel_stride)
        return None

    def refused(self, use: str) -> UnsupportedLayer:
        """The refusal of what an image is needed for.

        Args:
            use: in words, behind "and".
        """
        shape = "x".join(str(size) for size in self.shape)
        return UnsupportedLayer(
            self.layer,
            f"it gives {shape} values, which are no image, and {use}",
            hint="Reshape and Permute are taken where they give (height, width, channels) of the "
            "same image, or do what tf.nn.depth_to_space does",
        )

    def _refused(self, shape: Sequence[int]) -> UnsupportedLayer:
        sizes = "x".join(str(size) for size in shape)
        return UnsupportedLayer(
            self.layer,
            f"it makes {sizes} of what no axis of the image ends with",
            hint="split axes into factors and join whole ones: (height, width, channels) into "
            "(height, width, 2, 2, channels / 4)",
        )


def _joined(steps: Sequence[tuple[int, int]]) -> Steps:
    """Nested steps without those of count 1, and those that continue one another as one."""

    def walk() -> Iterator[tuple[int, int]]:
        open_count, open_stride = 1, 0
        for count, stride in steps:
            if count == 1:
                continue
            if open_count > 1 and open_stride == count * stride:
                open_count, open_stride = open_count * count, stride
                continue
            if open_count > 1:
                yield open_count, open_stride
            open_count, open_stride = count, stride
        if open_count > 1:
            yield open_count, open_stride

    return tuple(walk())
