"""FIFO depths: least storage, full rate, no deadlock."""

from __future__ import annotations

import time

import numpy as np
import pytest
from dataflow_graphs import (
    BYTE,
    FOUR_BITS,
    SCORE,
    Net,
    balanced_folds,
    fcn8s,
    random_folds,
    small_skip_graph,
    unet,
)
from exhaustive_fifos import Exhaustive
from random_networks import random_network

from fcn_hw.costs.memory import fifo_cost
from fcn_hw.dataflow.deadlock import waiting_cycle
from fcn_hw.dataflow.engine import UNBOUNDED, make_network, run_in_order, run_network
from fcn_hw.dataflow.fifos import SizedFifos, size_fifos
from fcn_hw.dataflow.lowering import lower
from fcn_hw.dataflow.simulate import simulate
from fcn_hw.dataflow.sizing import (
    MIN_DEPTH,
    PeriodicSchedule,
    minimize,
    with_margin,
)
from fcn_hw.ir import Graph

pytestmark = pytest.mark.gxx


def sized(graph: Graph, folds, margin: float = 0.0) -> SizedFifos:
    return size_fifos(lower(graph), folds, margin)


def test_a_chain_without_bursts_needs_the_least_depth_everywhere() -> None:
    net = Net("chain")
    image = net.input("image", (6, 7, 3), BYTE)
    narrow = net.quantize("narrow", image, FOUR_BITS)
    found = sized(net.finish(net.relu("relu", net.quantize("other", narrow, SCORE))), {})
    assert found.depths == {"narrow": MIN_DEPTH, "other": MIN_DEPTH}
    assert found.skips == ()


@pytest.mark.parametrize("number", range(10))
def test_storage_is_within_5_percent_of_the_least(number) -> None:
    graph = small_skip_graph(number)
    folds = random_folds(graph, number)
    if number % 2:  # all convolutions about as slow as the slowest: the hard case
        slowest = max(
            graph[name].cycles(graph.operands(graph[name]), fold) for name, fold in folds.items()
        )
        folds = balanced_folds(graph, slowest)
    network = make_network(lower(graph), folds)
    depths = minimize(network).depths
    bits = int(depths @ network.widths)
    least = Exhaustive(network).bits(at_most=bits)
    assert least <= bits <= 1.05 * least


def test_the_exhaustive_search_finds_less_than_a_careless_choice() -> None:
    """The test above would be empty if the search always returned what it is given."""
    graph = small_skip_graph(3)
    network = make_network(lower(graph), random_folds(graph, 3))
    bits = int(minimize(network).depths @ network.widths)
    assert Exhaustive(network).bits(at_most=2 * bits) <= bits


@pytest.mark.parametrize("seed", range(30))
def test_random_networks_keep_their_rate_and_no_order_deadlocks(seed) -> None:
    graph = random_network(seed)
    found = sized(graph, random_folds(graph, seed))
    for order in found.orders:
        assert not waiting_cycle(order.run(order.network.depths(found.depths)))
    # the proof by another way: a paced run that is longer than any in the search
    run = run_network(found.network, found.network.depths(found.depths), 50, period=found.interval)
    assert run.settled
    free = simulate(found.network, found.depths, frames=12)
    assert free.interval <= found.interval


def test_one_slot_less_than_the_deadlock_minimum_deadlocks() -> None:
    """Where the pixels of a skip have to wait at all; some wait for one pixel only."""
    with_a_wait = 0
    for seed in range(40):
        graph = random_network(seed)
        found = sized(graph, random_folds(graph, seed))
        with_a_wait += bool(found.skips)
        network = found.orders[0].network
        for name in found.skips:
            least = found.deadlock_minimum[name]
            assert 1 < least <= found.depths[name], seed
            enough = run_in_order(network, network.depths(found.depths | {name: least}))
            assert waiting_cycle(enough) == (), seed
            less = run_in_order(network, network.depths(found.depths | {name: least - 1}))
            cycle = waiting_cycle(less)
            assert any(wait.fifo == name and not wait.for_pixel for wait in cycle), seed
            assert [wait.peer for wait in cycle] == [w.process for w in (*cycle[1:], cycle[0])]
    assert with_a_wait >= 20


def test_the_u_net_of_the_issue_takes_at_most_6_block_rams() -> None:
    graph = unet(128, 128, (8, 16, 16, 8, 8))
    for folds in (random_folds(graph, 1), balanced_folds(graph, 200_000)):
        for margin in (0.0, 0.1):
            found = sized(graph, folds, margin)
            halves = sum(
                fifo_cost(found.depths[fifo.name], int(width), "7series").resources.bram18
                for fifo, width in zip(found.network.fifos, found.network.widths, strict=True)
            )
            assert halves <= 12


def test_one_slot_less_than_the_minimum_loses_throughput() -> None:
    graph = unet(16, 16, (4, 4, 4, 4, 4))
    network = make_network(lower(graph), balanced_folds(graph, 5000))
    depths = minimize(network).depths
    shortened = 0
    for fifo in np.flatnonzero(depths > MIN_DEPTH):
        less = depths.copy()
        less[fifo] -= 1
        assert not run_network(network, less, 200, period=network.interval).settled
        shortened += 1
    assert shortened >= 3


