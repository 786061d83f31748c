"""Where a float stands in for an integer, and that it is exact there."""

from __future__ import annotations

import numpy as np
import pytest

from fcn_hw.fixed import FixedFormat, whole_type
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant
from fcn_hw.ops.products import largest_sum
from fcn_hw.reference import evaluate

WIDE = FixedFormat(signed=True, width=63, integer=63)


@pytest.mark.parametrize(
    ("code", "weights", "dtype"),
    [
        (1, [1 << 24], np.float32),
        (1, [1 << 23, -(1 << 23)], np.float32),
        (1, [1 << 23, -(1 << 23) - 1], np.float64),  # the sum of magnitudes decides
        (-(1 << 12), [1 << 12], np.float32),
        (-(1 << 12) - 1, [1 << 12], np.float64),
        ((1 << 24) + 1, [0], np.float64),  # the code itself must fit, whatever it meets
        (0, [(1 << 24) + 1], np.float64),
        (1 << 20, [1 << 33], np.float64),
        (1 << 20, [1 << 33, 1], np.int64),
        ((1 << 53) + 1, [0], np.int64),
        (1, [(1 << 62), (1 << 62)], np.int64),  # the bound itself leaves int64
    ],
)
def test_number_type(code: int, weights: list[int], dtype: type) -> None:
    kernel = np.array(weights, np.int64).reshape(-1, 1, 1, 1)
    assert whole_type(largest_sum(np.array([0, code]), WIDE, kernel)) is dtype


def test_channels_out_are_bounded_apart() -> None:
    kernel = np.full((1, 1, 1, 100), 1 << 24, np.int64)
    assert whole_type(largest_sum(np.array([1]), WIDE, kernel)) is np.float32


def test_the_format_is_enough_where_it_gives_float32() -> None:
    """Where an operand's format allows few enough, its codes are not read."""
    narrow = FixedFormat(signed=True, width=8, integer=8)
    kernel = np.full((1, 1, 2, 1), 3, np.int64)
    assert largest_sum(np.array([[1]]), narrow, kernel) == 128 * 6


@pytest.mark.parametrize("bits", [2, 8, 10, 11, 16, 22, 24, 28])
@pytest.mark.parametrize("transposed", [False, True])
def test_sums_at_the_limits_are_exact(bits: int, transposed: bool) -> None:
    """Odd codes at the top of the range: a float that rounded would lose the last bit."""
    fmt = FixedFormat(signed=True, width=bits, integer=bits)
    random = np.random.default_rng(bits)
    low, high = fmt.min_code, fmt.max_code
    kernel = random.choice([low + 1, high - 1, high, low], (3, 3, 5, 4))
    image = random.choice([low + 1, high - 1, high, low], (2, 4, 5, 5))
    build = GraphBuilder("net")
    build.input("image", (4, 5, 5), fmt)
    if transposed:
        build.conv_transpose2d("y", "image", Constant(kernel, fmt), size=(6, 7))
    else:
        build.conv2d("y", "image", Constant(kernel, fmt))
    found = evaluate(build.finish("y"), {"image": image})["y"]
    expected = np.zeros(found.shape, object)
    wide_image, wide_kernel = image.astype(object), kernel.astype(object)
    for p in range(3):
        for q in range(3):
            if transposed:
                products = np.tensordot(wide_image, wide_kernel[p, q], 1)
                expected[:, p : p + 4, q : q + 5] += products
            else:
                part = wide_image[:, p : p + 2, q : q + 3]
                expected += np.tensordot(part, wide_kernel[p, q], 1)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("elements", [1, 500, 2_000, 5_000, 1 << 19])
@pytest.mark.parametrize("strides", [(1, 1), (2, 3), (3, 2)])
def test_blocks_of_rows_and_of_frames_land_in_their_place(
    elements: int, strides: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a row at a time to all frames at once."""
    monkeypatch.setattr("fcn_hw.ops.conv2d._PATCH_ELEMENTS", elements)
    random = np.random.default_rng(1)
    fmt = FixedFormat(signed=True, width=6, integer=6)
    kernel = random.integers(-32, 32, (3, 5, 3, 2))
    build = GraphBuilder("net")
    build.input("image", (13, 15, 3), fmt)
    build.conv2d("y", "image", Constant(kernel, fmt), strides=strides)
    image = random.integers(-32, 32, (7, 13, 15, 3))
    found = evaluate(build.finish("y"), {"image": image})["y"]
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 5), axis=(1, 2))
    windows = windows[:, :: strides[0], :: strides[1]]
    assert np.array_equal(found, np.einsum("nijcpq,pqco->nijo", windows, kernel))
