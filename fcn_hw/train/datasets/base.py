"""What every data set becomes: images and masks as bytes, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

SPLITS = ("train", "val", "test")
"""The names of the parts of a data set: to fit, to choose by, and to report only."""

Metric = Literal["mIoU", "accuracy"]
"""What a data set is judged by: mean IoU, or of one-pixel maps the share of right classes."""


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Args:
        images: (n, height, width, channels), raw bytes.
        masks: (n, height, width), class indices, or the void value; (n, 1, 1) where an image has
            one class as a whole.
        names: what to call each image in a message or a report.
    """

    images: Bytes
    masks: Bytes
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        assert self.images.ndim == 4 and self.masks.ndim == 3
        assert self.masks.shape in {self.images.shape[:3], (len(self.images), 1, 1)}
        assert self.images.dtype == self.masks.dtype == np.uint8
        assert len(self.names) == len(self.images)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def one_class(self) -> bool:
        """Whether an image has one class as a whole."""
        return self.masks.shape[1:] == (1, 1) != self.images.shape[1:3]


@dataclass(frozen=True)
class DataSet:
    """A data set for segmentation.

    Args:
        name: short name, for reports.
        classes: class names; a mask value is an index into them.
        void: the mask value that loss and metrics ignore, or None.
        train: images to fit, empty when not asked for.
        val: images to judge by, empty when not asked for.
        test: images that no choice was made by, empty when there are none or not asked for.
    """

    name: str
    classes: tuple[str, ...]
    void: int | None
    train: Split
    val: Split
    test: Split

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @property
    def metric(self) -> Metric:
        return "accuracy" if self.train.one_class or self.val.one_class else "mIoU"

    def split(self, name: str) -> Split:
        """The part ``"train"``, ``"val"`` or ``"test"``."""
        return {"train": self.train, "val": self.val, "test": self.test}[name]


def empty_split(height: int, width: int, channels: int, *, one_class: bool = False) -> Split:
    """A split that was not asked for."""
    mask = (1, 1) if one_class else (height, width)
    return Split(
        np.zeros((0, height, width, channels), np.uint8), np.zeros((0, *mask), np.uint8), ()
    )


def as_split(pairs: Sequence[tuple[Bytes, Bytes]], names: Sequence[str]) -> Split:
    """Stacks pairs of (image, mask) of equal sizes."""
    return Split(
        np.stack([image for image, _ in pairs]), np.stack([mask for _, mask in pairs]), tuple(names)
    )
