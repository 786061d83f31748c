"""Estimates of whole networks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from estimate_graphs import fcn, normalized

from fcn_hw.boards import load_board
from fcn_hw.costs.resources import Resources
from fcn_hw.errors import ReportError
from fcn_hw.estimate.compare import compare
from fcn_hw.estimate.limit import fold_limit, layer_limit
from fcn_hw.estimate.network import Estimate, Fifo, estimate
from fcn_hw.estimate.problem import folded_ops
from fcn_hw.estimate.reports import report_files
from fcn_hw.ir import Graph
from fcn_hw.ir.folding import choose_fold
from fcn_hw.ir.macs import total_macs
from fcn_hw.ops import Fold, Folded
from fcn_hw.ops.conv2d import Conv2D

BOARD = load_board("pynq-z2")


def folds_of(graph: Graph, reuse: int = 36) -> dict[str, Fold]:
    return {op.name: choose_fold(op, reuse) for op in graph.ops if isinstance(op, Conv2D)}


def made(graph: Graph | None = None, **options: object) -> Estimate:
    graph = graph or fcn()
    return estimate(graph, BOARD, folds_of(graph), **options)  # type: ignore[arg-type]


def conv(graph: Graph, name: str) -> Conv2D:
    op = graph[name]
    assert isinstance(op, Conv2D)
    return op


def test_totals_are_sums_and_forks_are_counted() -> None:
    result = made()
    assert result.resources.lut == sum(layer.resources.lut for layer in result.layers)
    assert result.macs == total_macs(fcn())
    names = [layer.name for layer in result.layers]
    assert "pool1_fork" in names and "image" not in names
    assert names.index("pool1_fork") == names.index("pool1") + 1
    assert result.available == Resources(lut=53200, ff=106400, dsp=220, bram18=280)


def test_cycles_are_those_of_the_emitted_code() -> None:
    graph = fcn()
    folds = folds_of(graph)
    for layer in made().layers:
        if layer.name in graph:
            op = graph[layer.name]
            assert layer.cycles == op.cycles(graph.operands(op), folds.get(op.name))
            assert layer.cycles >= layer.ideal_cycles


def test_weights_and_line_buffers_in_bits() -> None:
    graph = fcn()
    op = conv(graph, "conv2_1")
    by_name = {layer.name: layer for layer in made().layers}
    assert by_name["conv2_1"].weight_bits == op.weight.codes.size * 4
    assert op.ring_shape(graph.tensor("pool1"), Fold(1, 1)) == (4 * 24, 8 * 4)
    assert by_name["conv2_1"].activation_bits == 4 * 24 * 8 * 4
    assert by_name["score"].activation_bits == 0, "a pointwise convolution has no line buffer"


def test_fold_limit() -> None:
    graph = fcn()
    folds = folds_of(graph)
    limit = fold_limit(graph, folds, 64)
    work = {
        op.name: -(-op.macs(graph.operands(op)) // folds[op.name].multipliers)
        for op in graph.ops
        if op.name in folds
    }
    assert limit.input_beats == limit.output_beats == 32 * 48
    assert limit.cycles == max(32 * 48, *work.values())
    assert work[limit.cause] == limit.cycles
    result = made()
    assert result.interval_cycles >= limit.cycles
    assert result.fps <= result.limit_fps


def test_bound_of_the_board() -> None:
    """All DSPs, and all LUTs that pools, forks and the like leave, at the smallest product."""
    graph = fcn()
    result = made(graph)
    bound = result.bound
    others = sum(layer.resources.lut for layer in result.layers if not layer.macs)
    assert bound.lut == BOARD.resources.lut - others and bound.dsp == BOARD.resources.dsp
    products = bound.lanes * bound.dsp + bound.lut / bound.luts_a_mac
    beats = max(result.limit.input_beats, result.limit.output_beats)
    assert bound.macs == result.macs and bound.lanes == 2
    assert bound.cycles == max(beats, -(-result.macs // products))
    assert result.fps == pytest.approx(1e8 / result.interval_cycles)


def test_beats_are_the_limit_of_many_multipliers() -> None:
    graph = fcn(filters=(2, 2), classes=2)
    folds = {
        op.name: max(op.legal_folds(), key=lambda fold: fold.multipliers)
        for op in folded_ops(graph)
    }
    limit = fold_limit(graph, folds, 64)
    assert (limit.cycles, limit.cause) == (32 * 48, "input beats")
    channels = graph.inputs[0].output.channels
    assert channels > 1
    narrow = fold_limit(graph, folds, 8)  # a byte a clock: channels one after another
    assert (narrow.input_beats, narrow.output_beats) == (32 * 48 * channels, 32 * 48)


def test_more_multipliers_cost_more_and_take_less_time() -> None:
    graph = fcn()
    op = conv(graph, "conv2_1")
    operands = graph.operands(op)
    costs = [
        op.cost(operands, "7series", Fold(pe, simd), "Latency").resources.lut
        for pe, simd in ((1, 1), (2, 2), (4, 4), (8, 8))
    ]
    assert costs == sorted(costs) and costs[0] < costs[-1]


def test_strategy_places_the_weights() -> None:
    graph = fcn()
    op = conv(graph, "conv2_1")
    block = op.cost(graph.operands(op), "7series", Fold(4, 4), "Resource").resources
    fabric = op.cost(graph.operands(op), "7series", Fold(4, 4), "Latency").resources
    assert block.bram18 > fabric.bram18 and block.lut < fabric.lut


def test_wide_multiplications_take_dsp_slices() -> None:
    graph = fcn(weight_bits=12, activation_bits=10)
    op = conv(graph, "conv2_1")
    cost = op.cost(graph.operands(op), "7series", Fold(4, 8), "Resource")
    assert cost.resources.dsp == 32
    narrow = fcn()
    op = conv(narrow, "conv2_1")
    assert op.cost(narrow.operands(op), "7series", Fold(4, 8), "Resource").resources.dsp == 0


FREE = {"ZeroPad2D", "Crop2D", "SkipConcat", "Relu", "Quantize"}
"""Ops that compute nothing and hold no row: the model of energy has no term for them."""


def test_every_op_has_a_cost() -> None:
    from sample_graphs import tiny_graph

    graph = tiny_graph()
    for op in graph.ops:
        if not op.inputs:
            continue
        fold = Fold(1, 1) if isinstance(op, Folded) else None
        cost = op.cost(graph.operands(op), "ultrascale+", fold, "Resource")
        assert cost.resources.lut > 0 and cost.resources.ff > 0
        energy_pj = op.energy_pj(graph.operands(op), fold)
        assert energy_pj == 0 if type(op).__name__ in FREE else energy_pj > 0, op.name


def test_rows_of_comparators_grow_with_the_levels_and_not_with_the_thresholds() -> None:
    luts = []
    for count in (15, 16, 31, 255):
        graph = normalized(count)
        op = graph["steps"]
        cost = op.cost(graph.operands(op), "7series", Fold(4, 1), "Resource")
        luts.append(cost.resources.lut)
        bits = graph.tensor("conv1").format.width
        entries = 2 ** count.bit_length() - 1
        assert 16 * (6 + 6 + entries * bits) <= cost.weight_bits <= 16 * (12 + entries * (bits + 1))
    # a threshold that is never reached fills up 16 to 31: a bit more than the input has
    assert luts[0] < min(luts[1:3]) and max(luts[1:3]) < luts[3] < 3 * luts[0]


def test_scales_cost_multipliers_and_words_of_rom() -> None:
    graph = normalized()
    op = graph["bn"]
    costs = [op.cost(graph.operands(op), "7series", Fold(pe, 1), "Resource") for pe in (1, 4, 16)]
    assert [cost.resources.dsp for cost in costs] == [1, 4, 16]
    assert {cost.weight_bits for cost in costs} == {16 * (12 + 10)}
    cycles = [layer_limit(op, graph.operands(op), Fold(pe, 1)) for pe in (1, 4, 16)]
    assert cycles == [32 * 48 * 16, 32 * 48 * 4, 32 * 48]
    steps = graph["steps"]
    assert layer_limit(steps, graph.operands(steps), Fold(4, 1)) == 32 * 48 * 4


def test_fifos_are_counted() -> None:
    fifos = [Fifo("a", 1024, 32, 1536), Fifo("b", 2, 8, 1536)]
    without, result = made(), made(fifos=fifos)
    assert result.activation_bits - without.activation_bits == 1024 * 32 + 16
    assert result.resources.bram18 - without.resources.bram18 == 2
    assert result.energy_pj > without.energy_pj


def test_energy_grows_with_bits_and_work() -> None:
    assert made(fcn(weight_bits=8)).energy_pj > made(fcn(weight_bits=4)).energy_pj
    assert made(fcn(64, 96)).energy_pj == pytest.approx(4 * made(fcn()).energy_pj, rel=0.05)


def test_energy_of_a_multiplication_is_horowitz() -> None:
    """A 1x1 convolution of one channel: a product, a sum and a weight a pixel."""
    graph = fcn(filters=(1, 1), classes=1, weight_bits=8, activation_bits=8)
    op = conv(graph, "score_skip")
    op = replace(op, weight=replace(op.weight, format=replace(op.weight.format, width=8)))
    pixels = op.output.height * op.output.width
    each = 3.1 / 1024 * 8 * 8 + 0.1 / 32 * op.accum.width + 10 / 64 * 8
    energy = op.energy_pj(graph.operands(op), Fold(1, 1))
    assert energy == pytest.approx(pixels * each)


def test_clock_of_the_design_goes_before_the_boards() -> None:
    assert made(clock_period_ns=5.0).fps == pytest.approx(2 * made().fps)


def test_files_have_finns_names_and_keys() -> None:
    result = made()
    files = {name: json.loads(text) for name, text in report_files(result).items()}
    assert set(files) == {
        "estimate_layer_cycles.json",
        "estimate_layer_resources.json",
        "estimate_network_performance.json",
    }
    assert files["estimate_layer_cycles.json"]["conv1_1"] == result.layers[0].cycles
    rows = files["estimate_layer_resources.json"]
    assert {"LUT", "DSP", "BRAM_18K", "BRAM_efficiency", "URAM"} <= set(rows["conv1_1"])
    for key in ("LUT", "FF", "DSP", "BRAM_18K", "macs", "weight_bits"):
        layers = [row[key] for name, row in rows.items() if name not in ("total", "available")]
        assert rows["total"][key] == sum(layers)
    speed = files["estimate_network_performance.json"]
    assert speed["max_cycles"] == result.interval_cycles
    assert speed["max_cycles_node_name"] == result.bottleneck
    assert speed["fold_limit_cycles"] <= speed["max_cycles"] <= speed["critical_path_cycles"]
    assert report_files(result) == report_files(made())


def test_estimate_beside_truth() -> None:
    result = made()
    rows = compare(result, {"LUT": 2.0 * result.resources.lut, "DSP": 0, "interval_cycles": 100})
    assert [row.quantity for row in rows] == ["LUT", "DSP", "interval_cycles"]
    assert rows[0].error == pytest.approx(-0.5)
    assert rows[1].error is None
    with pytest.raises(ReportError) as caught:
        compare(result, {"LUTS": 1.0})
    assert str(caught.value) == "unknown quantity 'LUTS'; near: 'LUT'"
