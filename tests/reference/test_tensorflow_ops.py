"""The oracle against TensorFlow's own ops, on data that their floats hold exactly."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fcn_hw.fixed import FixedFormat
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.keras_env import keras_env
from fcn_hw.ops import Constant, Padding
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.upsample_bilinear import UpsampleBilinear
from fcn_hw.reference import evaluate

INT5 = FixedFormat(signed=True, width=5, integer=5)
INT4 = FixedFormat(signed=True, width=4, integer=4)
SIZES = [(1, 4), (5, 7), (6, 9)]


@pytest.fixture(scope="module")
def tf() -> Any:
    return keras_env().tf


def image(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(height * width).integers(-16, 16, (2, height, width, channels))


def kernel(height: int, width: int, n_in: int = 3, n_out: int = 2) -> np.ndarray:
    return np.random.default_rng(height + width).integers(-8, 8, (height, width, n_in, n_out))


def convolved(
    kind: str, x: np.ndarray, w: np.ndarray, same: bool
) -> Iterator[tuple[int, int, np.ndarray]]:
    """(stride, rate, oracle's codes) of a convolution, where the kernel fits the frame.

    Args:
        kind: the builder's method.
    """
    size, taps = x.shape[1:3], w.shape[:2]
    for stride, rate in [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)]:
        strides, dilation = (stride, stride), (rate, rate)
        if not same and any((k - 1) * rate + 1 > n for k, n in zip(taps, size, strict=True)):
            continue
        build = GraphBuilder("net")
        build.input("x", (*size, 3), INT5)
        padding = Padding.same(size, taps, strides, dilation) if same else Padding()
        getattr(build, kind)(
            "y", "x", Constant(w, INT4), strides=strides, dilation=dilation, padding=padding
        )
        yield stride, rate, evaluate(build.finish("y"), {"x": x})["y"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("taps", [(1, 1), (2, 3), (3, 3), (4, 2)])
@pytest.mark.parametrize("same", [True, False])
def test_conv2d(tf: Any, size: tuple[int, int], taps: tuple[int, int], same: bool) -> None:
    x, w = image(*size), kernel(*taps)
    for stride, rate, found in convolved("conv2d", x, w, same):
        expected = tf.nn.conv2d(
            x.astype(float), w.astype(float), stride, "SAME" if same else "VALID", dilations=rate
        )
        assert np.array_equal(found, expected.numpy())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("taps", [(1, 1), (2, 3), (3, 3), (5, 2)])
@pytest.mark.parametrize("filters", [1, 2, 3])
@pytest.mark.parametrize("same", [True, False])
def test_depthwise_conv2d(
    tf: Any, size: tuple[int, int], taps: tuple[int, int], filters: int, same: bool
) -> None:
    x, w = image(*size), kernel(*taps, n_out=filters)
    for stride, rate, found in convolved("depthwise_conv2d", x, w, same):
        expected = tf.nn.depthwise_conv2d(
            x.astype(float), w.astype(float), (1, stride, stride, 1), "SAME" if same else "VALID",
            dilations=(rate, rate),
        )  # fmt: skip
        assert np.array_equal(found, expected.numpy())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("taps", [(1, 1), (2, 2), (3, 3), (4, 4), (3, 5)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("same", [True, False])
def test_conv_transpose2d(
    tf: Any, size: tuple[int, int], taps: tuple[int, int], stride: int, same: bool
) -> None:
    x, w = image(*size), kernel(*taps)
    if same:  # the padding of the convolution whose gradient this is
        height, width = (n * stride for n in size)
        cut = Padding.same((height, width), taps, (stride, stride))
        crop = (cut.top, cut.left)
    else:
        height, width = ((n - 1) * stride + max(k, stride) for n, k in zip(size, taps, strict=True))
        crop = (0, 0)
    build = GraphBuilder("net")
    build.input("x", (*size, 3), INT5)
    build.conv_transpose2d(
        "y", "x", Constant(w, INT4), strides=(stride, stride), crop=crop, size=(height, width)
    )
    found = evaluate(build.finish("y"), {"x": x})["y"]
    expected = tf.nn.conv2d_transpose(
        x.astype(float),
        w.transpose(0, 1, 3, 2).astype(float),
        (2, height, width, 2),
        stride,
        "SAME" if same else "VALID",
    )
    assert np.array_equal(found, expected.numpy())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("same", [True, False])
def test_max_pool2d(tf: Any, size: tuple[int, int], same: bool) -> None:
    x = image(*size) - 20  # all negative: a zero in the padding would win
    wide = FixedFormat(signed=True, width=7, integer=7)
    for pool, stride in itertools.product([(1, 1), (2, 2), (3, 3), (1, 4)], [1, 2, 3]):
        if not same and any(k > n for k, n in zip(pool, size, strict=True)):
            continue
        strides = (stride, stride)
        padding = Padding.same(size, pool, strides) if same else Padding()
        build = GraphBuilder("net")
        build.input("x", (*size, 3), wide)
        build.max_pool2d("y", "x", pool, strides, padding)
        found = evaluate(build.finish("y"), {"x": x})["y"]
        expected = tf.nn.max_pool2d(x.astype(float), pool, strides, "SAME" if same else "VALID")
        assert np.array_equal(found, expected.numpy())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("same", [True, False])
def test_average_pool2d(tf: Any, size: tuple[int, int], same: bool) -> None:
    """Keras' layer, in float64; a mean times the common multiple of all counts is an integer."""
    layers = keras_env().keras.layers
    for pool, stride in itertools.product([(1, 1), (2, 2), (3, 3), (1, 4), (5, 3)], [1, 2, 3]):
        if not same and any(k > n for k, n in zip(pool, size, strict=True)):
            continue
        strides = (stride, stride)
        x = image(*size)
        padding = Padding.same(size, pool, strides) if same else Padding()
        build = GraphBuilder("net")
        build.input("x", (*size, 3), INT5)
        build.average_pool2d("y", "x", pool, strides, padding)
        graph = build.finish("y")
        op = graph["y"]
        assert isinstance(op, AveragePool2D)
        found = evaluate(graph, {"x": x})["y"]
        layer = layers.AveragePooling2D(pool, strides, "same" if same else "valid", dtype="float64")
        expected = np.rint(layer(x.astype(float)).numpy() * op.multiple)
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("size", [*SIZES, (1, 1), (2, 1)])
@pytest.mark.parametrize("scale", list(itertools.product((1, 2, 4, 8), repeat=2)))
def test_upsampling(tf: Any, size: tuple[int, int], scale: tuple[int, int]) -> None:
    x = image(*size)
    large = (size[0] * scale[0], size[1] * scale[1])
    build = GraphBuilder("net")
    build.input("x", (*size, 3), INT5)
    build.upsample_nearest("nearest", "x", scale)
    build.upsample_bilinear("bilinear", "x", scale)
    graph = build.finish("nearest", "bilinear")
    found = evaluate(graph, {"x": x})
    assert np.array_equal(found["nearest"], tf.image.resize(x, large, "nearest").numpy())
    # float32 holds 5 bits times 2 * 8 * 2 * 8 exactly.
    expected = tf.image.resize(x.astype(np.float32), large, "bilinear").numpy()
    step = graph.tensor("bilinear").format.step
    assert np.array_equal(found["bilinear"] * step, expected)


@pytest.mark.parametrize("size", [(3, 5), (1, 1), (4, 1)])
@pytest.mark.parametrize("scale", [(3, 3), (5, 2), (1, 7), (16, 32), (6, 12), (31, 3)])
def test_bilinear_by_other_factors(tf: Any, size: tuple[int, int], scale: tuple[int, int]) -> None:
    x = image(*size)
    build = GraphBuilder("net")
    build.input("x", (*size, 3), INT5)
    build.upsample_bilinear("y", "x", scale)
    graph = build.finish("y")
    op = graph["y"]
    assert isinstance(op, UpsampleBilinear)
    large = (size[0] * scale[0], size[1] * scale[1])
    # float32 is off by far less than half a step of the exact result
    values = tf.image.resize(x.astype(np.float32), large, "bilinear").numpy().astype(np.float64)
    expected = np.rint(values * op.divisor / op.output.format.step)
    assert np.array_equal(evaluate(graph, {"x": x})["y"], expected)


@pytest.mark.parametrize("size", [(3, 5), (1, 1), (4, 1)])
@pytest.mark.parametrize("block", [1, 2, 3])
def test_depth_to_space(tf: Any, size: tuple[int, int], block: int) -> None:
    channels = 3 * block**2
    x = np.random.default_rng(block).integers(-16, 16, (2, *size, channels))
    build = GraphBuilder("net")
    build.input("x", (*size, channels), INT5)
    build.depth_to_space("y", "x", (block, block))
    build.depth_to_space("shuffled", "x", (block, block), block**2)
    found = evaluate(build.finish("y", "shuffled"), {"x": x})
    assert np.array_equal(found["y"], tf.nn.depth_to_space(x, block).numpy() if block > 1 else x)
    # torch.nn.PixelShuffle: a channel's pixels are side by side
    parts = x.reshape(2, *size, 3, block, block).transpose(0, 1, 4, 2, 5, 3)
    assert np.array_equal(found["shuffled"], parts.reshape(found["shuffled"].shape))


def test_arg_max_takes_the_first_of_equals(tf: Any) -> None:
    x = np.random.default_rng(0).integers(-2, 2, (2, 6, 7, 5))
    build = GraphBuilder("net")
    build.input("x", (6, 7, 5), INT5)
    build.arg_max("y", "x")
    found = evaluate(build.finish("y"), {"x": x})["y"]
    assert np.array_equal(found[..., 0], tf.argmax(x, axis=-1).numpy())
