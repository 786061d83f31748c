"""Which steps a convolution does, and the table that lists them, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.pixel_steps import PixelSteps, done_steps


def read(word: int, shape: tuple[int, int, int]) -> tuple[int, int, int, bool, bool]:
    """The fields of a word, as ``pixel_steps.h`` takes them: from the lowest bit on."""
    last, word = word & 1, word >> 1
    first, word = word & 1, word >> 1
    places = []
    for size in reversed(shape):
        bits = (size - 1).bit_length()
        places.append(word & ((1 << bits) - 1))
        word >>= bits
    channel, column, row = places
    return row, column, channel, bool(first), bool(last)


def conv(codes: np.ndarray) -> tuple[Conv2D, tuple]:
    builder = GraphBuilder("one")
    builder.input("x", (5, 4, codes.shape[2]), parse_format("ufixed<4,0>"))
    builder.conv2d("y", "x", Constant(codes, parse_format("fixed<4,1>")))
    graph = builder.finish("y")
    op = graph["y"]
    assert isinstance(op, Conv2D)
    return op, graph.operands(op)


@pytest.mark.parametrize("seed", range(20))
def test_table_lists_every_block_that_is_not_zero_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel = tuple(int(n) for n in rng.integers(1, 4, 2))
    channels, filters = (int(rng.choice([1, 2, 3, 4, 6])) for _ in range(2))
    codes = rng.integers(1, 8, (*kernel, channels, filters))
    codes[rng.random(codes.shape) < rng.choice([0.3, 0.7, 0.95])] = 0
    op, operands = conv(codes)
    folds = [fold for fold in op.legal_folds() if fold.taps == 1]
    fold = folds[int(rng.integers(len(folds)))]
    expected = []
    for group in range(filters // fold.pe):
        of_group = slice(group * fold.pe, (group + 1) * fold.pe)
        steps = [
            (row, column, part)
            for row in range(kernel[0])
            for column in range(kernel[1])
            for part in range(channels // fold.simd)
        ]
        alive = [
            (row, column, part)
            for row, column, part in steps
            if codes[row, column, part * fold.simd : (part + 1) * fold.simd, of_group].any()
        ] or steps[:1]
        expected += [(*step, step is alive[0], step is alive[-1]) for step in alive]
    if 8 * (op.fold_steps(fold) - len(expected)) < op.fold_steps(fold):
        assert not op.pixel_steps(fold).listed
        return
    found = op.pixel_steps(fold)
    assert found.count == len(expected) and found.every == op.fold_steps(fold)
    assert [read(int(word), found.shape) for word in found.table()] == expected
    half = 1 << (found.table_bits - 1)
    assert all(-half <= word < half for word in found.table())
    roms = op.roms(operands, fold, "Resource")
    assert ("steps" in [rom.name for rom in roms]) == (len(expected) < found.every)
    assert len(roms[0].codes) == op.rom_words(fold) == op.config(operands, fold)["fold"]


def test_phases_take_as_many_steps_as_the_one_that_needs_the_most() -> None:
    alive = np.array([[[1, 0, 0], [0, 1, 1]], [[0, 0, 0], [0, 0, 0]]], dtype=bool)
    # The second phase needs a step of each filter group, and is filled up with one more.
    assert done_steps(alive).tolist() == [[0, 4, 5], [0, 1, 3]]
    steps = PixelSteps(done_steps(alive), 6, 3, (1, 1, 3))
    words = [read(int(word), steps.shape)[2:] for word in steps.table()]
    assert words == [
        (0, True, True), (1, True, False), (2, False, True),
        (0, True, False), (1, False, True), (0, True, True),
    ]  # fmt: skip
    assert steps.words.tolist() == [0, 4, 5, 6, 7, 9]


def test_fewer_than_an_eighth_are_not_left_out() -> None:
    codes = np.ones((1, 1, 4, 4), dtype=np.int64)
    codes.flat[1] = 0
    assert conv(codes)[0].pixel_steps(Fold(1, 1)).count == 16
    codes.flat[2] = 0
    assert conv(codes)[0].pixel_steps(Fold(1, 1)).count == 14


def test_without_a_zero_block_nothing_changes() -> None:
    """A zero in every step, and no step of zeros: no table, and all steps."""
    codes = np.ones((3, 3, 4, 4), dtype=np.int64)
    codes[:, :, ::2, ::2] = 0
    op, operands = conv(codes)
    full, _ = conv(np.ones_like(codes))
    fold = Fold(2, 2)
    assert not op.pixel_steps(fold).listed
    assert op.cycles(operands, fold) == full.cycles(operands, fold)
    assert op.energy_pj(operands, fold) == full.energy_pj(operands, fold)
    assert op.cost(operands, "7series", fold, "Resource") == full.cost(
        operands, "7series", fold, "Resource"
    )
    single = op.pixel_steps(Fold(1, 1))
    assert (single.count, single.every) == (108, 144)


def test_zeros_save_cycles_words_and_energy_by_a_table() -> None:
    codes = np.ones((3, 3, 4, 4), dtype=np.int64)
    codes[1:, :, :2] = 0  # 12 of 36 steps
    op, operands = conv(codes)
    full, _ = conv(np.ones_like(codes))
    fold = Fold(2, 2)
    assert op.fold_steps(fold) == full.fold_steps(fold) == 36
    assert full.cycles(operands, fold) - op.cycles(operands, fold) == 12 * op.output.pixels
    assert op.latency_cycles(operands, fold) > full.latency_cycles(operands, fold)
    assert op.energy_pj(operands, fold) < full.energy_pj(operands, fold)
    assert op.signature(operands) != full.signature(operands)
    steps = op.pixel_steps(fold)
    assert steps.table_bits == 2 + 2 + 2 + 1
    bits = 2 * 2 * 4
    saved = full.cost(operands, "7series", fold, "Latency").weight_bits
    saved -= op.cost(operands, "7series", fold, "Latency").weight_bits
    assert saved == 12 * bits - 24 * 7
