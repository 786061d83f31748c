"""Metrics of batches: by hand, against each other, and absent classes."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_hw.train.metrics import (
    accuracy_per_class,
    confusion_matrix,
    frequency_weighted_iou,
    mean_class_accuracy,
)
from fcn_hw.train.tally import Tally

CLASSES = ("a", "b", "c")


def test_the_other_metrics_by_hand() -> None:
    truth = np.array([0, 0, 0, 0, 1, 1, 9])
    guess = np.array([0, 0, 0, 2, 1, 0, 1])
    counts = confusion_matrix(truth, guess, 3, void=9)
    assert accuracy_per_class(counts)[:2].tolist() == [3 / 4, 1 / 2]
    assert np.isnan(accuracy_per_class(counts)[2])
    assert mean_class_accuracy(counts) == 5 / 8
    # IoU: 3 of 5, and 1 of 2; 4 and 2 of 6 pixels
    assert frequency_weighted_iou(counts) == pytest.approx((4 * 3 / 5 + 2 * 1 / 2) / 6)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_against_lists(pairs: list[tuple[int, int]]) -> None:
    truth, guess = (np.array(column) for column in zip(*pairs, strict=True))
    counts = confusion_matrix(truth, guess, 5)
    right, weighted = [], 0.0
    for c in set(truth.tolist()):
        of_class = [g for t, g in pairs if t == c]
        right.append(of_class.count(c) / len(of_class))
        either = sum(c in pair for pair in pairs)
        weighted += len(of_class) / len(pairs) * of_class.count(c) / either
    assert mean_class_accuracy(counts) == pytest.approx(sum(right) / len(right))
    assert frequency_weighted_iou(counts) == pytest.approx(weighted)


def test_batches_of_any_size_give_the_same_metrics() -> None:
    rng = np.random.default_rng(1)
    truth, guess = rng.integers(0, 3, (2, 9, 12, 17)).astype(np.uint8)
    truth[:, 3] = 255
    found = []
    for size in (1, 2, 4, 9):
        tally = Tally(CLASSES, 255)
        for first in range(0, 9, size):
            tally.add(truth[first : first + size], guess[first : first + size])
        found.append(tally.metrics())
    assert found.count(found[0]) == 4
    assert sum(map(sum, found[0].confusion)) == 9 * 11 * 17
    assert list(found[0].iou) == list(CLASSES)


def test_an_absent_class_is_none_and_the_document_is_json() -> None:
    truth, guess = np.zeros((1, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8)
    truth[0, 0], guess[0, 1] = 1, 2
    tally = Tally(CLASSES, None)
    tally.add(truth, guess)
    metrics = tally.metrics()
    assert metrics.iou["c"] is metrics.class_accuracy["c"] is metrics.class_boundary_f1["c"] is None
    assert metrics.iou["b"] == metrics.class_accuracy["b"] == 0.0
    assert metrics.miou == pytest.approx((8 / 16 + 0) / 2)
    assert "NaN" not in json.dumps(asdict(metrics), allow_nan=False)


def test_nothing_but_void_is_none() -> None:
    tally = Tally(CLASSES, 255)
    tally.add(np.full((2, 3, 3), 255, np.uint8), np.zeros((2, 3, 3), np.uint8))
    metrics = tally.metrics()
    assert {metrics.miou, metrics.pixel_accuracy, metrics.boundary_f1} == {None}
    assert {metrics.mean_class_accuracy, metrics.frequency_weighted_iou} == {None}
    json.dumps(asdict(metrics), allow_nan=False)


def test_maps_of_one_pixel_have_no_boundary() -> None:
    tally = Tally(CLASSES, None)
    labels = np.array([0, 1, 2, 1], np.uint8).reshape(4, 1, 1)
    tally.add(labels, labels)
    assert tally.metrics().pixel_accuracy == 1.0
    assert tally.metrics().boundary_f1 is None
