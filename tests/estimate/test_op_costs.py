"""Costs of depthwise convolution, of pooling and of depth to space."""

from __future__ import annotations

import pytest
from estimate_graphs import constant

from fcn_hw.costs.resources import OpCost
from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Fold, Padding
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.depthwise_conv2d import DepthwiseConv2D

SAME = Padding(1, 1, 1, 1)
U4 = parse_format("ufixed<4,2,RND_CONV,SAT>")


def depthwise(channels: int, filters: int, kind: str = "depthwise_conv2d") -> Graph:
    build = GraphBuilder("net")
    build.input("x", (12, 20, channels), U4)
    weight = constant((3, 3, channels, filters), 4)
    getattr(build, kind)("y", "x", weight, padding=SAME, fmt=U4)
    return build.finish("y")


def pool(
    kind: str,
    size: tuple[int, int],
    strides: tuple[int, int],
    padding: Padding = Padding(),
    fmt: FixedFormat | None = None,
) -> Graph:
    build = GraphBuilder("net")
    build.input("x", (12, 60, 8), U4)
    options = {} if fmt is None else {"fmt": fmt}
    getattr(build, kind)("y", "x", size, strides, padding, **options)
    return build.finish("y")


def cost(graph: Graph, fold: Fold | None = None) -> OpCost:
    op = graph["y"]
    return op.cost(graph.operands(op), "7series", fold, "Resource")


def energy(graph: Graph, fold: Fold | None = None) -> float:
    return graph["y"].energy_pj(graph.operands(graph["y"]), fold)


@pytest.mark.parametrize("pe", [1, 2, 3, 6])
def test_one_channel_has_the_costs_of_a_convolution(pe: int) -> None:
    each, all_channels = depthwise(1, 6), depthwise(1, 6, "conv2d")
    assert cost(each, Fold(pe, 1)) == cost(all_channels, Fold(pe, 1))
    assert energy(each, Fold(pe, 1)) == energy(all_channels, Fold(pe, 1))


def test_depthwise_memories() -> None:
    graph = depthwise(8, 2)
    op = graph["y"]
    assert isinstance(op, DepthwiseConv2D)
    assert op.ring_shape(graph.tensor("x"), Fold(1, 1)) == (4 * 20, 8 * 4)
    for fold in op.legal_folds():
        assert cost(graph, fold).weight_bits == 3 * 3 * 8 * 2 * 4
        rows = 4 * 20 if fold.taps == 1 else 2 * 20
        assert cost(graph, fold).activation_bits == rows * 8 * 4


def test_a_depthwise_multiplier_takes_no_dsp_for_few_bits_and_one_for_many() -> None:
    build = GraphBuilder("net")
    build.input("x", (6, 6, 8), parse_format("ufixed<10,0>"))
    build.depthwise_conv2d("y", "x", constant((3, 3, 8, 1), 12), fmt=U4)
    wide = build.finish("y")
    for pe in (1, 2, 4, 8):
        assert cost(wide, Fold(pe, 1)).resources.dsp == pe
        assert cost(depthwise(8, 1), Fold(pe, 1)).resources.dsp == 0


def test_a_channel_is_chosen_for_each_filter_of_a_group() -> None:
    """8 groups of 2 filters choose among 8 channels, 16 operands in one group choose nothing."""
    graph = depthwise(16, 1)
    luts = {pe: cost(graph, Fold(pe, 1)).resources.lut for pe in (1, 2, 4, 8, 16)}
    multipliers = {pe: n / pe for pe, n in luts.items()}
    assert sorted(multipliers.values(), reverse=True) == list(multipliers.values())


def test_the_value_of_a_part_of_a_window() -> None:
    """Four codes of 4 bits have a sum of 6, and one bit more for its sign."""
    graph = pool("average_pool2d", (2, 2), (2, 2))
    op = graph["y"]
    assert isinstance(op, AveragePool2D)
    assert op.accum.width == 6
    assert op.sum_bits(graph.tensor("x")) == 6
    graph = pool("average_pool2d", (3, 3), (1, 1), SAME)
    op = graph["y"]
    assert isinstance(op, AveragePool2D)
    assert op.accum.width == 10, "36 times 15"
    assert op.sum_bits(graph.tensor("x")) == 9
    assert cost(graph).activation_bits == 3 * 60 * 8 * 9


def test_only_windows_of_different_sizes_are_weighted() -> None:
    plain = pool("average_pool2d", (3, 3), (3, 3))  # 9 positions each: no factor
    factors = pool("average_pool2d", (3, 3), (3, 3), SAME)  # 4, 6 and 9 of 36
    even = pool("average_pool2d", (2, 2), (2, 2))
    shifted = pool("average_pool2d", (2, 2), (2, 2), SAME)  # 1, 2 and 4 of 4
    weighted = [cost(graph).resources.lut for graph in (factors, shifted)]
    # factors of 4 bits, in two rows of shifted sums of 9 bits; one of three shifts of 6 bits by 2
    rows, choice = 2 * (9 + 1) + (9 + 2), (6 + 2) * 1
    op_costs = [cost(graph).resources.lut for graph in (plain, even)]
    assert weighted[0] > op_costs[0] + 8 * rows
    assert weighted[1] == op_costs[1] + 8 * choice
    assert all(cost(graph).resources.dsp == 0 for graph in (plain, factors, even, shifted))


def test_energy_of_a_mean() -> None:
    """An addition a value, a partial sum read and written a column and row; then the factor."""
    pixels, channels = 12 * 60, 8
    for padding, columns, bits, outputs, factor_bits in [
        (Padding(), 20, 8, 4 * 20, 0),
        (SAME, 20, 9, 4 * 20, 4),
    ]:
        graph = pool("average_pool2d", (3, 3), (3, 3), padding)
        expected = channels * (
            pixels * 0.1 / 32 * bits
            + 2 * 12 * columns * bits * 10 / 64
            + outputs * 3.1 / 1024 * bits * factor_bits
        )
        assert energy(graph) == pytest.approx(expected)


def test_the_conversion_of_a_mean_counts() -> None:
    exact = pool("average_pool2d", (3, 3), (3, 3))
    rounded = pool("average_pool2d", (3, 3), (3, 3), fmt=U4)
    difference = cost(rounded).resources.lut - cost(exact).resources.lut
    # a bit of rounding and of saturation for each of 4, and a look at the bits above
    op = exact["y"]
    assert isinstance(op, AveragePool2D)
    assert difference == 8 * (4 + -(-(op.accum.width - 4) // 5))


@pytest.mark.parametrize(
    ("shape", "text", "scale", "lut", "ff"),
    [
        ((32, 40, 12), "ufixed<4,2>", (2, 2), 146, 156),
        ((12, 10, 48), "ufixed<4,2>", (4, 4), 372, 385),
        ((64, 48, 27), "ufixed<6,2>", (3, 3), 409, 373),
        ((16, 64, 6), "fixed<8,2>", (1, 2), 64, 36),
    ],
)
def test_depth_to_space_takes_what_yosys_counts(
    shape: tuple[int, int, int], text: str, scale: tuple[int, int], lut: int, ff: int
) -> None:
    """Counts of ``benchmarks.estimate_fit.measure``; the estimate is off by a sixth at most."""
    build = GraphBuilder("net")
    build.input("x", shape, parse_format(text))
    build.depth_to_space("y", "x", scale)
    found = cost(build.finish("y")).resources
    assert found.lut == pytest.approx(lut, rel=1 / 6)
    assert found.ff == pytest.approx(ff, rel=1 / 6)
