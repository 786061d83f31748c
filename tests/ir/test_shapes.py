"""Shapes and TensorFlow's ``same`` padding."""

from __future__ import annotations

import itertools

import pytest

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Padding
from fcn_hw.ops.base import window_count


@pytest.mark.parametrize(
    ("size", "kernel", "strides", "dilation", "padding"),
    [
        ((5, 5), (3, 3), (1, 1), (1, 1), Padding(1, 1, 1, 1)),
        ((5, 6), (2, 2), (1, 1), (1, 1), Padding(0, 1, 0, 1)),  # the odd one at the end
        ((5, 6), (2, 2), (2, 2), (1, 1), Padding(0, 1, 0, 0)),
        ((4, 4), (3, 3), (2, 2), (1, 1), Padding(0, 1, 0, 1)),
        ((5, 5), (1, 1), (3, 3), (1, 1), Padding(0, 0, 0, 0)),  # never negative
        ((7, 7), (3, 5), (1, 1), (2, 1), Padding(2, 2, 2, 2)),
    ],
)
def test_same_padding(
    size: tuple, kernel: tuple, strides: tuple, dilation: tuple, padding: Padding
) -> None:
    assert Padding.same(size, kernel, strides, dilation) == padding


def test_same_padding_gives_tensorflow_s_size() -> None:
    for length, taps, stride, rate in itertools.product(
        range(1, 12), range(1, 5), (1, 2, 3), (1, 2)
    ):
        pad = Padding.same((length, 1), (taps, 1), (stride, 1), (rate, 1))
        count = window_count(length, pad.top, pad.bottom, (taps - 1) * rate + 1, stride)
        assert count == -(-length // stride)


def test_windows_that_do_not_fit() -> None:
    assert window_count(3, 0, 0, 4, 1) == 0
    assert window_count(3, 0, 0, 9, 2) < 0
    assert window_count(3, 0, 0, 3, 0) == 0  # a stride of 0 is reported, not divided by


def test_inputs_and_crops_state_their_shape_themselves() -> None:
    build = GraphBuilder("net")
    build.input("image", (4, 5, 2), parse_format("fixed<8,4>"))
    build.crop2d("crop", "image", (1, 1), (2, 3))
    graph = build.finish("crop")
    assert [op.shape(graph.operands(op)) for op in graph.ops] == [(4, 5, 2), (2, 3, 2)]
