"""The order of weights and biases in the ROMs."""

from __future__ import annotations

from itertools import product

import numpy as np

from fcn_hw.backend.op_emission import emit_op
from fcn_hw.fixed import parse_format
from fcn_hw.ops import Constant, Fold, Tensor
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.depthwise_conv2d import DepthwiseConv2D

WEIGHT = parse_format("fixed<16,4>")
ACCUM = parse_format("fixed<30,10>")


def numbered(*shape: int) -> Constant:
    """Weights that are all different and none of them 0."""
    return Constant(np.arange(1, 1 + np.prod(shape)).reshape(shape), WEIGHT)


def conv2d(weight: Constant, bias: Constant | None = None) -> Conv2D:
    n_filt = weight.codes.shape[3]
    return Conv2D("y", ("x",), Tensor("y", (4, 4, n_filt), WEIGHT), weight, ACCUM, bias)


def test_steps_go_over_filters_then_rows_columns_channels() -> None:
    weight, fold = numbered(2, 3, 4, 6), Fold(pe=3, simd=2)
    rom = conv2d(weight).weight_rom(fold)
    assert rom.shape == (2 * 2 * 3 * 2, 3, 2)
    steps = product(range(2), range(2), range(3), range(2))
    for step, (filter_group, row, column, channel_group) in enumerate(steps):
        for pe, simd in product(range(3), range(2)):
            expected = weight.codes[row, column, 2 * channel_group + simd, 3 * filter_group + pe]
            assert rom[step, pe, simd] == expected


def test_phases_of_a_transposed_convolution_share_out_the_kernel() -> None:
    weight, strides = numbered(5, 3, 2, 2), (2, 3)
    op = ConvTranspose2D(
        "y", ("x",), Tensor("y", (4, 4, 2), WEIGHT), weight, ACCUM, strides=strides
    )
    rom = op.weight_rom(Fold(pe=2, simd=2)).reshape(2, 3, 3, 1, 2, 2)
    for phase_row, phase_column, tap in product(range(2), range(3), range(3)):
        row = phase_row + (3 - 1 - tap) * 2  # the first tap is the topmost input
        expected = weight.codes[row, phase_column].T if row < 5 else np.zeros((2, 2))
        assert rom[phase_row, phase_column, tap, 0].tolist() == expected.tolist()
    assert sorted(rom[rom != 0].tolist()) == sorted(weight.codes.ravel().tolist())


def test_filters_of_a_depthwise_convolution_go_channel_by_channel() -> None:
    weight = numbered(2, 3, 4, 3)
    bias = Constant(np.arange(12), WEIGHT)
    op = DepthwiseConv2D("y", ("x",), Tensor("y", (4, 4, 12), WEIGHT), weight, ACCUM, bias)
    rom = op.weight_rom(Fold(pe=4, simd=1))
    assert rom.shape == (3 * 2 * 3, 4, 1)
    for step, (group, row, column) in enumerate(product(range(3), range(2), range(3))):
        for pe in range(4):
            channel, number = divmod(4 * group + pe, 3)
            assert rom[step, pe, 0] == weight.codes[row, column, channel, number]
    assert op.bias_rom(Fold(4, 1)).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_a_kernel_smaller_than_the_stride_leaves_phases_of_zeros() -> None:
    op = ConvTranspose2D(
        "y", ("x",), Tensor("y", (4, 4, 1), WEIGHT), numbered(1, 1, 1, 1), ACCUM, strides=(2, 2)
    )
    assert op.weight_rom(Fold(1, 1)).ravel().tolist() == [1, 0, 0, 0]


def test_biases_go_by_filter_groups_and_are_zero_where_there_are_none() -> None:
    bias = Constant(np.arange(6), WEIGHT)
    assert conv2d(numbered(1, 1, 1, 6), bias).bias_rom(Fold(2, 1)).tolist() == [
        [0, 1],
        [2, 3],
        [4, 5],
    ]
    without = conv2d(numbered(1, 1, 1, 6))
    assert without.bias_rom(Fold(3, 1)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert without.bias_format.fraction == ACCUM.fraction
    assert conv2d(numbered(1, 1, 1, 6), bias).bias_format == WEIGHT


def test_an_unsigned_code_takes_a_bit_more() -> None:
    assert parse_format("fixed<8,3>").signed_width == 8
    assert parse_format("ufixed<8,3>").signed_width == 9


def test_rendered_header() -> None:
    weight = Constant(np.array([[[[1, -2], [3, 4]]]]), parse_format("fixed<4,1>"))
    bias = Constant(np.array([-7, 5]), parse_format("ufixed<8,1>"))
    source = Tensor("x", (4, 4, 2), WEIGHT)
    text = emit_op(conv2d(weight, bias), (source,), ["x"], "y", Fold(2, 1), "Resource")
    assert text.weights == (
        "y.h",
        "// ROMs of y: integer codes, one line a filter of a step. Emitted by fcn_hw.\n"
        "//   weights  fixed<4,1>, [step 2][filter 2][channel 1]\n"
        "//   biases   ufixed<8,1>, [filter group 1][filter 2]\n"
        "#ifndef Y_ROM_H_\n"
        "#define Y_ROM_H_\n"
        "\n"
        '#include "fcn_hw/types.h"\n'
        "\n"
        "static const fcn_hw::rom_t<4> y_weights[2][2][1] = {\n"
        "    {\n"
        "        {1},\n"
        "        {-2},\n"
        "    },\n"
        "    {\n"
        "        {3},\n"
        "        {4},\n"
        "    },\n"
        "};\n"
        "\n"
        "static const fcn_hw::rom_t<9> y_biases[1][2] = {\n"
        "    {-7, 5},\n"
        "};\n"
        "\n"
        "#endif\n",
    )
