"""The engine against a simulation written from its description, and what simulations report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataflow_graphs import balanced_folds, fcn8s, random_folds, small_skip_graph, unet
from random_networks import random_network

from fcn_hw.dataflow.deadlock import waiting_cycle
from fcn_hw.dataflow.engine import Network, make_network, run_in_order, run_network
from fcn_hw.dataflow.fifos import size_fifos
from fcn_hw.dataflow.lowering import lower
from fcn_hw.dataflow.occupancy import Occupancy, occupancy
from fcn_hw.dataflow.simulate import simulate
from fcn_hw.errors import Deadlock
from fcn_hw.figures.occupancy import occupancy_svg
from fcn_hw.firing import READS, WRITES
from fcn_hw.results import read_result, write_result

pytestmark = pytest.mark.gxx


def step_by_step(network: Network, depths: dict[str, int], frames: int, limit: int):
    """All processes, one cycle after another; a plain program, for small graphs.

    Returns:
        the cycles of the events of each process, or None if nothing happens any more.
    """
    fill = {fifo.name: 0 for fifo in network.fifos}
    times = [[] for _ in network.processes]
    # cycle of the schedule at which each process stands, counted over all frames
    position = [0] * len(network.processes)
    quiet = 0
    longest = max(item.length for item in network.schedules)
    for cycle in range(limit):
        before, moved = dict(fill), False
        for number, (process, item) in enumerate(
            zip(network.processes, network.schedules, strict=True)
        ):
            frame, at = divmod(position[number], item.length)
            if frame == frames:
                continue
            kind = dict(zip(item.cycles.tolist(), item.kinds.tolist(), strict=True)).get(at, 0)
            reads = [s.name for s in process.inputs if s.name in fill] if kind & READS else []
            writes = [s.name for s in process.outputs if s.name in fill] if kind & WRITES else []
            # decided by what the FIFOs held before this cycle
            if any(before[name] == 0 for name in reads):
                continue
            if any(before[name] >= depths[name] for name in writes):
                continue
            for name in reads:
                fill[name] -= 1
            for name in writes:
                fill[name] += 1
            if kind:
                times[number].append(cycle)
            position[number] += 1
            moved = True
        quiet = 0 if moved else quiet + 1
        if quiet > longest:
            return None
        if all(p == frames * i.length for p, i in zip(position, network.schedules, strict=True)):
            return times
    raise AssertionError("too few cycles")


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("extra", [0, 1, 7])
def test_the_engine_is_a_cycle_by_cycle_simulation(number, extra) -> None:
    graph = small_skip_graph(number)
    folds = balanced_folds(graph, 300)
    network = make_network(lower(graph), folds)
    sampler = np.random.default_rng(number)
    sized = size_fifos(lower(graph), folds).depths
    depths = {name: depth + int(sampler.integers(extra + 1)) for name, depth in sized.items()}
    frames = 2
    expected = step_by_step(network, depths, frames, 40 * network.interval)
    found = run_network(network, network.depths(depths), frames)
    assert expected is not None and found.complete
    for process, times in enumerate(expected):
        first, end = network.first_events[process : process + 2]
        assert found.times[first:end].tolist() == times[-(end - first) :]


@pytest.mark.parametrize("number", [0, 3, 5, 9])
def test_the_engine_deadlocks_when_the_cycle_by_cycle_simulation_does(number) -> None:
    graph = small_skip_graph(number)
    folds = balanced_folds(graph, 300)
    sized = size_fifos(lower(graph), folds)
    network = sized.network
    seen = set()
    for name in sized.skips:
        for depth in range(1, sized.depths[name] + 1):
            depths = sized.depths | {name: depth}
            expected = step_by_step(network, depths, 1, 20 * network.interval)
            found = run_network(network, network.depths(depths), 1)
            assert found.complete == (expected is not None), (name, depth)
            assert bool(waiting_cycle(found)) == (expected is None)
            seen.add(found.complete)
    assert seen == {True, False}


@pytest.mark.parametrize("seed", range(10))
def test_frames_leave_every_fifo_empty(seed) -> None:
    graph = random_network(seed)
    network = make_network(lower(graph), random_folds(graph, seed))
    depths = network.depths({fifo.name: fifo.depth for fifo in network.fifos})
    run = run_network(network, depths, 3)
    assert run.written.tolist() == run.read.tolist() == (3 * network.pixels).tolist()
    assert run.events == 3 * network.events
    once = run_in_order(
        make_network(lower(graph), random_folds(graph, seed), latency_scale=0), depths
    )
    assert once.written.tolist() == network.pixels.tolist()


def test_what_a_process_does_adds_up_to_the_interval() -> None:
    graph = fcn8s(32, 48, (4, 6, 8), (1, 2, 1), 8)
    sized = size_fifos(lower(graph), balanced_folds(graph, 20_000))
    found = simulate(sized.network, sized.depths, frames=6)
    for item in found.activities:
        waits = item.for_pixels + item.for_slots
        assert item.busy_cycles + waits == item.interval_cycles == found.interval
        assert item.stall_share == pytest.approx(waits / found.interval)
    assert found.interval == sized.interval
    assert found.bottleneck.stall_share == 0
    lengths = {
        p.name: s.length
        for p, s in zip(sized.network.processes, sized.network.schedules, strict=True)
    }
    assert lengths[found.bottleneck.process] == sized.interval


def test_first_output_and_frame_ends_are_those_of_the_last_process() -> None:
    graph = small_skip_graph(0)
    sized = size_fifos(lower(graph), random_folds(graph, 0))
    network = sized.network
    found = simulate(network, sized.depths, frames=3)
    for frames, end in enumerate(found.frame_ends, 1):
        times = step_by_step(network, sized.depths, frames, 40 * network.interval)[-1]
        assert times[-1] == end
        writes = np.tile((network.schedules[-1].kinds & WRITES) != 0, frames)
        assert np.asarray(times)[writes][0] == found.first_output
    first = step_by_step(network, sized.depths, 1, 40 * network.interval)[0]
    assert found.first_input == first[0]
    assert found.frame_latency == found.frame_ends[0] - first[0] + 1


def test_occupancy_never_exceeds_the_peak_and_the_peak_never_the_depth() -> None:
    graph = unet(16, 16, (4, 4, 4, 4, 4))
    sized = size_fifos(lower(graph), balanced_folds(graph, 6000))
    found = simulate(sized.network, sized.depths)
    cycles, held = found.held(samples=100)
    for name, depth in sized.depths.items():
        pixels = held[name]
        assert pixels.min() >= 0 and pixels.max() == found.peaks[name] <= depth
        assert np.all(np.diff(cycles) > 0) and cycles[-1] <= found.frame_ends[-1]
    assert found.peaks["enc1_to_cat1"] > 0.5 * sized.depths["enc1_to_cat1"]


def test_a_simulation_that_deadlocks_names_the_cycle() -> None:
    graph = unet(16, 16, (4, 4, 4, 4, 4))
    sized = size_fifos(lower(graph), random_folds(graph, 0))
    with pytest.raises(Deadlock) as caught:
        simulate(sized.network, sized.depths | {"enc1_to_cat1": 9})
    assert str(caught.value).startswith("'unet' deadlocks: ")
    assert "'enc1_to_cat1'" in str(caught.value)
    assert caught.value.waits[0].startswith("'")
    text = "\n".join(caught.value.waits)
    assert "'enc1_fork1' waits for a slot for pixel 9 (row 0, column 9) in 'enc1_to_cat1'" in text
    assert "'cat1' waits for pixel 0 (row 0, column 0) of 'up1', from 'up1'" in text
    assert "enc1_to_cat1 9 of 9" in caught.value.fills


def test_the_picture_shows_each_fifo_with_its_depth(tmp_path: Path) -> None:
    graph = unet(16, 16, (4, 4, 4, 4, 4))
    sized = size_fifos(lower(graph), random_folds(graph, 0))
    found = simulate(sized.network, sized.depths)
    held = occupancy(found, sized.skips)
    text = occupancy_svg(held, sized.depths, "a < b")
    assert "a &lt; b" in text
    for name in sized.skips:
        assert f"{name}: at most {found.peaks[name]:,} of {sized.depths[name]:,} pixels" in text
    assert text == occupancy_svg(held, sized.depths, "a < b")
    write_result(tmp_path / "held.json", held)
    assert read_result(tmp_path / "held.json", Occupancy) == held
