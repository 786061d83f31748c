"""Folds of designs: by number, by the board, by a target; and what is said when nothing fits."""

from __future__ import annotations

import re

import numpy as np
import pytest
from estimate_graphs import SCORE, constant, fcn, normalized, thirty_layers

from fcn_hw.boards import Board, load_board
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError, DoesNotFit
from fcn_hw.estimate.changes import Shortage, cheapest_changes, closest
from fcn_hw.estimate.design_folds import (
    Folding,
    check_fits,
    choose_folding,
    next_folds,
    rules_of,
    within_budget,
)
from fcn_hw.estimate.network import Estimate, Fifo, estimate
from fcn_hw.estimate.problem import Rules, build_problem, folded_ops
from fcn_hw.estimate.variants import (
    channel_groups,
    with_channels,
    with_size,
    with_weight_bits,
)
from fcn_hw.fixed import parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.folding import choose_fold
from fcn_hw.ir.macs import total_macs
from fcn_hw.ir.verify import verify
from fcn_hw.ops import Constant, Fold
from fcn_hw.ops.batch_norm import BatchNorm
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.threshold import Threshold

PYNQ, ZCU = load_board("pynq-z2"), load_board("zcu102")


def hls(**settings: object) -> Hls:
    return Hls.model_validate(settings)


def made(graph: Graph, board: Board, **settings: object) -> tuple[Folding, Estimate]:
    folding = choose_folding(graph, board, hls(**settings))
    return folding, estimate(graph, board, folding.folds, strategies=folding.strategies)


def small_board(**resources: int) -> Board:
    """A PYNQ-Z2 that has less."""
    return PYNQ.model_copy(update={"resources": PYNQ.resources.model_copy(update=resources)})


def test_numbers_give_the_nearest_fold() -> None:
    graph = fcn()
    layer = {"LayerName": {"conv1_1": {"ReuseFactor": 9, "Strategy": "Latency"}}}
    folding, _ = made(graph, PYNQ, ReuseFactor=36, **layer)
    for op in folded_ops(graph):
        reuse = 9 if op.name == "conv1_1" else 36
        expected = choose_fold(op, reuse if op.follows_reuse_factor else 1)
        assert folding.folds[op.name] == expected
    assert folding.folds["pool1"].pe == graph.tensor("pool1").channels  # it multiplies nothing
    assert folding.strategies == {
        op.name: "Latency" if op.name == "conv1_1" else "Resource" for op in folded_ops(graph)
    }
    assert not folding.is_free


@pytest.mark.parametrize("board", [PYNQ, ZCU], ids=lambda board: board.name)
def test_auto_stays_within_the_budget(board: Board) -> None:
    _, result = made(fcn(64, 96, (16, 32)), board, ReuseFactor="auto")
    used, have = result.resources, result.available
    assert used.lut <= 0.7 * have.lut and used.ff <= 0.5 * have.ff
    assert used.dsp <= 0.8 * have.dsp and used.bram18 <= 0.8 * have.bram18


def test_a_larger_board_is_faster() -> None:
    """In cycles too, not only by its clock."""
    graph = fcn(64, 96, (64, 128), depth=2)
    slow, fast = made(graph, PYNQ, ReuseFactor="auto")[1], made(graph, ZCU, ReuseFactor="auto")[1]
    assert fast.interval_cycles < slow.interval_cycles
    assert fast.fps > 2 * slow.fps


def test_what_stops_the_next_faster_folds() -> None:
    """It does not fit, and would with a budget that has it."""
    graph = fcn()
    asked = hls(ReuseFactor="auto", utilization={"lut": 0.1})
    folding = choose_folding(graph, PYNQ, asked)
    interval = estimate(graph, PYNQ, folding.folds).interval_cycles
    found = next_folds(graph, PYNQ, asked, [], interval)
    assert found is not None and found.resource == "LUT" and found.cycles < interval
    assert found.need > found.have == PYNQ.resources.lut // 10
    more = hls(ReuseFactor="auto", utilization={"lut": found.need * 1.01 / PYNQ.resources.lut})
    faster = estimate(graph, PYNQ, choose_folding(graph, PYNQ, more).folds)
    assert faster.interval_cycles <= found.cycles


