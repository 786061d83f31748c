"""Faults in the Verilog of a convolution are seen: the bench can fail."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from header_bench import make_case
from rtl_bench import CaseNetwork

from fcn_hw.fixed import from_quantized_relu, parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Padding

pytestmark = pytest.mark.rtl


def late_output(match: re.Match[str]) -> str:
    """A register too many before the output."""
    return f"reg [7:0] late;\nalways @(posedge clk) late <= {match[2]};\nassign {match[1]} = late;"


FAULTS = {
    # one bit of one weight
    "case1": (r"(= \d+'h)([0-9a-f]+);", lambda m: f"{m[1]}{int(m[2], 16) ^ 1:x};"),
    "case2": (r"assign (\w+_din) = (\w+);", late_output),
    # the process does not wait for its input
    "case3": (r"\(\w+_wanted & \w+_empty\)", lambda _m: "1'b0"),
}


def test_each_fault_is_seen_and_the_process_without_one_passes(tmp_path: Path) -> None:
    build = GraphBuilder("net")
    image = build.input("image", (5, 6, 2), parse_format("ufixed<4,0>"))
    weights = np.random.default_rng(3).integers(-8, 8, (3, 3, 2, 2))
    build.conv2d(
        "conv", image, Constant(weights, parse_format("fixed<4,1>")),
        padding=Padding(1, 1, 1, 1), fmt=from_quantized_relu(4, 2),
    )  # fmt: skip
    case = make_case(build.finish("conv"), 1, Fold(2, 2))
    network = CaseNetwork([case] * 4, tmp_path)
    network.build(FAULTS)
    found = network.simulate(stall=0.3)
    assert set(network.wrong(found)) == {"1 Conv2D", "2 Conv2D", "3 Conv2D"}
