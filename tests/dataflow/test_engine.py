"""The compiled engine against a plain one; where it is kept, and what there is without g++."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plain_engine
import pytest
from dataflow_graphs import balanced_folds, random_folds, small_skip_graph
from random_networks import random_network
from tiers import in_tiers

from fcn_hw.dataflow import engine
from fcn_hw.dataflow.engine import Network, make_network
from fcn_hw.dataflow.fifos import size_fifos
from fcn_hw.dataflow.lowering import lower
from fcn_hw.dataflow.simulate import simulate
from fcn_hw.dataflow.sizing import minimize
from fcn_hw.errors import ConfigError, Deadlock, ToolNotFound
from fcn_hw.ops import Fold

GRAPH = small_skip_graph(0)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache; the library that other tests use is loaded again afterwards."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    engine._library.cache_clear()
    yield tmp_path
    engine._library.cache_clear()


def size() -> None:
    size_fifos(lower(GRAPH), random_folds(GRAPH, 0))


@pytest.mark.gxx
def test_the_engine_is_compiled_once(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size()
    digest, library = sorted((fresh / "fcn_hw").iterdir(), key=lambda path: path.suffix)
    assert digest.suffix == ".sha256"
    assert library.name.startswith("engine-") and library.suffix == ".so"
    # found again without a compiler
    engine._library.cache_clear()
    monkeypatch.setenv("PATH", str(fresh))
    size()


def test_without_a_compiler_the_error_says_what_to_install(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(fresh))
    monkeypatch.delenv("FCN_HW_GXX", raising=False)
    with pytest.raises(ToolNotFound) as caught:
        size()
    assert str(caught.value) == "'g++' was not found on PATH"
    assert list((fresh / "fcn_hw").iterdir()) == []
    monkeypatch.setenv("FCN_HW_GXX", "nowhere")
    with pytest.raises(ConfigError, match="FCN_HW_GXX is 'nowhere'"):
        size()


@pytest.mark.gxx
def test_a_cache_that_can_not_be_written_is_not_used(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fresh / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(fresh / "file"))
    size()


def small_network(seed: int) -> Network:
    """Of a random network, or of one with a skip; folds drawn, or balanced."""
    graph = small_skip_graph(seed) if seed < 10 else random_network(seed)
    folds: dict[str, Fold] = balanced_folds(graph, 300) if seed % 2 else random_folds(graph, seed)
    return make_network(lower(graph), folds)


@pytest.mark.gxx
@pytest.mark.parametrize("seed", in_tiers(range(60), range(0, 60, 4)))
def test_a_run_that_keeps_few_times_is_one_that_keeps_all(seed: int) -> None:
    """Several frames, at depths that suffice and at some that slow it down or stop it."""
    network, sampler = small_network(seed), np.random.default_rng(seed)
    depths, frames, stopped = minimize(network).depths, 4, 0
    for _ in range(4):
        plain = plain_engine.run(network, depths.tolist(), frames)
        runs = [run for run, _ in engine.run_frames(network, depths, frames)]
        stopped += plain.frames < frames
        assert [run.complete for run in runs] == [True] * plain.frames + [False] * (
            plain.frames < frames
        )
        for frame, (run, waits) in enumerate(zip(runs, plain.waits, strict=False)):
            assert (run.waited_for_pixel.tolist(), run.waited_for_slot.tolist()) == waits
            assert run.written.tolist() == ((frame + 1) * network.pixels).tolist()
        written, read = ([len(times) for times in all_] for all_ in (plain.written, plain.read))
        assert (runs[-1].written.tolist(), runs[-1].read.tolist()) == (written, read)
        names = [fifo.name for fifo in network.fifos]
        by_name = dict(zip(names, depths.tolist(), strict=True))
        if plain.frames < frames:
            with pytest.raises(Deadlock) as caught:
                simulate(network, by_name, frames)
            assert list(caught.value.fills) == [
                f"{name} {w - r} of {depth}"
                for name, w, r, depth in zip(names, written, read, depths, strict=True)
            ]
        else:
            found = simulate(network, by_name, frames)
            assert list(found.peaks.values()) == plain_engine.peaks(plain)
            times = [own[-(end - first) :] for own, first, end in zip(
                plain.times, network.first_events, network.first_events[1:], strict=False)
            ]  # fmt: skip
            assert found.run.times.tolist() == [time for own in times for time in own]
            starts, held = found.held(50)
            for name, writes, reads in zip(names, plain.written, plain.read, strict=True):
                assert held[name].tolist() == most(writes, reads, starts.tolist())
        depths = np.maximum(depths - sampler.integers(0, 3, len(depths)), 1)


def most(writes: list[int], reads: list[int], starts: list[int]) -> list[int]:
    """The most pixels from each start to the next: at the start, and at each write behind it."""
    found = [sum(w < start for w in writes) - sum(r < start for r in reads) for start in starts]
    for number, write in enumerate(writes):
        span = sum(start <= write for start in starts) - 1
        found[span] = max(found[span], number + 1 - sum(read < write for read in reads))
    return found


@pytest.mark.gxx
@pytest.mark.parametrize("seed", in_tiers(range(40), range(0, 40, 5)))
def test_depths_are_those_of_bisection_with_all_times(seed: int) -> None:
    network = small_network(seed)
    found = minimize(network)
    proof, depths = found.proof, found.depths.tolist()
    for fifo in range(len(depths)):
        held = engine.occupancy(network, fifo, proof.times, proof.period)
        assert held == proof.occupancy(fifo) <= depths[fifo]
    assert depths == plain_engine.least_depths(network)


@pytest.mark.gxx
def test_times_that_are_moved_one_by_one_are_those_that_a_run_settles_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "_RELAXED", 1)
    moved = 0
    for seed in range(12):
        network = small_network(seed)
        period, start = network.interval, minimize(network).proof.times
        held = [engine.occupancy(network, n, start, period) for n in range(len(network.fifos))]
        for fifo, most_held in enumerate(held):
            depths = np.array(held)
            depths[fifo] = max(most_held - 1, 1)
            found = start.copy()
            if not engine.relax(network, depths, fifo, found, period):
                assert (found == start).all()
                continue
            run = engine.run_network(network, depths, 50, period=period, start=start)
            assert run.settled
            assert (found == run.times - run.frames * period).all()
            moved += bool((found != start).any())
    assert moved > 10


@pytest.mark.gxx
def test_a_run_that_can_not_settle_ends_as_soon_as_all_is_late() -> None:
    """Mostly: where a part of the network is not slowed down, it goes on to the last frame."""
    frames = []
    for seed in range(12):
        network = small_network(seed)
        found = minimize(network)
        depths = found.depths.copy()
        depths[int(np.argmax(depths))] -= 1
        run = engine.run_network(
            network, depths, 100, period=network.interval, start=found.proof.times
        )
        assert not run.settled
        frames.append(run.frames)
    assert sum(0 < count < 10 for count in frames) >= 3, frames