def test_nothing_stops_a_design_that_no_fold_makes_faster() -> None:
    graph = fcn(16, 16, (2, 2))
    asked = hls(ReuseFactor="auto")
    interval = estimate(graph, ZCU, choose_folding(graph, ZCU, asked).folds).interval_cycles
    assert interval == build_problem(graph, ZCU, rules_of(graph, asked)).intervals[0]
    assert next_folds(graph, ZCU, asked, [], interval) is None


def test_a_serial_port_sets_the_pace() -> None:
    graph, board = fcn(64, 96, (16, 32)), load_board("ulx3s-85f")
    assert board.ecp5 is not None
    slow, fast = (made(graph, board, ReuseFactor="auto", **more)[1]
                  for more in ({}, {"target_fps": 300}))  # fmt: skip
    frame_bytes = max(graph.inputs[0].output.size, graph.tensor(graph.outputs[0]).size)
    carried = board.ecp5.baud_rate / 10 / frame_bytes
    assert carried <= slow.fps < 300 <= fast.fps
    assert slow.resources.lut < fast.resources.lut


def test_layers_finish_in_about_equal_time() -> None:
    """No layer could have a cheaper fold and still keep the interval."""
    graph = fcn(64, 96, (64, 128), depth=2)
    folding, result = made(graph, PYNQ, ReuseFactor="auto")
    problem = build_problem(graph, PYNQ, rules_of(graph, hls(ReuseFactor="auto")))
    for name, choices in problem.choices.items():
        [chosen] = [
            o for o in choices
            if (o.fold, o.strategy) == (folding.folds[name], folding.strategies[name])
        ]  # fmt: skip
        for other in choices:
            if other.cycles <= result.interval_cycles:
                assert any(a > b for a, b in zip(other.costs, chosen.costs, strict=True)) or (
                    other.costs == chosen.costs
                )
    busy = [layer.cycles for layer in result.layers if layer.macs > total_macs(graph) / 20]
    assert len(busy) >= 3
    assert min(busy) > result.interval_cycles / 3


def test_a_target_gives_the_smallest_design() -> None:
    graph = fcn(64, 96, (32, 64))
    _, fast = made(graph, PYNQ, ReuseFactor="auto")
    sizes = []
    for fps in (100, fast.fps / 4, fast.fps / 2, 0.99 * fast.fps):
        _, result = made(graph, PYNQ, ReuseFactor="auto", target_fps=fps)
        assert result.fps >= fps
        sizes.append(share(result))
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1] <= share(fast)


def blocks_pruned(part: float) -> Graph:
    """A convolution with a part of its blocks of 4 filters x 2 channels at zero."""
    rng = np.random.default_rng(1)
    alive = np.arange(3 * 3 * 8 * 4).reshape(3, 3, 8, 4) >= round(part * 288)
    alive = rng.permuted(alive.ravel()).reshape(alive.shape).repeat(2, 2).repeat(4, 3)
    builder = GraphBuilder("pruned")
    builder.input("x", (24, 24, 16), parse_format("ufixed<4,0>"))
    weight = constant((3, 3, 16, 16), 4)
    builder.conv2d("y", "x", Constant(weight.codes * alive, weight.format))
    return builder.finish("y")


