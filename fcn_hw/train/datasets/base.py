"""What every data set becomes: images and masks as bytes, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

SPLITS = ("train", "val")
"""The names of the two parts of a data set."""


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Args:
        images: (n, height, width, channels), raw bytes.
        masks: (n, height, width), class indices, or the void value.
        names: what to call each image in a message or a report.
    """

    images: Bytes
    masks: Bytes
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        assert self.images.ndim == 4 and self.images.shape[:3] == self.masks.shape
        assert self.images.dtype == self.masks.dtype == np.uint8
        assert len(self.names) == len(self.images)

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class DataSet:
    """A data set for segmentation.

    Args:
        name: short name, for reports.
        classes: class names; a mask value is an index into them.
        void: the mask value that loss and metrics ignore, or None.
        train: images to fit, empty when not asked for.
        val: images to judge by, empty when not asked for.
    """

    name: str
    classes: tuple[str, ...]
    void: int | None
    train: Split
    val: Split

    @property
    def n_classes(self) -> int:
        return len(self.classes)


def empty_split(height: int, width: int, channels: int) -> Split:
    """A split that was not asked for."""
    return Split(
        np.zeros((0, height, width, channels), np.uint8), np.zeros((0, height, width), np.uint8), ()
    )


def as_split(pairs: Sequence[tuple[Bytes, Bytes]], names: Sequence[str]) -> Split:
    """Stacks pairs of (image, mask) of equal sizes."""
    return Split(
        np.stack([image for image, _ in pairs]), np.stack([mask for _, mask in pairs]), tuple(names)
    )