def test_a_small_run_of_frames_is_enough_to_tell_whether_depths_keep_the_rate() -> None:
    """More frames give the same depths: PACED_FRAMES costs no storage here."""
    graph = fcn8s(64, 96, (6, 12, 20), (2, 2, 2), 48)
    network = make_network(lower(graph), balanced_folds(graph, 70_000))
    assert np.array_equal(minimize(network).depths, minimize(network, paced_frames=30).depths)


def test_sizing_the_largest_design_takes_seconds() -> None:
    graph = fcn8s(192, 256)
    dataflow, folds = lower(graph), balanced_folds(graph, 1_500_000)
    start = time.process_time()
    found = size_fifos(dataflow, folds, 0.1)
    assert time.process_time() - start < 20
    initial = found.network.depths(found.initial) @ found.network.widths
    assert found.bits < 0.5 * initial


def test_three_frames_of_the_largest_design_simulate_in_5_seconds() -> None:
    graph = fcn8s(192, 256)
    network = make_network(lower(graph), balanced_folds(graph, 1_500_000))
    start = time.process_time()
    simulate(network, {}, frames=3)
    assert time.process_time() - start < 5


def test_a_margin_enlarges_what_is_above_the_least() -> None:
    assert with_margin(np.array([2, 3, 10, 100]), 0.1).tolist() == [2, 4, 11, 110]
    assert with_margin(np.array([2, 3, 10, 100]), 0.0).tolist() == [2, 3, 10, 100]
    graph = unet(16, 16, (4, 4, 4, 4, 4))
    folds = balanced_folds(graph, 5000)
    without, with_some = sized(graph, folds), sized(graph, folds, 0.5)
    assert with_some.minimum == without.minimum
    for name, least in without.minimum.items():
        assert with_some.depths[name] >= (least if least == MIN_DEPTH else 1.5 * least)


def test_depths_keep_the_rate_of_pipelines_that_hold_no_pixel() -> None:
    """The registers of a long pipeline are slots that a shorter one does not have."""
    graph = unet(16, 16, (4, 4, 4, 4, 4))
    folds = balanced_folds(graph, 5000)
    found = sized(graph, folds)
    unheld = make_network(lower(graph), folds, latency_scale=0.0)
    kept = [
        minimize(unheld, least=unheld.depths(depths)).depths.tolist()
        == unheld.depths(depths).tolist()
        for depths in (found.depths, found.minimum)
    ]
    assert kept == [True, False]
    assert minimize(unheld, least=unheld.depths(found.depths)).proof.period == unheld.interval


def test_depths_without_a_deadlock_in_one_order_may_deadlock_in_another() -> None:
    """Why stalling pipelines are run besides the program: they need more."""
    graph = unet(32, 32, (8, 16, 16, 8, 8))
    found = sized(graph, random_folds(graph, 0))
    depths = found.depths | {name: found.deadlock_minimum[name] for name in found.skips[:1]}
    stopped = [
        order.name
        for order in found.orders
        if waiting_cycle(order.run(order.network.depths(depths)))
    ]
    assert "program" not in stopped and "stalling pipelines, 2 x latency" in stopped


def test_the_proof_is_refused_where_it_does_not_hold() -> None:
    graph = small_skip_graph(0)
    network = make_network(lower(graph), random_folds(graph, 0))
    sizing = minimize(network)
    proof, names = sizing.proof, [fifo.name for fifo in network.fifos]
    assert proof.broken_rule(sizing.depths) is None
    deepest = int(np.argmax(sizing.depths))
    less = sizing.depths.copy()
    less[deepest] = proof.occupancy(deepest) - 1
    expected = f"'{names[deepest]}' holds more than {less[deepest]} pixels"
    assert proof.broken_rule(less) == expected

    def with_times(times, period=proof.period):
        return PeriodicSchedule(network, period, times).broken_rule(sizing.depths)

    times = proof.times.copy()
    times[1] = times[0]
    assert with_times(times) == "'first' is faster than its schedule"
    assert (
        with_times(proof.times, proof.period - 1)
        == f"'{_slowest(network)}' starts a frame before it has ended the one before"
    )
    times = proof.times.copy()
    times[: network.first_events[1]] += 10 * proof.period
    assert with_times(times) == "'first' is read before it is written"


def test_unbounded_fifos_keep_the_rate_of_the_slowest_process() -> None:
    graph = fcn8s(32, 32, (4, 4, 4), (1, 1, 1), 8)
    network = make_network(lower(graph), random_folds(graph, 5))
    assert np.all(network.depths({}) == UNBOUNDED)
    assert simulate(network, {}, frames=6).interval == network.interval


def _slowest(network) -> str:
    lengths = [item.length for item in network.schedules]
    return network.processes[int(np.argmax(lengths))].name
