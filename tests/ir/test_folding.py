"""Multipliers from reuse factors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_hw.fixed import parse_format
from fcn_hw.ir.folding import choose_fold
from fcn_hw.ops import Constant, Fold, Tensor
from fcn_hw.ops.batch_norm import BatchNorm
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.convolution import MOST_MULTIPLIERS
from fcn_hw.ops.depthwise_conv2d import DepthwiseConv2D
from fcn_hw.ops.threshold import Threshold

WEIGHT = parse_format("fixed<4,1>")


def conv2d(kernel: int, n_chan: int, n_filt: int) -> Conv2D:
    weight = Constant(np.ones((kernel, kernel, n_chan, n_filt)), WEIGHT)
    return Conv2D("y", ("x",), Tensor("y", (4, 4, n_filt), WEIGHT), weight, WEIGHT)


def test_legal_folds_divide_the_channels() -> None:
    folds = conv2d(3, 4, 6).legal_folds()
    assert {fold.pe for fold in folds} == {1, 2, 3, 6}
    assert {fold.simd for fold in folds} == {1, 2, 4}
    assert {fold.taps for fold in folds} == {1, 3, 9}
    assert len(folds) == 36


@pytest.mark.parametrize(
    ("kernel", "taps"),
    [((3, 3), {1, 3, 9}), ((5, 4), {1, 2, 4, 20}), ((4, 3), {1, 3, 6, 12}), ((1, 6), {1, 2, 3, 6}),
     ((6, 1), {1, 2, 3, 6}), ((1, 1), {1})],
)  # fmt: skip
def test_taps_divide_a_kernel_row_or_are_whole_rows(
    kernel: tuple[int, int], taps: set[int]
) -> None:
    weight = Constant(np.ones((*kernel, 2, 3)), WEIGHT)
    op = Conv2D("y", ("x",), Tensor("y", (4, 4, 3), WEIGHT), weight, WEIGHT)
    assert {fold.taps for fold in op.legal_folds()} == taps


def test_several_taps_are_unrolled_no_further_than_tools_can() -> None:
    op = conv2d(3, 64, 64)
    assert Fold(64, 64) in op.legal_folds()
    assert max(f.multipliers for f in op.legal_folds() if f.taps > 1) <= MOST_MULTIPLIERS


@pytest.mark.parametrize(
    ("reuse_factor", "fold"),
    [
        (1, Fold(16, 8, 9)),
        (3, Fold(16, 8, 3)),
        (9, Fold(16, 8)),
        (18, Fold(8, 8)),  # simd is kept whole as long as possible
        (144, Fold(1, 8)),
        (288, Fold(1, 4)),
        (10**9, Fold(1, 1)),
        (20, Fold(8, 8)),
        (27, Fold(2, 8, 3)),  # 24 steps; one tap at a time takes 18 or 36
        (21, Fold(2, 8, 3)),  # as far from 18 as from 24: fewer multipliers
    ],
)
def test_the_nearest_reuse_is_taken(reuse_factor: int, fold: Fold) -> None:
    assert choose_fold(conv2d(3, 8, 16), reuse_factor) == fold


def test_reuse_counts_the_taps_of_one_phase() -> None:
    weight = Constant(np.ones((4, 4, 3, 2)), WEIGHT)
    op = ConvTranspose2D(
        "y", ("x",), Tensor("y", (8, 8, 2), WEIGHT), weight, WEIGHT, strides=(2, 2)
    )
    assert op.fold_steps(Fold(2, 3)) == 4
    assert choose_fold(op, 12) == Fold(2, 1)


def test_a_filter_of_one_channel_has_one_multiplier() -> None:
    weight = Constant(np.ones((3, 2, 4, 3)), WEIGHT)
    op = DepthwiseConv2D("y", ("x",), Tensor("y", (4, 5, 12), WEIGHT), weight, WEIGHT)
    folds = op.legal_folds()
    assert folds == tuple(Fold(pe, 1, taps) for taps in (1, 2, 6) for pe in (1, 2, 3, 4, 6, 12))
    assert [op.fold_steps(fold) for fold in folds[:6]] == [72, 36, 24, 18, 12, 6]
    assert [op.fold_steps(fold) for fold in folds[12:]] == [12, 6, 4, 3, 2, 1]
    assert choose_fold(op, 20) == Fold(4, 1)


def test_what_reads_one_channel_for_one_is_folded_by_pe_alone() -> None:
    row, output = Constant(np.ones(6), WEIGHT), Tensor("y", (4, 4, 6), WEIGHT)
    thresholds = Constant(np.zeros((6, 3)), WEIGHT)
    for op in (
        BatchNorm("y", ("x",), output, row, row, WEIGHT),
        Threshold("y", ("x",), output, thresholds, row, row),
    ):
        assert op.legal_folds() == (Fold(1, 1), Fold(2, 1), Fold(3, 1), Fold(6, 1))
        assert [op.fold_steps(fold) for fold in op.legal_folds()] == [6, 3, 2, 1]
        assert choose_fold(op, 4) == Fold(2, 1)
        assert choose_fold(op, 36) == Fold(1, 1)


@given(st.integers(1, 3), st.integers(1, 24), st.integers(1, 24), st.integers(1, 3000))
def test_no_legal_fold_is_nearer(kernel: int, n_chan: int, n_filt: int, reuse: int) -> None:
    op = conv2d(kernel, n_chan, n_filt)
    chosen = choose_fold(op, reuse)
    steps = op.fold_steps(chosen)
    assert steps * chosen.multipliers == kernel * kernel * n_chan * n_filt
    for fold in op.legal_folds():
        distance = abs(op.fold_steps(fold) - reuse)
        assert distance >= abs(steps - reuse)
        if distance == abs(steps - reuse):
            assert fold.multipliers >= chosen.multipliers


def test_a_fold_in_words() -> None:
    assert str(Fold(8, 12)) == "8 x 12"
    assert str(Fold(8, 12, taps=3, lanes=2)) == "8 x 12 x 3, 2 a DSP"
    assert str(Fold(8, 12, lanes=2, lut_pe=4)) == "8 x 12, 2 a DSP, 4 in LUTs"
    assert Fold(8, 12, taps=3, lanes=2).multipliers == 8 * 12 * 3
