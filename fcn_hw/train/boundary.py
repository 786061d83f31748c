"""Boundary F1: how well the contours of a segmentation follow those of the truth.

Csurka, Larlus, Perronnin, "What is a good evaluation measure for semantic segmentation?" (BMVC
2013), section 3: for each class and image, the precision is the part of the predicted boundary
pixels that lie within a distance of a true boundary pixel of the class, the recall is the same with
truth and prediction swapped, and the measure is their harmonic mean. The distance is 0.75 % of the
image's diagonal, as there.

What the paper leaves open is settled here:

* A boundary pixel of a class has a pixel of another class above, below, left or right of it. The
  border of the image is no boundary.
* Void pixels of the truth are left out of truth and prediction, and so are boundaries with them.
* The distance is at least one pixel: on images with a diagonal below 134 pixels it would demand
  equal contours.
* An image counts for a class if its truth has a boundary of that class; a class that no truth has
  stays absent, as with IoU.

All of it is integer arithmetic, sums included: the result does not depend on the batches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fcn_hw.train.metrics import mean_of_present

ONE = 1 << 40
"""The F1 of a class in an image is a whole number of this part, rounded down."""

_NONE = -1

Labels = npt.NDArray[np.int16]
Places = npt.NDArray[np.intp]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BoundarySums:
    """Sums over images; those of batches can be added.

    Args:
        images: (C,), whose truth has a boundary of the class.
        f1: (C,), sum of their F1 in parts of :data:`ONE`.
    """

    images: Counts
    f1: Counts

    def __add__(self, other: BoundarySums) -> BoundarySums:
        return BoundarySums(self.images + other.images, self.f1 + other.f1)

    @staticmethod
    def nothing(n_classes: int) -> BoundarySums:
        """The sums over no image."""
        return BoundarySums(np.zeros(n_classes, np.int64), np.zeros(n_classes, np.int64))

    def per_class(self) -> npt.NDArray[np.float64]:
        """Mean F1 of each class, (C,), 0 to 1; NaN where no truth has a boundary of it."""
        mean = np.full(len(self.images), np.nan)
        np.divide(self.f1, self.images * float(ONE), out=mean, where=self.images > 0)
        return mean

    def mean(self) -> float:
        """Mean over the classes that have one, 0 to 1; NaN when none has."""
        return mean_of_present(self.per_class())


def squared_tolerance(height: int, width: int) -> int:
    """The largest squared distance in pixels at which boundary pixels match.

    It is (0.0075)^2 = 9 / 160,000 of the squared diagonal, at least 1.
    """
    return max(1, 9 * (height**2 + width**2) // 160_000)


def boundary_sums(
    truth: npt.NDArray[np.integer],
    predicted: npt.NDArray[np.integer],
    n_classes: int,
    void: int | None = None,
) -> BoundarySums:
    """The sums of a batch.

    Args:
        truth: class indices, (N, H, W).
        predicted: class indices of the same shape.
        n_classes: C.
        void: value in ``truth`` whose pixels are left out, or None.

    Raises:
        ValueError: other shapes.
    """
    if truth.shape != predicted.shape or truth.ndim != 3:
        raise ValueError(f"truth has shape {truth.shape}, predicted has {predicted.shape}")
    height, width = truth.shape[1:]
    left_out = np.zeros(truth.shape, bool) if void is None else truth == void
    squared = squared_tolerance(height, width)
    true, guess = (
        _boundaries(np.where(left_out, _NONE, labels.astype(np.int16)), math.isqrt(squared))
        for labels in (truth, predicted)
    )
    steps = _steps(squared, true.shape[2])
    n_true, n_guess = (_by_image_and_class(edges, n_classes) for edges in (true, guess))
    hit_true = n_true - _by_image_and_class(true, n_classes, _unmatched(true, guess, steps))
    hit_guess = n_guess - _by_image_and_class(guess, n_classes, _unmatched(guess, true, steps))
    f1 = np.zeros(n_classes, np.int64)
    for image, label in np.argwhere(hit_true):
        found, of_found = int(hit_guess[image, label]), int(n_guess[image, label])
        met, of_met = int(hit_true[image, label]), int(n_true[image, label])
        # 2 P R / (P + R) with P = found / of_found, R = met / of_met
        f1[label] += 2 * found * met * ONE // (found * of_met + met * of_found)
    return BoundarySums(np.count_nonzero(n_true, axis=0).astype(np.int64), f1)


def _boundaries(labels: Labels, margin: int) -> Labels:
    """The labels (N, H, W) of boundary pixels, ``_NONE`` elsewhere and in a margin around."""
    on_boundary = np.zeros(labels.shape, bool)
    for axis in (1, 2):
        size = labels.shape[axis]
        first, second = (
            tuple(part if i == axis else slice(None) for i in range(3))
            for part in (slice(0, size - 1), slice(1, size))
        )
        one, other = labels[first], labels[second]
        differ = (one != other) & (one != _NONE) & (other != _NONE)
        on_boundary[first] |= differ
        on_boundary[second] |= differ
    edges = np.where(on_boundary, labels, _NONE).astype(np.int16)
    return np.pad(edges, ((0, 0), (margin, margin), (margin, margin)), constant_values=_NONE)


def _steps(squared: int, row: int) -> list[int]:
    """Distances in memory to all pixels of the disk, near ones first.

    Args:
        squared: of the disk's radius.
        row: pixels of a row, the margin included.
    """
    reach = math.isqrt(squared)
    disk = [
        (y * y + x * x, y * row + x)
        for y in range(-reach, reach + 1)
        for x in range(-reach, reach + 1)
        if y * y + x * x <= squared
    ]
    return [step for _, step in sorted(disk)]


def _unmatched(edges: Labels, others: Labels, steps: list[int]) -> Places:
    """Where a boundary pixel has none of its class among the others within the disk."""
    flat, there = edges.ravel(), others.ravel()
    left: Places = np.flatnonzero(flat != _NONE)
    for step in steps:
        left = left[there[left + step] != flat[left]]
    return left


def _by_image_and_class(edges: Labels, n_classes: int, places: Places | None = None) -> Counts:
    """Boundary pixels, all or those at ``places``, by image and class, (N, C)."""
    flat, count = edges.ravel(), len(edges)
    places = np.flatnonzero(flat != _NONE) if places is None else places
    image = places // max(1, flat.size // max(1, count))
    counted = np.bincount(image * n_classes + flat[places], minlength=count * n_classes)
    return counted.astype(np.int64).reshape(count, n_classes)
