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


def test_shapes_must_agree() -> None:
    with pytest.raises(Mismatch, match="'t' differs at"):
        Comparison("t").extended(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 1, 2)), 0)
