"""Steps of zeros that are left out, by yosys: clocks fall, and LUTs don't rise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from header_bench import Case, make_case
from rtl_bench import CaseNetwork

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Padding
from fcn_hw.rtl.gates import plan_gates, read_gates
from fcn_hw.tools.runner import run

pytestmark = [pytest.mark.rtl, pytest.mark.grid, pytest.mark.usefixtures("yosys")]

FOLD = Fold(3, 3)
CYCLES = {0.0: 110_720, 0.5: 55_424, 0.75: 27_776}
"""Of docs/explanation/folding.md, by the part of blocks that are zero."""


def conv1_2(part: float) -> Case:
    """A convolution of the size of conv1_2 of digits_fcn8s, a part of its blocks at zero."""
    rng = np.random.default_rng(1)
    codes = 2 * rng.integers(-4, 4, (3, 3, 6, 6)) + 1  # no zero
    blocks = np.ones(3 * 3 * 2 * 2, dtype=np.int64)
    blocks[rng.permutation(blocks.size)[: round(part * blocks.size)]] = 0
    blocks = blocks.reshape(3, 3, 2, 2).repeat(FOLD.simd, 2).repeat(FOLD.pe, 3)
    builder = GraphBuilder("one")
    builder.input("x", (48, 64, 6), parse_format("ufixed<4,0>"))
    builder.conv2d(
        "y",
        "x",
        Constant(codes * blocks, parse_format("fixed<4,1>")),
        Constant(rng.integers(-128, 128, 6), parse_format("fixed<8,1>")),
        padding=Padding(1, 1, 1, 1),
    )
    return make_case(builder.finish("y"), 1, FOLD)


def test_clocks_and_luts_of_conv1_2(tmp_path: Path) -> None:
    cases = {part: conv1_2(part) for part in CYCLES}
    network = CaseNetwork(list(cases.values()), tmp_path)
    before = None
    for (name, found), (part, case) in zip(network.compiled.items(), cases.items(), strict=True):
        run(plan_gates(name, found.verilog, "7series"), tmp_path)
        gates = read_gates(name, tmp_path)
        operands = case.graph.operands(case.op)
        cycles = case.op.cycles(operands, FOLD)
        model = case.op.cost(operands, "7series", FOLD, "Resource").resources
        print(
            f"{part:.0%} of the blocks: {cycles:,} cycles, {gates.lut} LUT, {gates.ff} FF; "
            f"by the estimate {model.lut} LUT, {model.ff} FF"
        )
        assert cycles == CYCLES[part]
        assert found.report.path_ns <= found.report.limit_ns
        assert before is None or gates.lut <= before
        before = gates.lut
