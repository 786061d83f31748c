"""Boundary F1 against a slow oracle of loops and fractions, and by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_hw.train.boundary import ONE, BoundarySums, boundary_sums, squared_tolerance

VOID = 9
Map = npt.NDArray[np.uint8]


def contour(labels: list[list[int]], void: list[list[bool]], which: int) -> list[tuple[int, int]]:
    """Boundary pixels of a class, straight from the definition."""
    height, width = len(labels), len(labels[0])
    found = []
    for y in range(height):
        for x in range(width):
            if void[y][x] or labels[y][x] != which:
                continue
            for ny, nx in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                inside = 0 <= ny < height and 0 <= nx < width
                if inside and not void[ny][nx] and labels[ny][nx] != which:
                    found.append((y, x))
                    break
    return found


def near(places: list[tuple[int, int]], others: list[tuple[int, int]], size: Fraction) -> int:
    """How many places lie within 0.75 % of the diagonal, or one pixel, of another."""
    reach = max(Fraction(1), Fraction(75, 10_000) ** 2 * size)
    return sum(
        any((y - v) ** 2 + (x - u) ** 2 <= reach for v, u in others) for y, x in places
    )  # fmt: skip


def oracle(truth: Map, guess: Map, n_classes: int) -> tuple[list[int], list[Fraction]]:
    """Images and summed F1 of each class."""
    images, f1 = [0] * n_classes, [Fraction(0)] * n_classes
    for t, g in zip(truth.tolist(), guess.tolist(), strict=True):
        void = [[value == VOID for value in row] for row in t]
        size = Fraction(len(t) ** 2 + len(t[0]) ** 2)
        for which in range(n_classes):
            true, predicted = contour(t, void, which), contour(g, void, which)
            if not true:
                continue
            images[which] += 1
            precision = Fraction(near(predicted, true, size), len(predicted) or 1)
            recall = Fraction(near(true, predicted, size), len(true))
            if precision + recall:
                f1[which] += 2 * precision * recall / (precision + recall)
    return images, f1


def check(truth: Map, guess: Map, n_classes: int) -> None:
    found = boundary_sums(truth, guess, n_classes, VOID)
    images, f1 = oracle(truth, guess, n_classes)
    assert found.images.tolist() == images
    for which in range(n_classes):  # each image's F1 is rounded down
        assert 0 <= f1[which] * ONE - int(found.f1[which]) < max(1, images[which])


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3), st.integers(0, 2**32))
def test_against_the_oracle(height: int, width: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.array([0, 1, 2, VOID], np.uint8)
    truth = labels[rng.choice(4, (count, height, width), p=(0.5, 0.3, 0.1, 0.1))]
    guess = rng.choice(3, truth.shape, p=(0.5, 0.4, 0.1)).astype(np.uint8)
    check(truth, guess, 4)


@pytest.mark.parametrize(("height", "width"), [(210, 280), (5, 420), (400, 3)])
def test_larger_tolerances_against_the_oracle(height: int, width: int) -> None:
    """Squared tolerances of 6, 9 and 9: disks, not diamonds or squares."""
    assert squared_tolerance(height, width) in (6, 9)
    rng = np.random.default_rng(height)
    truth, guess = np.zeros((2, height, width), np.uint8), np.zeros((2, height, width), np.uint8)
    for labels in (truth, guess):
        for image in labels:
            for _ in range(4):  # thin rectangles near the same places
                y, x = rng.integers(0, max(1, height // 8)), rng.integers(0, max(1, width // 8))
                image[y : y + rng.integers(1, 5), x : x + rng.integers(1, 9)] = rng.integers(1, 3)
        labels[:, :, 0] = VOID if labels is truth else 0
    check(truth, guess, 3)


def test_tolerance() -> None:
    assert squared_tolerance(64, 96) == 1  # 0.87 pixels of 115: the least
    assert squared_tolerance(192, 256) == 5  # 2.4 pixels of 320
    assert squared_tolerance(360, 480) == 20  # 4.5 pixels of 600
    for height, width in ((360, 480), (240, 320), (1080, 1920), (333, 517)):
        diagonal = math.hypot(height, width)
        assert squared_tolerance(height, width) <= (0.0075 * diagonal) ** 2 + 1e-9
        assert squared_tolerance(height, width) + 1 > (0.0075 * diagonal) ** 2 - 1e-9


def edge_at(column: int) -> Map:
    labels = np.zeros((1, 192, 256), np.uint8)
    labels[:, :, column:] = 1
    return labels


@pytest.mark.parametrize(("shift", "f1"), [(0, 1.0), (2, 1.0), (3, 0.0), (-2, 1.0), (-3, 0.0)])
def test_a_shifted_edge_counts_up_to_the_tolerance(shift: int, f1: float) -> None:
    found = boundary_sums(edge_at(100), edge_at(100 + shift), 2)
    assert found.per_class().tolist() == [f1, f1]
    assert found.mean() == f1


def test_precision_and_recall_differ() -> None:
    """A second edge far from the true one: precision 1/2, recall 1, F1 2/3."""
    guess = edge_at(100)
    guess[:, :, 200:] = 0
    assert boundary_sums(edge_at(100), guess, 2).per_class()[1] == pytest.approx(2 / 3, abs=1e-11)


def test_void_is_left_out_with_its_boundaries() -> None:
    truth, guess = edge_at(100), edge_at(150)
    truth[:, :, 98:104] = VOID  # all of the edge
    found = boundary_sums(truth, guess, 2, VOID)
    assert found.images.tolist() == [0, 0]
    assert math.isnan(found.mean())
    assert np.isnan(found.per_class()).all()


def test_a_class_that_is_only_predicted_is_absent() -> None:
    guess = edge_at(100)
    guess[:, 50:60, 200:210] = 2
    found = boundary_sums(edge_at(100), guess, 3)
    assert found.images.tolist() == [1, 1, 0]
    assert math.isnan(found.per_class()[2])
    assert 0.5 < found.per_class()[1] < 1  # but its contour costs class 1 precision


def test_a_class_that_is_never_predicted_has_zero() -> None:
    found = boundary_sums(edge_at(100), np.zeros_like(edge_at(100)), 2)
    assert found.per_class().tolist() == [0.0, 0.0]


def test_batches_add_up_in_any_order() -> None:
    rng = np.random.default_rng(3)
    truth, guess = rng.integers(0, 5, (2, 7, 30, 40)).astype(np.uint8)
    whole = boundary_sums(truth, guess, 5)
    for parts in ([range(7)], [range(3), range(3, 7)], [[6], [1, 0], [5, 2, 3, 4]]):
        added = BoundarySums.nothing(5)
        for part in parts:
            added += boundary_sums(truth[list(part)], guess[list(part)], 5)
        assert (added.f1 == whole.f1).all() and (added.images == whole.images).all()
    assert (boundary_sums(truth[:0], guess[:0], 5).images == 0).all()


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="predicted has"):
        boundary_sums(edge_at(3), edge_at(3)[:, :5], 2)
