"""The clocks that recurrences hold: those of convolutions 150 MHz on 7 series and 200 MHz on
UltraScale+, those of layers of many channels, folded as a board has them, 300 MHz there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from header_bench import Case, make_case
from rtl_bench import CaseNetwork

from fcn_hw.fixed import from_quantized_relu, parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Padding

pytestmark = pytest.mark.rtl

SHAPE = (64, 96, 6)
"""Of a layer of ``digits_fcn8s``."""

CODES = parse_format("ufixed<4,0>")
RELU = from_quantized_relu(4, 2)


def weights(*shape: int) -> Constant:
    codes = np.random.default_rng(3).integers(-8, 8, shape)
    return Constant(codes, parse_format("fixed<4,1>"))


def convolutions() -> list[Case]:
    """One of each template, and one by stride 2: its rows go two at a time around the ring."""
    found = []
    for stride in (1, 2):
        build = GraphBuilder("net")
        build.input("image", SHAPE, CODES)
        build.conv2d(
            "conv", "image", weights(3, 3, 6, 6), padding=Padding(1, 1, 1, 1),
            strides=(stride, stride), fmt=RELU,
        )  # fmt: skip
        found.append(make_case(build.finish("conv"), 1, Fold(6, 3)))
    build = GraphBuilder("net")
    build.input("image", (32, 48, 4), CODES)
    build.conv_transpose2d(
        "up", "image", weights(4, 4, 4, 4), strides=(2, 2), crop=(1, 1), size=(64, 96), fmt=RELU
    )
    found.append(make_case(build.finish("up"), 1, Fold(4, 2)))
    build = GraphBuilder("net")
    build.input("image", SHAPE, CODES)
    build.depthwise_conv2d(
        "depthwise", "image", weights(3, 3, 6, 1), padding=Padding(1, 1, 1, 1), fmt=RELU
    )
    return [*found, make_case(build.finish("depthwise"), 1, Fold(3, 1))]


@pytest.mark.parametrize(
    ("family", "period_ns", "most_ns"), [("7series", 6.67, 4.6), ("ultrascale+", 5.0, 2.8)]
)
def test_recurrences_of_convolutions_fit_the_clock(
    tmp_path: Path, family: str, period_ns: float, most_ns: float
) -> None:
    network = CaseNetwork(convolutions(), tmp_path, period_ns, family)
    reports = [item.report for item in network.compiled.values()]
    assert len(reports) == 4
    for report in reports:
        assert report.critical_ns <= most_ns < report.limit_ns, report.critical_registers
        assert report.path_ns <= report.limit_ns
    # registers are called as in the C++
    assert "reg [6:0] walk_window_col;" in network.compiled["case2"].verilog


def folded_layers() -> list[Case]:
    """Layers as ``digits_fcn8s`` has them on zcu102: ``pool2``, ``pool3`` and ``fc6``; and a pool
    whose windows overlap, are padded and do not fill the row."""
    found = []
    for shape, size, padding, fold in (
        ((32, 48, 12), 2, Padding(), Fold(3, 1)),
        ((16, 24, 20), 2, Padding(), Fold(4, 1)),
        ((9, 5, 12), 3, Padding(1, 0, 1, 0), Fold(3, 1)),
    ):
        build = GraphBuilder("net")
        build.input("image", shape, CODES)
        build.max_pool2d("pool", "image", (size, size), (2, 2), padding=padding)
        found.append(make_case(build.finish("pool"), 1, fold))
    build = GraphBuilder("net")
    build.input("image", (8, 12, 20), CODES)
    build.conv2d("conv", "image", weights(3, 3, 20, 48), padding=Padding(1, 1, 1, 1), fmt=RELU)
    return [*found, make_case(build.finish("conv"), 1, Fold(8, 20))]


def test_recurrences_of_folded_layers_fit_300_mhz(tmp_path: Path) -> None:
    network = CaseNetwork(folded_layers(), tmp_path, 3.33, "ultrascale+")
    assert len(network.compiled) == 4
    for item in network.compiled.values():
        assert item.report.critical_ns <= item.report.limit_ns == 2.431