@pytest.mark.parametrize("part", [0.0, 0.1, 0.75])
def test_the_search_knows_the_steps_that_are_left_out(part: float) -> None:
    """The smallest of all legal folds that are fast enough with the weights as they are."""
    graph = blocks_pruned(part)
    (op,) = folded_ops(graph)
    operands, interval = graph.operands(op), 22 * 22 * 100
    folds = op.legal_folds() + op.lane_folds(operands, PYNQ.family)
    designs = [
        (fold, estimate(graph, PYNQ, {"y": fold}, strategies={"y": strategy}))
        for fold in folds
        for strategy in ("Resource", "Latency")
        if op.cycles(operands, fold) <= interval
    ]
    folding, found = made(graph, PYNQ, ReuseFactor="auto", target_fps=1e8 / interval)
    assert share(found) == pytest.approx(min(share(result) for _, result in designs), abs=1e-9)
    assert folding.folds["y"].multipliers == (8 if part == 0.75 else 32)


def share(result: Estimate) -> float:
    """Of the device, summed over its resources."""
    need, have = result.resources, result.available
    pairs = (
        (need.lut, have.lut), (need.ff, have.ff), (need.dsp, have.dsp), (need.bram18, have.bram18),
    )  # fmt: skip
    return sum(a / b for a, b in pairs)


def test_given_layers_and_strategies_are_kept() -> None:
    graph = fcn()
    folding, _ = made(
        graph, PYNQ, ReuseFactor="auto", Strategy="Latency",
        LayerName={"conv2_1": {"ReuseFactor": 72}, "score": {"Strategy": "Resource"}},
    )  # fmt: skip
    conv2 = graph["conv2_1"]
    assert isinstance(conv2, Conv2D)
    assert folding.folds["conv2_1"] == choose_fold(conv2, 72)
    assert folding.strategies == {
        op.name: "Resource" if op.name == "score" else "Latency" for op in folded_ops(graph)
    }
    assert folding.is_free


def test_one_auto_layer_among_numbers() -> None:
    graph = fcn()
    folding, _ = made(graph, PYNQ, ReuseFactor=36, LayerName={"conv2_1": {"ReuseFactor": "auto"}})
    score = graph["score"]
    assert isinstance(score, Conv2D)
    assert folding.is_free and folding.folds["score"] == choose_fold(score, 36)


def test_fifos_take_from_the_budget() -> None:
    graph = fcn(64, 96, (16, 32))
    board = small_board(bram36=10)
    folding = choose_folding(graph, board, hls(ReuseFactor="auto"))
    fifos = [Fifo(f"f{i}", 2048, 9) for i in range(12)]
    used = choose_folding(graph, board, hls(ReuseFactor="auto"), fifos)
    assert within_budget(graph, board, hls(), used, fifos)
    result = estimate(graph, board, used.folds, fifos=fifos, strategies=used.strategies)
    assert result.resources.bram18 <= 16
    assert within_budget(graph, board, hls(), folding, [])
    with pytest.raises(DoesNotFit, match="arty: needs"):
        many = [Fifo(f"f{i}", 2048, 18) for i in range(30)]
        choose_folding(
            graph, board.model_copy(update={"name": "arty"}), hls(ReuseFactor="auto"), many
        )


@pytest.mark.parametrize("fps", [None, 40, 2000, 14000])
def test_auto_gives_batch_norm_and_thresholds_no_more_than_the_interval_needs(
    fps: float | None,
) -> None:
    graph = normalized()
    folding, result = made(graph, ZCU, ReuseFactor="auto", target_fps=fps)
    interval = result.interval_cycles
    if fps is not None:
        interval = int(1e9 / ZCU.clock_period_ns / fps)
        assert result.interval_cycles <= interval
    for name in ("bn", "steps"):
        op = graph[name]
        assert isinstance(op, (BatchNorm, Threshold))
        enough = [
            fold.pe for fold in op.legal_folds() if op.cycles(graph.operands(op), fold) <= interval
        ]
        assert folding.folds[name] == Fold(min(enough), 1)


def test_a_number_gives_batch_norm_and_thresholds_the_nearest_fold() -> None:
    layer = {"LayerName": {"bn": {"ReuseFactor": 2, "Strategy": "Latency"}}}
    folding, _ = made(normalized(), PYNQ, ReuseFactor=9, **layer)
    assert folding.folds["bn"] == Fold(8, 1) and folding.strategies["bn"] == "Latency"
    assert folding.folds["steps"] == Fold(2, 1) and folding.strategies["steps"] == "Resource"


