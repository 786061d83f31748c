"""Weights as narrow codes and a shift of each filter, against Python's own integers."""

from __future__ import annotations

import numpy as np
import pytest

from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold
from fcn_hw.ops.convolution import Convolution
from fcn_hw.ops.filter_shifts import filter_shifts


def weights(filters: list[list[int]], bits: int = 8) -> Constant:
    """Of a 1x1 convolution, each filter's codes by channel."""
    codes = np.array(filters).T[None, None]
    return Constant(codes, FixedFormat(signed=True, width=bits, integer=2))


def test_codes_are_as_narrow_as_they_can_be_and_shifts_as_small() -> None:
    constant = weights([[16, -128, 48], [7, -8, 1], [14, -10, 4], [0, 0, 0], [-2, 6, 4]])
    found = filter_shifts(constant, 5)
    assert found is not None
    assert found.weight.format == parse_format("fixed<4,-2>")  # with the fraction of the weights
    assert found.shifts.tolist() == [4, 0, 1, 0, 0] and found.most == 4
    assert found.weight.codes[0, 0].T.tolist() == [
        [1, -8, 3], [7, -8, 1], [7, -5, 2], [0, 0, 0], [-2, 6, 4],
    ]  # fmt: skip
    assert found.whole(found.weight.codes).tolist() == constant.codes.tolist()


@pytest.mark.parametrize(
    "filters",
    [
        [[7, -8, 1], [3, -5, 2]],  # a filter needs all bits
        [[16, -128, 48], [112, 16, -64]],  # one shift for all
        [[0, 0, 0], [0, 0, 0]],
        [[6, -8, 2], [1, 1, 2]],  # a bit of three codes, the table has three bits
    ],
)
def test_where_nothing_is_saved_the_weights_stay(filters: list[list[int]]) -> None:
    assert filter_shifts(weights(filters), len(filters)) is None


@pytest.mark.parametrize("seed", range(12))
def test_sums_and_rests_give_every_whole_sum(seed: int) -> None:
    """``(sum << shift) + rest``, the sum with the start of the bias, for a bias finer and coarser
    than the products; every sum fits the narrow accumulator."""
    rng = np.random.default_rng(seed)
    channels, count, most = 6, 8, int(rng.integers(1, 6))
    shifts = rng.integers(0, most, count, endpoint=True)
    shifts[:2] = 0, most
    narrow = rng.integers(-8, 8, (channels, count))
    narrow[0], narrow[1] = 7, -8
    builder = GraphBuilder("one")
    builder.input("x", (2, 2, channels), parse_format("ufixed<4,1>"))
    bias = Constant(rng.integers(-128, 128, count), FixedFormat(True, 8, int(rng.integers(-8, 6))))
    codes = (narrow << shifts)[None, None]
    builder.conv2d("y", "x", Constant(codes, FixedFormat(True, 4 + most, 2)), bias)
    graph = builder.finish("y")
    op, (source,) = graph["y"], graph.operands(graph["y"])
    assert isinstance(op, Convolution) and op.shifts is not None
    held = op.held(source)
    assert held.weight.format.width == 4 and held.accum.width <= op.accum.width
    assert held.bias is not None and held.accum.fraction == op.accum.fraction
    step = held.accum.fraction - op.weight.format.fraction - source.format.fraction
    start_step = held.accum.fraction - held.bias.format.fraction
    bias_step = op.accum.fraction - bias.format.fraction
    ends = [np.where(sign * narrow > 0, 15, 0) for sign in (1, -1)]
    for x in [*(rng.integers(0, 16, (channels, 1)) for _ in range(4)), *ends]:
        for f in range(count):
            operands = x[:, f % x.shape[1]].tolist()
            products = sum(a * b for a, b in zip(narrow[:, f].tolist(), operands, strict=True))
            total = (products << step) + (int(held.bias.codes[f]) << start_step)
            assert held.accum.min_code <= total <= held.accum.max_code
            word = int(op.shifts.table(bias, op.accum.fraction)[f])
            rest, back = word & ((1 << op.shifts.most) - 1), word >> op.shifts.most
            whole = (products << step << int(shifts[f])) + (int(bias.codes[f]) << bias_step)
            assert ((total << op.shifts.most) + rest) >> back == whole
            assert word < 1 << (op.shifts.table_bits - 1)


def test_products_that_take_dsp_slices_stay_there() -> None:
    """Of filters of one channel: by codes of 8 bits and an input of 8 they would go to LUTs, by
    those of 12 they do not. Filters of all channels share slices, two products each."""
    codes = np.tile([[[127], [-128 << 4]]], (3, 3, 1, 1))
    constant = Constant(codes, FixedFormat(True, 12, 4))
    for width, narrow in ((8, False), (6, True), (12, True)):
        builder = GraphBuilder("one")
        builder.input("x", (8, 8, 2), FixedFormat(False, width, 1))
        builder.depthwise_conv2d("y", "x", constant)
        builder.conv2d("z", "x", Constant(np.tile(codes.transpose(0, 1, 3, 2), (1, 1, 2, 1)),
                                          constant.format))  # fmt: skip
        source = builder.tensor("x")
        for name, expected in (("y", narrow), ("z", True)):
            op = builder.op(name)
            assert isinstance(op, Convolution) and op.shifts is not None
            assert (op.shifts_behind(source) is not None) == expected
            assert ("most_shift" in op.config((source,), Fold(1, 1))) == expected
            roms = op.roms((source,), Fold(1, 1), "Resource")
            assert ("shifts" in [rom.name for rom in roms]) == expected


def test_multipliers_and_memories_are_those_of_narrow_codes() -> None:
    """The same as of 4-bit weights with one binary point, but for the shift."""
    rng = np.random.default_rng(1)
    codes = rng.integers(-8, 8, (3, 3, 8, 8))
    codes[0, 0, 0] = -8
    spread = codes << (np.arange(8) % 5)
    ops = []
    for constant in (
        Constant(codes, parse_format("fixed<4,1>")), Constant(spread, parse_format("fixed<8,5>")),
    ):  # fmt: skip
        builder = GraphBuilder("one")
        builder.input("x", (8, 8, 8), parse_format("ufixed<4,1>"))
        builder.conv2d("y", "x", constant, fmt=parse_format("ufixed<4,2>"))
        ops.append((builder.op("y"), (builder.tensor("x"),)))
    (plain, operands), (shifted, _) = ops
    assert isinstance(plain, Convolution) and isinstance(shifted, Convolution)
    assert plain.lane_folds(operands, "7series") == shifted.lane_folds(operands, "7series")
    for fold in (Fold(2, 4), Fold(2, 4, 1, 2), Fold(8, 8, 1, 2)):
        units = [op.unit(operands[0], fold, "Resource") for op in (plain, shifted)]
        assert units[0].rom_word_bits == units[1].rom_word_bits
        assert units[1].accum_bits <= units[0].accum_bits
        costs = [
            op.cost(operands, "7series", fold, "Resource").resources for op in (plain, shifted)
        ]
        assert costs[0].bram18 == costs[1].bram18 and costs[0].dsp == costs[1].dsp
        # 8 filters at 8 places are shifted by wires
        assert (costs[1].lut > costs[0].lut) == (fold.pe < 8)
