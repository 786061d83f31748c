"""Errors of quantizers, against sums over fractions and by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from fcn_hw.fixed import parse_format
from fcn_hw.train.precision import SignFormat, parse_weight_quantizer
from fcn_hw.train.quantization_error import MAX_BINS, errors_of, histogram_divergence


def test_l2_is_the_sum_over_fractions() -> None:
    values = np.array([[0.3, -1.7], [0.0, 5.0]], dtype=np.float32)
    fmt = parse_format("fixed<3,2,RND_CONV,SAT>")  # steps of 1/2 from -2 to 1.5
    rounded = [Fraction(1, 2), Fraction(-3, 2), Fraction(0), Fraction(3, 2)]
    exact = [Fraction(float(value)) for value in values.ravel()]
    wanted = sum((x - q) ** 2 for x, q in zip(exact, rounded, strict=True)) / sum(
        x**2 for x in exact
    )
    found, _ = errors_of(lambda: [values], fmt)
    assert found == pytest.approx(float(wanted), rel=1e-15)
    halves, _ = errors_of(lambda: [values[:1], values[1:]], fmt)
    assert halves == pytest.approx(found, rel=1e-15)


def test_divergence_of_a_histogram_by_hand() -> None:
    """Middles 0.25, 0.75, 1.25, 1.75 have codes 0, 1, 1, 1 of one bit; an empty bin counts not."""
    edges = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
    fmt = parse_format("ufixed<1,1,RND,SAT>")
    counts = np.array([4, 3, 0, 1])
    wanted = 3 / 8 * math.log((3 / 8) / (2 / 8)) + 1 / 8 * math.log((1 / 8) / (2 / 8))
    assert histogram_divergence(counts, edges, fmt) == pytest.approx(wanted, rel=1e-14)
    even = np.array([1, 2, 2, 2])  # nothing is lost where a code's bins hold the same
    assert histogram_divergence(even, edges, fmt) == 0.0


def test_divergence_falls_with_bits_and_ends_at_nothing() -> None:
    random = np.random.default_rng(3)
    values = np.maximum(random.normal(0, 0.7, (40, 50, 60)), 0).astype(np.float32)
    found = [
        errors_of(lambda: values, parse_format(f"ufixed<{bits},2,RND_CONV,SAT>"))
        for bits in (1, 2, 4, 6, 16)
    ]
    for index in (0, 1):
        numbers = [pair[index] for pair in found]
        assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == len(numbers)
    assert found[-1][1] == 0.0  # finer than a bin
    assert math.isqrt(int(np.count_nonzero(values))) < MAX_BINS


def test_zeros_tell_nothing() -> None:
    values = np.random.default_rng(4).normal(0, 0.4, 400)
    fmt = parse_format("fixed<3,1,RND_CONV,SAT>")
    _, alone = errors_of(lambda: [values], fmt)
    _, among_zeros = errors_of(lambda: [values, np.zeros(100_000)], fmt)
    assert among_zeros == alone > 0


@pytest.mark.parametrize("values", [np.zeros((3, 3)), np.zeros((0, 4)), np.full(5, 0.5)])
def test_values_without_a_range(values: np.ndarray) -> None:
    assert errors_of(lambda: [values], parse_format("fixed<4,1,RND_CONV,SAT>")) == (0.0, 0.0)


def test_signs() -> None:
    values = np.array([-0.5, -0.1, 0.1, 0.5])
    quantizer = parse_weight_quantizer("ternary(2^-1)")
    assert isinstance(quantizer, SignFormat)
    found, _ = errors_of(lambda: [values], quantizer)
    assert found == pytest.approx(0.02 / 0.52, rel=1e-12)
