"""Comparison of codes."""

from __future__ import annotations

import numpy as np
import pytest

from fcn_hw.errors import Mismatch
from fcn_hw.harness.compare import Comparison, Difference


def test_counts_over_batches_and_keeps_the_first() -> None:
    a = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    b = a.copy()
    same = Comparison("t").extended(a, b, 0)
    assert (same.values, same.mismatches, same.first) == (120, 0, None)
    b[1, 2, 3, 4] += 1
    b[1, 2, 3, 3] -= 2
    found = same.extended(a, b, 2)
    assert (found.values, found.mismatches) == (240, 2)
    assert found.first == Difference((3, 2, 3, 3), 118, 116)
    b[0, 0, 0, 0] = 7
    assert found.extended(a, b, 4).first == found.first


def test_a_value_between_codes_is_a_mismatch() -> None:
    codes = np.zeros((1, 1, 1, 2), np.int64)
    found = Comparison("t").extended(codes, np.array([0.0, 2.0**-30]).reshape(1, 1, 1, 2), 0)
    assert found.mismatches == 1
    assert found.first == Difference((0, 0, 0, 1), 0, 2.0**-30)


def test_nearest_counts_what_is_more_than_half_a_step_away() -> None:
    """Whatever the mode of the format: 0.4 and 0.6 of a step are both a rounding of the value."""
    codes = np.array([3, 3, 3, 3, 3, -1], np.int64).reshape(1, 1, 1, 6)
    values = np.array([2.5, 2.6, 3.4, 3.5, 3.52, 2.0]).reshape(1, 1, 1, 6)
    found = Comparison("t").extended(values, codes, 0, nearest=True)
    assert (found.values, found.mismatches, found.most_steps) == (6, 2, 3.0)
    assert found.first == Difference((0, 0, 0, 4), 3.52, 3)
    assert found.followed_by(Comparison("t")).most_steps == 3.0
    assert Comparison("t").followed_by(found).most_steps == 3.0
    assert Comparison("t").extended(values, codes, 0).mismatches == 6


def test_steps_of_unsigned_codes() -> None:
    codes = np.zeros((1, 1, 1, 1), np.uint8)
    assert Comparison("t").extended(codes, codes + np.uint8(7), 0).most_steps == 7.0


def test_shapes_must_agree() -> None:
    with pytest.raises(Mismatch, match="'t' differs at"):
        Comparison("t").extended(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 1, 2)), 0)