def test_changes_of_a_design_with_constants_of_channels() -> None:
    """Narrower weights are no matter of a batch normalization, slower folds and channels are."""
    graph = normalized(255)
    board = small_board(lut=7000)
    given = hls(ReuseFactor=1)
    folding = choose_folding(graph, board, given)
    rules = Rules(rules_of(graph, given).shares, folding.folds, folding.strategies)
    solution = closest(build_problem(graph, board, rules), None)
    shortage = Shortage(graph, board, rules, None, 10.0, "LUT", 10**6, 4900, solution)
    texts = [change.text for change in cheapest_changes(shortage, count=100)]
    for start in (
        "ReuseFactor of 'steps': ",
        "ReuseFactor of 'bn': ",
        "'conv1': ",
        "weights of 'conv1': ",
    ):
        assert any(text.startswith(start) for text in texts), start
    assert not any(text.startswith(("weights of 'bn'", "weights of 'steps'")) for text in texts)


def test_a_design_without_weights_has_no_narrower_weights() -> None:
    build = GraphBuilder("net")
    build.input("image", (8, 8, 64), SCORE)
    build.batch_norm("bn", "image", constant((64,), 16), constant((64,), 16))
    graph = build.finish("bn")
    with pytest.raises(DoesNotFit) as caught:
        check_fits(graph, small_board(dsp=20, lut=900), Folding({"bn": Fold(64, 1)}, {}))
    assert any("ReuseFactor of 'bn': " in line for line in caught.value.hint.splitlines())


def test_a_target_beyond_the_beats() -> None:
    graph = fcn()
    with pytest.raises(ConfigError) as caught:
        made(graph, PYNQ, ReuseFactor="auto", target_fps=1e6)
    assert str(caught.value) == (
        "hls.target_fps: 1e+06 frames a second leave 100 cycles a frame at 100 MHz; "
        f"no folds of this architecture take fewer than {least(graph)}"
    )
    top = float(caught.value.hint.split("at most ")[1].split(",")[0])
    _, result = made(graph, PYNQ, ReuseFactor="auto", target_fps=top)
    assert result.fps >= top


def least(graph: Graph) -> int:
    return build_problem(graph, PYNQ, rules_of(graph, hls(ReuseFactor="auto"))).intervals[0]


def test_a_target_without_a_free_fold() -> None:
    with pytest.raises(ConfigError) as caught:
        made(fcn(), PYNQ, ReuseFactor=9, target_fps=10)
    assert str(caught.value) == "hls.target_fps needs a layer of ReuseFactor: auto"
    assert caught.value.hint == "Set hls.ReuseFactor to auto, or leave target_fps out."


CHANGE = re.compile(r".+: (\d+) (LUT|FF|DSP|BRAM36), saves (\d+); (fits|not enough alone)")


def test_does_not_fit_names_resource_need_have_and_three_changes() -> None:
    graph = fcn(64, 96, (32, 64), depth=2)
    with pytest.raises(DoesNotFit) as caught:
        choose_folding(graph, PYNQ, hls(ReuseFactor="auto", target_fps=1500))
    need, resource, have = re.fullmatch(
        r"pynq-z2: needs (\d+) (\w+), has (\d+)", str(caught.value)
    ).groups()  # type: ignore[union-attr]
    # The largest overload is smallest where products overload LUTs and DSP slices alike.
    share, whole, allowed = {"LUT": (70, 53200, 37240), "DSP": (80, 220, 176)}[resource]
    assert int(have) == allowed < int(need)
    first, *changes = caught.value.hint.splitlines()
    assert first == f"hls.utilization allows {share}% of {whole} {resource}."
    assert len(changes) == 3
    for change in changes:
        now, what, saved, _ = CHANGE.fullmatch(change).groups()  # type: ignore[union-attr]
        assert what == resource and int(now) == int(need) - int(saved) and int(saved) > 0


