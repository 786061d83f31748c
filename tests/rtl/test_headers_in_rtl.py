"""Op headers through fcn_hw's own compiler: codes and clocks in Verilator against the oracle."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from header_bench import Case, make_case
from rtl_bench import CaseNetwork

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Fold
from fcn_hw.ops.listing import op_classes

sys.path.insert(0, str(Path(__file__).parent.parent / "templates"))

from test_channel_headers import (
    batch_norm_cases,
    join_cases,
    lookup_cases,
    other_format_cases,
    product_cases,
    threshold_cases,
    zero_cases,
)
from test_conversion_header import cases as conversion_cases
from test_convolution_headers import (
    convolution_cases,
    depthwise_cases,
    lane_cases,
    shift_cases,
    transposed_cases,
    zero_block_cases,
)
from test_op_headers import averaging_cases, converting_cases, moving_cases, symmetric_cases

pytestmark = pytest.mark.rtl

GRIDS = (
    moving_cases, converting_cases, averaging_cases, symmetric_cases, batch_norm_cases, zero_cases,
    threshold_cases, lookup_cases, join_cases, product_cases, other_format_cases,
    convolution_cases, depthwise_cases, transposed_cases, lane_cases, zero_block_cases,
    shift_cases, conversion_cases,
)  # fmt: skip
AT_ONCE = 40
"""Cases in one Verilator model."""


def by_kind() -> dict[str, list[Case]]:
    """Every case of the header tests, by the kind of its op."""
    found: dict[str, list[Case]] = {}
    for grid in GRIDS:
        for case in grid():
            found.setdefault(case.op.kind, []).append(case)
    return found


def chosen() -> list[Case]:
    """Each op once, a convolution twice; cases from the middle of the grid, where sizes are odd."""
    found, of_ops = [], by_kind()
    ours = {op.__name__ for op in op_classes() if op.__module__.startswith("fcn_hw.")}
    assert of_ops.keys() == ours - {"Input"}
    for kind, cases in of_ops.items():
        count = 2 if "conv" in kind.lower() else 1
        found += [cases[len(cases) * (3 * n + 1) // (3 * count)] for n in range(count)]
    shared = [lane_cases()[index] for index in (1, 2, 8)]
    named = [one_pixel(), one_column(), wide_scores()]
    shifted = [shift_cases()[index] for index in (4, 10, 22)]  # packed sums, depthwise, zeros
    return [*found, *named, *shared, *shifted, *zero_block_cases()[6:14:7]]


def one_pixel() -> Case:
    """A convolution whose rows are one pixel: what reads the first row is no loop."""
    cases = [*convolution_cases(), *depthwise_cases()]
    return next(c for c in cases if c.op.output.shape[:2] == (1, 1) and c.op.kind == "Conv2D")


def one_column() -> Case:
    """Windows that overlap, in a row of one: their parts are kept in no memory."""
    return next(
        c for c in averaging_cases() if c.op.output.shape[1] == 1 and c.op.output.shape[0] > 3
    )


def wide_scores() -> Case:
    """Codes of no whole bytes above 16 bits, which LLVM keeps in memory for longer than others."""
    build = GraphBuilder("net")
    build.input("scores", (4, 8, 3), parse_format("fixed<19,5>"))
    return make_case(build.finish(build.upsample_bilinear("up", "scores", (2, 2))), 1, Fold(2, 1))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> CaseNetwork:
    made = CaseNetwork(chosen(), tmp_path_factory.mktemp("cases"))
    made.build()
    return made


def test_every_op_has_the_oracles_codes_at_one_iteration_a_clock(network: CaseNetwork) -> None:
    found = network.simulate()
    assert found.finished
    assert network.wrong(found) == {}
    assert network.slow(found) == {}


def test_stalls_at_every_port_change_no_code(network: CaseNetwork) -> None:
    found = network.simulate(stall=0.4, seed=5)
    assert found.finished
    assert network.wrong(found) == {}


@pytest.mark.grid
def test_every_case_of_the_grid(tmp_path: Path) -> None:
    cases = [case for kind in by_kind().values() for case in kind]
    for first in range(0, len(cases), AT_ONCE):
        network = CaseNetwork(cases[first : first + AT_ONCE], tmp_path / str(first))
        network.build()
        for stall in (0.4, 0.0):
            found = network.simulate(stall)
            assert found.finished and network.wrong(found) == {}
        assert network.slow(found) == {}
