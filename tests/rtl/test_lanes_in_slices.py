"""yosys infers a DSP slice for each product of lanes, with the addition behind it."""

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

MOST_LUTS = {Fold(6, 6): 1340, Fold(6, 6, 1, 2): 430, Fold(6, 6, 1, 3): 550}
"""A tenth above what docs/explanation/folding.md says."""


def conv1_2(fold: Fold) -> Case:
    """A convolution of the size of conv1_2 of digits_fcn8s."""
    rng = np.random.default_rng(1)
    weight, bias = parse_format("fixed<4,1>"), parse_format("fixed<8,1>")
    builder = GraphBuilder("one")
    builder.input("x", (48, 64, 6), parse_format("ufixed<4,0>"))
    builder.conv2d(
        "y",
        "x",
        Constant(rng.integers(-8, 8, (3, 3, 6, 6)), weight),
        Constant(rng.integers(-128, 128, 6), bias),
        padding=Padding(1, 1, 1, 1),
    )
    return make_case(builder.finish("y"), 1, fold)


def test_slices_and_luts_of_conv1_2(tmp_path: Path) -> None:
    network = CaseNetwork([conv1_2(fold) for fold in MOST_LUTS], tmp_path)
    for (name, found), (fold, most) in zip(
        network.compiled.items(), MOST_LUTS.items(), strict=True
    ):
        run(plan_gates(name, found.verilog, "7series"), tmp_path)
        gates = read_gates(name, tmp_path)
        print(f"{fold}: {gates.lut} LUT, {gates.ff} FF, {gates.dsp} DSP")
        assert gates.dsp == (fold.multipliers // fold.lanes if fold.lanes else 0)
        assert gates.lut <= most
