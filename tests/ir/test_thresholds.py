"""The layout of thresholds for a search by bisection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_hw.errors import FormatError
from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ops import Constant, Tensor
from fcn_hw.ops.threshold import Threshold

WIDE = parse_format("fixed<20,20>")
ONES = Constant(np.ones(1), WIDE)


def op_of(thresholds: list[int], base: Constant = ONES, step: Constant = ONES) -> Threshold:
    codes = Constant(np.array([thresholds]), WIDE)
    return Threshold("y", ("x",), Tensor("y", (1, 1, 1), WIDE), codes, base, step)


def tensor(fmt: FixedFormat) -> Tensor:
    return Tensor("x", (1, 1, 1), fmt)


@given(st.lists(st.integers(-70, 70), min_size=1, max_size=40), st.booleans(), st.integers(1, 6))
def test_bisection_counts_what_is_reached(found: list[int], signed: bool, width: int) -> None:
    fmt = FixedFormat(signed, width, width)
    op = op_of(sorted(found))
    held = op.threshold_format(tensor(fmt))
    for code in range(fmt.min_code, fmt.max_code + 1):
        count = 0
        for level in op.threshold_levels(tensor(fmt)):
            stored = int(level[0, count])
            assert held.min_code <= stored <= held.max_code
            count = 2 * count + (stored <= code)
        assert count == sum(threshold <= code for threshold in found)


@pytest.mark.parametrize(("count", "depth"), [(1, 1), (2, 2), (3, 2), (4, 3), (255, 8), (256, 9)])
def test_levels_are_the_bits_of_the_count(count: int, depth: int) -> None:
    op = op_of([0] * count)
    assert op.levels == depth
    shapes = [level.shape for level in op.threshold_levels(tensor(WIDE))]
    assert shapes == [(1, 2**level) for level in range(depth)]


def test_thresholds_out_of_reach_take_no_bits() -> None:
    source = tensor(parse_format("ufixed<4,4>"))
    op = op_of([-500_000, 3, 400_000])
    coarse, fine = op.threshold_levels(source)
    assert coarse.tolist() == [[3]] and fine.tolist() == [[0, 16]]
    assert op.threshold_format(source) == parse_format("ufixed<5,5>")


def test_total_holds_base_steps_and_their_sums() -> None:
    base, step = (Constant(np.array([code]), WIDE) for code in (-100, 30))
    assert op_of([0, 1, 2, 3, 4], base, step).total_format == parse_format("fixed<9,9>")
    ends = Constant(np.array([2**62 - 1]), parse_format("fixed<63,63>"))
    with pytest.raises(FormatError, match="width 65 is outside 1 to 63 bits"):
        _ = op_of([0, 1, 2, 3], ends, ends).total_format
