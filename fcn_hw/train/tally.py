"""Metrics of a set of images, counted batch by batch: memory does not grow with the images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fcn_hw.train.boundary import BoundarySums, boundary_sums
from fcn_hw.train.metrics import (
    Confusion,
    accuracy_per_class,
    confusion_matrix,
    frequency_weighted_iou,
    iou_per_class,
    mean_class_accuracy,
    mean_iou,
    pixel_accuracy,
)

PerClass = Mapping[str, float | None]


@dataclass(frozen=True)
class Metrics:
    """How well class maps agree with the truth; 0 to 1, None where nothing can be said.

    Args:
        miou: mean of ``iou`` over the classes that occur in the truth.
        frequency_weighted_iou: the same, weighted by their pixels.
        mean_class_accuracy: mean of ``class_accuracy``.
        pixel_accuracy: part of the pixels, void left out, that are right.
        boundary_f1: mean of ``class_boundary_f1``; None for maps of one pixel.
        iou, class_accuracy, class_boundary_f1: by class; None for a class that does not occur in
            the truth, or has no boundary there.
        confusion: pixels, ``[true class][predicted class]``.
    """

    miou: float | None
    frequency_weighted_iou: float | None
    mean_class_accuracy: float | None
    pixel_accuracy: float | None
    boundary_f1: float | None
    iou: PerClass
    class_accuracy: PerClass
    class_boundary_f1: PerClass
    confusion: Sequence[Sequence[int]]


class Tally:
    """Counts of one model's class maps against the truth.

    Args:
        classes: names.
        void: mask value that does not count, or None.
    """

    def __init__(self, classes: Sequence[str], void: int | None) -> None:
        self.classes, self.void = tuple(classes), void
        self.confusion: Confusion = np.zeros((len(classes), len(classes)), np.int64)
        self.boundary = BoundarySums.nothing(len(classes))

    def add(self, truth: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer]) -> None:
        """Counts a batch of class maps, (N, H, W) both.

        Raises:
            ValueError: other shapes, or a class that is none.
        """
        n_classes = len(self.classes)
        self.confusion += confusion_matrix(truth, predicted, n_classes, self.void)
        if truth.shape[1:] != (1, 1):
            self.boundary += boundary_sums(truth, predicted, n_classes, self.void)

    def metrics(self) -> Metrics:
        """Of all that was counted."""
        confusion = self.confusion
        return Metrics(
            miou=_known(mean_iou(confusion)),
            frequency_weighted_iou=_known(frequency_weighted_iou(confusion)),
            mean_class_accuracy=_known(mean_class_accuracy(confusion)),
            pixel_accuracy=_known(pixel_accuracy(confusion)),
            boundary_f1=_known(self.boundary.mean()),
            iou=self._named(iou_per_class(confusion)),
            class_accuracy=self._named(accuracy_per_class(confusion)),
            class_boundary_f1=self._named(self.boundary.per_class()),
            confusion=confusion.tolist(),
        )

    def _named(self, values: npt.NDArray[np.float64]) -> PerClass:
        return dict(zip(self.classes, map(_known, values.tolist()), strict=True))


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value
