"""Packed weights: every lane is read exactly, at the edges of every width and sign."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.lanes import FACTOR_BITS, LANE_COUNTS, Packing, legal_lanes, packing_of

WIDE = FixedFormat(True, 30, 30)
"""An accumulator too wide for sums to stay packed."""


def read(word: int, width: int, lanes: int) -> list[int]:
    """What ``lowest_bits`` and ``bits_above`` of types.h give, lane by lane."""
    found = []
    for _ in range(lanes):
        code = word & ((1 << width) - 1)
        found.append(code - (code >> (width - 1) << width))
        word = (word >> width) + (word >> (width - 1) & 1)
    return found


def factor_of(element: int, packing: Packing) -> int:
    """``spread_weights`` of mac_array.h: the fields of an element, each extended to its lane."""
    bits = packing.weight_width
    factor = element >> ((packing.lanes - 1) * (bits + 1) - 1)
    for lane in reversed(range(packing.lanes - 1)):
        at, width = (0, bits) if lane == 0 else (lane * (bits + 1) - 1, bits + 1)
        field = element >> at & ((1 << width) - 1)
        field -= field >> (width - 1) << width
        factor = factor << packing.width | field & ((1 << packing.width) - 1)
    return factor


def packings() -> list[tuple[FixedFormat, FixedFormat, Packing]]:
    """Every width and sign of weights and inputs up to 8 bits that some lanes can have."""
    found = []
    for bits, signed, input_bits, input_signed, lanes in product(
        range(1, 9), (False, True), range(1, 9), (False, True), LANE_COUNTS
    ):
        weight = FixedFormat(signed, bits, bits)
        operand = FixedFormat(input_signed, input_bits, input_bits)
        packing = packing_of(lanes, weight, operand, WIDE)
        if packing is not None:
            found.append((weight, operand, packing))
    return found


def test_extremes_of_every_format_are_read_after_as_many_terms_as_a_lane_holds() -> None:
    every = packings()
    assert len(every) > 200
    for weight, operand, packing in every:
        assert packing.factor_bits <= FACTOR_BITS
        ends = sorted({weight.min_code, weight.max_code, -1 if weight.signed else 1})
        for weights in product(ends, repeat=packing.lanes):
            codes = np.array(weights)[:, None]
            element = int(packing.elements(codes)[0, 0])
            assert -(1 << (packing.element_bits - 1)) <= element < 1 << (packing.element_bits - 1)
            factor = factor_of(element, packing)
            assert factor == sum(w << (j * packing.width) for j, w in enumerate(weights))
            assert -(1 << (packing.factor_bits - 1)) <= factor < 1 << (packing.factor_bits - 1)
            for code in (operand.min_code, operand.max_code):
                word = packing.terms * factor * code
                expected = [packing.terms * w * code for w in weights]
                assert read(word, packing.width, packing.lanes) == expected


def test_no_lane_holds_a_term_more() -> None:
    for weight, operand, packing in packings():
        ends = [
            w * x * (packing.terms + 1)
            for w in (weight.min_code, weight.max_code)
            for x in (operand.min_code, operand.max_code)
        ]
        half = 1 << (packing.width - 1)
        assert min(ends) < -half or max(ends) >= half


@pytest.mark.parametrize("lanes", LANE_COUNTS)
def test_sums_of_all_steps_stay_packed_with_their_biases(lanes: int) -> None:
    """Terms, shifted, and a bias; only the sums at the end must fit the accumulator."""
    rng = np.random.default_rng(lanes)
    accum = FixedFormat(True, 10, 10)
    packing = packing_of(lanes, FixedFormat(True, 4, 4), FixedFormat(False, 4, 4), accum)
    assert packing == Packing(lanes, 10, 0, 4, 4)
    seen = set()
    for _ in range(3000):
        weights = rng.integers(-8, 8, (lanes, 5))
        codes, biases = rng.integers(0, 16, 5), rng.integers(-16, 16, (1, lanes))
        sums = 2 * (weights @ codes) + 4 * biases[0]
        if sums.min() < accum.min_code or sums.max() > accum.max_code:
            continue
        factors = [factor_of(int(e), packing) for e in packing.elements(weights)[0]]
        word = 4 * int(packing.biases(biases)[0, 0])
        word += 2 * sum(f * int(x) for f, x in zip(factors, codes, strict=True))
        assert read(word, 10, lanes) == sums.tolist()
        seen |= set(sums.tolist())
    assert min(seen) < -400 and max(seen) > 400, "the ends of the accumulator occur"


def test_columns_of_luts_hold_the_codes_of_their_weights() -> None:
    packing = Packing(2, 16, 1, 4, 4)
    weights = np.array([[-8], [7], [-8], [-1]])
    shared, own = packing.elements(weights, lut_columns=1)[:, 0].tolist()
    assert shared == -8 + (7 << 4) and own == 0b1111_1000


def test_facts_of_the_issue() -> None:
    four, eight = parse_format("fixed<4,4>"), parse_format("fixed<8,8>")
    narrow, byte = parse_format("ufixed<4,4>"), parse_format("ufixed<8,8>")
    assert packing_of(2, four, narrow, FixedFormat(True, 20, 20)) == Packing(2, 20, 0, 4, 4)
    assert packing_of(3, four, narrow, FixedFormat(True, 20, 20)) == Packing(3, 10, 4, 4, 4)
    assert packing_of(2, eight, byte, FixedFormat(True, 20, 20)) == Packing(2, 16, 1, 8, 8)
    assert packing_of(3, eight, byte, FixedFormat(True, 20, 20)) is None


def test_only_measured_families_have_lanes() -> None:
    formats = parse_format("fixed<4,4>"), parse_format("ufixed<4,4>"), FixedFormat(True, 14, 14)
    assert tuple(legal_lanes(*formats, "7series")) == (2, 3)
    assert tuple(legal_lanes(*formats, "ultrascale+")) == (2, 3)
    assert tuple(legal_lanes(*formats, "ecp5")) == ()


def test_lanes_divide_the_filters_that_share_a_step() -> None:
    builder = GraphBuilder("one")
    builder.input("x", (4, 4, 16), parse_format("ufixed<4,0>"))
    weight = Constant(np.ones((3, 3, 16, 6), np.int64), parse_format("fixed<4,1>"))
    builder.conv2d("y", "x", weight)
    graph = builder.finish("y")
    op = graph["y"]
    assert isinstance(op, Conv2D)
    folds = op.lane_folds(graph.operands(op), "7series")
    assert Fold(2, 1, 1, 2) in folds and Fold(6, 2, 3, 3) in folds
    assert all(fold.pe % fold.lanes == 0 for fold in folds)
    assert Fold(6, 16, 1, 2, 2) in folds and Fold(6, 16, 1, 2, 4) in folds
    assert not [fold for fold in folds if fold.lut_pe and fold.multipliers < 16 * fold.lanes]
    assert all(fold.lut_pe % fold.lanes == 0 and fold.lut_pe < fold.pe for fold in folds)
    assert not [fold for fold in folds if op.fold_steps(fold) == 1], "constants share nothing"
    assert not set(folds) & set(op.legal_folds())
