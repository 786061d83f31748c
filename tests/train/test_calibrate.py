"""Binary points: least L2 error by brute force, and what the design fixes stays fixed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest

from fcn_hw.design import NumberFormat, WeightFormat
from fcn_hw.fixed import FixedFormat, from_quantized_relu, parse_format, quantize, to_float
from fcn_hw.train.calibrate import (
    MAX_SPREAD,
    choose_bias,
    choose_by_channel,
    choose_formats,
    choose_weight,
    quantized_values,
    signed_format,
    squared_error,
    weight_codes,
)
from fcn_hw.train.precision import SignFormat, Wish
from fcn_hw.train.topology import RELU, Conv, Input, Shape, Topology

Floats = npt.NDArray[np.float32]

EVERY_INTEGER = range(-24, 25)


def spread(kind: str, scale: float, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    draw = {
        "normal": lambda: random.normal(0, scale, 500),
        "heavy": lambda: random.standard_t(2, 500) * scale,
        "few": lambda: random.choice([-1.0, 0.5, 0.0, 3.0], 30) * scale,
    }
    return draw[kind]().astype(np.float32)


@pytest.mark.parametrize("kind", ["normal", "heavy", "few"])
@pytest.mark.parametrize("scale", [1e-3, 0.2, 1.0, 37.0])
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_weights_have_the_least_error_of_all_integer_bits(
    kind: str, scale: float, bits: int
) -> None:
    values = spread(kind, scale, bits)
    chosen = choose_weight(values, bits)
    errors = [squared_error(values, signed_format(bits, i)) for i in EVERY_INTEGER]
    assert chosen.width == bits and chosen.signed
    assert squared_error(values, chosen) == min(errors)
    assert min(errors) < max(errors)


@pytest.mark.parametrize("levels", ["binary", "ternary"])
@pytest.mark.parametrize("scale", [1e-3, 0.2, 5.0])
def test_sign_weights_have_the_least_error_of_all_magnitudes(
    levels: Literal["binary", "ternary"], scale: float
) -> None:
    values = spread("normal", scale, 7)
    chosen = choose_weight(values, levels)
    errors = [squared_error(values, SignFormat(levels, k)) for k in range(-20, 10)]
    assert chosen.levels == levels
    assert squared_error(values, chosen) == min(errors)


@pytest.mark.parametrize("axis", [2, 3])
def test_each_filter_has_the_format_of_least_error(axis: int) -> None:
    random = np.random.default_rng(axis)
    kernel = random.normal(0, 1, (3, 3, 6, 6)).astype(np.float32)
    filters = np.moveaxis(kernel, axis, 0)
    filters *= np.exp2([0, -1, -2, -3, -9, -2]).astype(np.float32).reshape(6, 1, 1, 1)
    found = choose_by_channel(kernel, 4, axis)
    own = [choose_weight(each, 4) for each in filters]
    assert all(isinstance(each, FixedFormat) for each in own)
    wanted = [each.integer for each in own if isinstance(each, FixedFormat)]
    assert min(wanted) < max(wanted) - MAX_SPREAD
    assert found.integers == tuple(max(i, max(wanted) - MAX_SPREAD) for i in wanted)
    assert found.fixed.width == 4 + MAX_SPREAD
    codes = np.moveaxis(weight_codes(kernel, found), axis, 0)
    values = np.moveaxis(quantized_values(kernel, found), axis, 0)
    for code, value, each, integer in zip(codes, values, filters, found.integers, strict=True):
        fmt = signed_format(4, integer)
        np.testing.assert_array_equal(value, to_float(quantize(each, fmt), fmt))
        np.testing.assert_array_equal(to_float(code, found.fixed), value)


def test_ternary_takes_the_nearest_level() -> None:
    fmt = SignFormat("ternary", -2)
    values = np.array([-1.0, -0.125, -0.1249, 0.0, 0.1249, 0.125, 0.3], np.float32)
    assert weight_codes(values, fmt).tolist() == [-1, -1, 0, 0, 0, 1, 1]
    assert quantized_values(values, fmt).tolist() == [-0.25, -0.25, 0, 0, 0, 0.25, 0.25]


def test_binary_has_no_zero() -> None:
    fmt = SignFormat("binary", 1)
    assert quantized_values([-3.0, 0.0, 1e-9], fmt).tolist() == [-2.0, 2.0, 2.0]


def test_fixed_integer_bits_are_kept() -> None:
    values = spread("normal", 1.0, 1)
    assert choose_weight(values, WeightFormat(bits=5, integer=-3)) == signed_format(5, -3)
    assert choose_bias(values, WeightFormat(bits=9, integer=4)) == signed_format(9, 4)


def test_zeros_and_outliers_do_not_break_the_search() -> None:
    assert choose_bias(np.zeros(4, np.float32), 8).width == 8
    values = np.append(np.full(1000, 0.1, np.float32), np.float32(1e5))
    assert squared_error(values, choose_weight(values, 4)) == min(
        squared_error(values, signed_format(4, i)) for i in EVERY_INTEGER
    )


def one_layer(hidden: bool) -> Topology:
    image = Shape(4, 4, 1)
    return (Input("image", image), Conv("c", "image", image, (3, 3), RELU if hidden else None))


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("bits", [2, 4, 7])
def test_activations_have_the_least_error_over_all_batches(hidden: bool, bits: int) -> None:
    random = np.random.default_rng(5)
    batches = [random.normal(0, size, (2, 4, 4, 1)).astype(np.float32) for size in (0.3, 2.0)]
    if hidden:
        batches = [np.maximum(batch, 0) for batch in batches]
    weights = {"c": (np.ones((3, 3, 1, 1), np.float32), np.ones(1, np.float32))}
    table = choose_formats(
        one_layer(hidden), {"c": Wish(4, 8, bits)}, weights, lambda: [{"c": b} for b in batches]
    )
    make = from_quantized_relu if hidden else signed_format
    values = np.concatenate(batches)
    errors = [squared_error(values, make(bits, i)) for i in EVERY_INTEGER]
    chosen = table.layers["c"].activation
    assert chosen.signed is not hidden
    assert squared_error(values, chosen) == pytest.approx(min(errors))


def test_fixed_activation_needs_no_search() -> None:
    weights = {"c": (np.ones((3, 3, 1, 1), np.float32), np.ones(1, np.float32))}
    wish = Wish(4, 8, NumberFormat(bits=6, integer=2))
    table = choose_formats(
        one_layer(True), {"c": wish}, weights, lambda: [{"c": np.ones((1, 4, 4, 1), np.float32)}]
    )
    assert table.layers["c"].activation == parse_format("ufixed<6,2,RND_CONV,SAT>")


def test_codes_are_those_of_fixed() -> None:
    values = spread("normal", 0.4, 3)
    fmt = signed_format(4, 0)
    assert isinstance(fmt, FixedFormat)
    np.testing.assert_array_equal(weight_codes(values, fmt), quantize(values, fmt))