def test_the_changes_are_true() -> None:
    """What is said to fit does fit when it is done, and one of every kind was tried."""
    graph = fcn(64, 96, (32, 64), depth=2)
    asked = hls(ReuseFactor="auto", target_fps=1500)
    interval = int(1e8 / 1500)
    rules = rules_of(graph, asked)
    solution = closest(build_problem(graph, PYNQ, rules), interval)
    shortage = Shortage(graph, PYNQ, rules, interval, 10.0, "LUT", 10**6, 37240, solution)
    changes = cheapest_changes(shortage, count=100)
    for kind in ("weights", "channels", "frames", "target_fps"):
        assert any(kind in change.text for change in changes), f"no change of {kind} was tried"
    fitting = [change for change in changes if change.fits]
    assert list(changes[: len(fitting)]) == fitting, "those that fit come first"
    costs = [change.cost for change in fitting]
    assert costs == sorted(costs), "the cheapest first"

    done = 0
    for change in fitting:
        if match := re.match(r"target_fps: ([\d.]+):", change.text):
            fps = float(match[1])
            _, result = made(graph, PYNQ, ReuseFactor="auto", target_fps=fps)
            assert result.fps >= fps
            with pytest.raises(DoesNotFit):
                made(graph, PYNQ, ReuseFactor="auto", target_fps=1.05 * fps)
            done += 1
        if match := re.match(r"frames: (\d+) x (\d+) instead", change.text):
            smaller = fcn(int(match[1]), int(match[2]), (32, 64), depth=2)
            choose_folding(smaller, PYNQ, asked)
            done += 1
    assert done == 2


def test_given_folds_that_do_not_fit() -> None:
    graph = fcn(64, 96, (64, 128), depth=2)
    folding, _ = made(graph, PYNQ, ReuseFactor=9)
    with pytest.raises(DoesNotFit) as caught:
        check_fits(graph, PYNQ, folding)
    assert re.fullmatch(r"pynq-z2: needs \d+ \w+, has \d+", str(caught.value))
    lines = caught.value.hint.splitlines()
    assert len(lines) == 3 and all(CHANGE.fullmatch(line) for line in lines)
    assert any(line.startswith("ReuseFactor: auto, ") and "fits" in line for line in lines)
    check_fits(graph, PYNQ, made(graph, PYNQ, ReuseFactor="auto")[0])


def test_given_folds_with_lanes_that_do_not_fit() -> None:
    """Fewer channels or narrower weights may leave a layer without lanes."""
    graph = fcn()
    folds = {
        op.name: (op.lane_folds(graph.operands(op), PYNQ.family) or op.legal_folds())[-1]
        for op in folded_ops(graph)
    }
    assert {fold.lanes for fold in folds.values()} == {0, 2}
    with pytest.raises(DoesNotFit) as caught:
        check_fits(graph, PYNQ, Folding(folds, {}))
    lines = caught.value.hint.splitlines()
    assert len(lines) == 3 and all(CHANGE.fullmatch(line) for line in lines)


def test_missing_block_ram_is_counted_in_tiles() -> None:
    graph = fcn(64, 96, (32, 64))
    board = small_board(bram36=3, lut=18000)
    with pytest.raises(DoesNotFit) as caught:
        choose_folding(graph, board, hls(ReuseFactor="auto", Strategy="Resource"))
    assert re.fullmatch(r"pynq-z2: needs \d+ BRAM36, has 2", str(caught.value))
    assert "hls.utilization allows 80% of 3 BRAM36." in caught.value.hint


