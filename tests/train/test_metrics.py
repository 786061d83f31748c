"""Metrics against counts made by hand, and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_hw.train.metrics import confusion_matrix, iou_per_class, mean_iou, pixel_accuracy

TRUTH = np.array([[0, 0, 1], [1, 2, 9]], np.uint8)
GUESS = np.array([[0, 1, 1], [1, 0, 2]], np.uint8)


def test_confusion_counts_pairs_and_leaves_void_out() -> None:
    counts = confusion_matrix(TRUTH, GUESS, 4, void=9)
    assert counts.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert counts.dtype == np.int64


def test_metrics_of_the_same_by_hand() -> None:
    counts = confusion_matrix(TRUTH, GUESS, 4, void=9)
    iou = iou_per_class(counts)
    assert iou[:3].tolist() == [1 / 3, 2 / 3, 0.0] and math.isnan(iou[3])
    assert mean_iou(counts) == pytest.approx(1 / 3)
    assert pixel_accuracy(counts) == 3 / 5


def test_a_class_that_is_only_predicted_does_not_enter_the_mean() -> None:
    counts = confusion_matrix(np.zeros(4, int), np.array([0, 0, 0, 1]), 2)
    assert mean_iou(counts) == 0.75


def test_matrices_of_batches_add_up() -> None:
    whole = confusion_matrix(TRUTH, GUESS, 3, void=9)
    rows = [confusion_matrix(t, g, 3, void=9) for t, g in zip(TRUTH, GUESS, strict=True)]
    assert (rows[0] + rows[1] == whole).all()


def test_nothing_to_count_gives_nan() -> None:
    counts = confusion_matrix(np.full(3, 255), np.zeros(3, int), 2, void=255)
    assert counts.tolist() == [[0, 0], [0, 0]]
    assert math.isnan(mean_iou(counts)) and math.isnan(pixel_accuracy(counts))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_against_sets_of_pixels(pairs: list[tuple[int, int]]) -> None:
    truth, guess = (np.array(column) for column in zip(*pairs, strict=True))
    counts = confusion_matrix(truth, guess, 5)
    expected = []
    for c in set(truth.tolist()):
        both = sum(t == g == c for t, g in pairs)
        either = sum(c in (t, g) for t, g in pairs)
        expected.append(both / either)
    assert mean_iou(counts) == pytest.approx(sum(expected) / len(expected))
    assert pixel_accuracy(counts) == sum(t == g for t, g in pairs) / len(pairs)


@pytest.mark.parametrize(
    ("truth", "guess", "message"),
    [
        ([0, 1], [0], r"truth has shape \(2,\), predicted has \(1,\)"),
        ([0, 3], [0, 0], "truth holds classes 0 to 3, outside 0 to 2"),
        ([0, 1], [-1, 2], "predicted holds classes -1 to 2, outside 0 to 2"),
    ],
)
def test_wrong_input_is_refused(truth: list[int], guess: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confusion_matrix(np.array(truth), np.array(guess), 3)
