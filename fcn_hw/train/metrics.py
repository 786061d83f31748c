"""Segmentation metrics from one confusion matrix; integers until the last division.

Definitions: Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation",
CVPR 2015, section 5; void pixels are left out as in PASCAL VOC.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Confusion = npt.NDArray[np.int64]


def confusion_matrix(
    truth: npt.NDArray[np.integer],
    predicted: npt.NDArray[np.integer],
    n_classes: int,
    void: int | None = None,
) -> Confusion:
    """Counts of pixels, ``[true class, predicted class]``; matrices of batches can be added.

    Args:
        truth: class indices of any shape.
        predicted: class indices of the same shape.
        n_classes: C; the result is (C, C).
        void: value in ``truth`` whose pixels aren't counted, or None.

    Raises:
        ValueError: other shapes, or a class outside 0 to C - 1 in a pixel that counts.
    """
    if truth.shape != predicted.shape:
        raise ValueError(f"truth has shape {truth.shape}, predicted has {predicted.shape}")
    true, guess = truth.ravel(), predicted.ravel()
    if void is not None:
        counted = true != void
        true, guess = true[counted], guess[counted]
    for name, values in (("truth", true), ("predicted", guess)):
        if values.size and not 0 <= values.min() <= values.max() < n_classes:
            raise ValueError(
                f"{name} holds classes {values.min()} to {values.max()}, outside 0 to "
                f"{n_classes - 1}"
            )
    pairs = true.astype(np.intp) * n_classes + guess.astype(np.intp)
    counts = np.bincount(pairs, minlength=n_classes * n_classes)
    return counts.astype(np.int64).reshape(n_classes, n_classes)


def iou_per_class(confusion: Confusion) -> npt.NDArray[np.float64]:
    """Intersection over union of each class, (C,); NaN where a class never occurs in the truth."""
    hits = np.diagonal(confusion)
    in_truth = confusion.sum(axis=1)
    union = in_truth + confusion.sum(axis=0) - hits
    iou = np.full(len(confusion), np.nan)
    np.divide(hits, union, out=iou, where=in_truth > 0)
    return iou


def mean_iou(confusion: Confusion) -> float:
    """Mean of IoU over the classes that occur in the truth, 0 to 1; NaN when none does."""
    return mean_of_present(iou_per_class(confusion))


def mean_of_present(values: npt.NDArray[np.float64]) -> float:
    """Mean of what is not NaN; NaN when nothing is."""
    present = ~np.isnan(values)
    return float(values[present].mean()) if present.any() else float("nan")


def pixel_accuracy(confusion: Confusion) -> float:
    """Part of the counted pixels whose class is right, 0 to 1; NaN when none is counted."""
    total = int(confusion.sum())
    return int(np.diagonal(confusion).sum()) / total if total else float("nan")


def accuracy_per_class(confusion: Confusion) -> npt.NDArray[np.float64]:
    """Part of each class's pixels that are right, (C,); NaN where a class is not in the truth."""
    in_truth = confusion.sum(axis=1)
    accuracy = np.full(len(confusion), np.nan)
    np.divide(np.diagonal(confusion), in_truth, out=accuracy, where=in_truth > 0)
    return accuracy


def mean_class_accuracy(confusion: Confusion) -> float:
    """Mean of the accuracies of the classes in the truth, 0 to 1; NaN when there is none."""
    return mean_of_present(accuracy_per_class(confusion))


def frequency_weighted_iou(confusion: Confusion) -> float:
    """Mean of the IoUs, each weighted by its class's pixels in the truth; NaN when none counts."""
    total, iou = int(confusion.sum()), iou_per_class(confusion)
    present = ~np.isnan(iou)
    if not total:
        return float("nan")
    return float((confusion.sum(axis=1)[present] * iou[present]).sum()) / total