@pytest.mark.parametrize("board", [PYNQ, ZCU], ids=lambda board: board.name)
@pytest.mark.parametrize("share", [0.8, 0.9])
def test_thirty_layers_print_nothing(
    board: Board, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    """At ``share`` 0.9 on zcu102, HiGHS prints a line of its own when it is let."""
    graph = thirty_layers(0)
    assert len(folded_ops(graph)) == 33  # and three pools
    asked = hls(ReuseFactor="auto", utilization={"lut": share, "ff": 1, "bram": share})
    folding = choose_folding(graph, board, asked)
    assert within_budget(graph, board, asked, folding, [])
    assert capfd.readouterr() == ("", "")


def test_variants() -> None:
    graph = fcn()
    narrow = with_weight_bits(graph, {"conv1_1": 2})
    before, after = graph["conv1_1"], narrow["conv1_1"]
    assert isinstance(before, Conv2D) and isinstance(after, Conv2D)
    assert after.weight.format.width == 2 and after.accum.width == before.accum.width - 2
    assert after.weight.format.fraction == before.weight.format.fraction
    assert ((after.weight.codes == 0) == (before.weight.codes == 0)).all()

    groups = channel_groups(graph)
    assert groups["conv1_1"] == groups["pool1"] == "conv1_1"
    assert "image" not in groups and "score" not in groups and "add" not in groups
    fewer = with_channels(graph, "conv1_1", 6)
    assert fewer.tensor("pool1").channels == 6
    shapes = {op.name: op.weight.codes.shape for op in fewer.ops if isinstance(op, Conv2D)}
    assert shapes["conv1_1"] == (3, 3, 3, 6) and shapes["conv2_1"] == (3, 3, 6, 16)
    assert shapes["score_skip"] == (1, 1, 6, 5)

    smaller = with_size(graph, 16, 24)
    assert smaller.tensor("classes").shape == (16, 24, 1)
    assert total_macs(smaller) * 4 == total_macs(graph)


def test_constants_of_channels_follow_the_channels() -> None:
    graph = normalized()
    groups = channel_groups(graph)
    assert {groups[name] for name in ("conv1", "bn", "steps", "add")} == {groups["conv1"]}
    for channels in (5, 24):
        changed = with_channels(graph, groups["conv1"], channels)
        norm, steps, before = changed["bn"], changed["steps"], graph["steps"]
        assert isinstance(norm, BatchNorm) and isinstance(steps, Threshold)
        assert isinstance(before, Threshold)
        assert norm.scale.codes.shape == norm.bias.codes.shape == (channels,)
        assert steps.base.codes.shape == steps.step.codes.shape == (channels,)
        assert steps.thresholds.codes.shape == (channels, 15)
        assert steps.thresholds.codes[4].tolist() == before.thresholds.codes[4].tolist()
        assert verify(changed) is changed
    smaller = with_size(graph, 8, 12)
    assert smaller["steps"].thresholds == graph["steps"].thresholds  # type: ignore[attr-defined]
    assert verify(smaller) is smaller


def test_a_depthwise_convolution_ties_its_channels_to_its_inputs() -> None:
    for multiplier in (1, 3):
        build = GraphBuilder("net")
        build.input("image", (8, 8, 3), SCORE)
        build.conv2d("first", "image", constant((1, 1, 3, 4), 4), fmt=SCORE)
        build.depthwise_conv2d("depth", "first", constant((3, 3, 4, multiplier), 4), fmt=SCORE)
        build.conv2d("last", "depth", constant((1, 1, 4 * multiplier, 2), 4), fmt=SCORE)
        graph = build.finish("last")
        groups = channel_groups(graph)
        if multiplier > 1:
            assert groups == {}
            continue
        assert groups == {"first": "first", "depth": "first"}
        fewer = with_channels(graph, "first", 2)
        assert fewer["depth"].weight.codes.shape == (3, 3, 2, 1)  # type: ignore[attr-defined]
        assert verify(fewer) is fewer


def test_rules_of_a_design() -> None:
    graph = fcn()
    rules = rules_of(graph, hls(ReuseFactor="auto", utilization={"lut": 0.5}))
    assert rules == Rules({"lut": 0.5, "ff": 0.5, "dsp": 0.8, "bram": 0.8})
