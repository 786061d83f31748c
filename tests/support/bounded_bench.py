"""Random networks as compiled bounded simulations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from random_graphs import random_frames
from random_networks import random_network

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.errors import Deadlock
from fcn_hw.fixed import Codes
from fcn_hw.harness.bounded import BoundedRun, compare_outputs, plan_build, simulate
from fcn_hw.ir import Graph
from fcn_hw.tools.runner import run, write_files

FRAMES = 3
REUSE_FACTORS = (1, 4, 16, 1000)


@dataclass(frozen=True)
class Bench:
    """A compiled bounded simulation and its input frames."""

    graph: Graph
    project: Path
    codes: dict[str, Codes]

    def run(self, depths: Mapping[str, int] | None = None) -> BoundedRun:
        return simulate(self.graph, self.project, self.codes, depths=depths, timeout_s=60)

    def deadlocks(self, depths: Mapping[str, int]) -> bool:
        try:
            self.run(depths)
        except Deadlock:
            return True
        return False

    def mismatches(self, finished: BoundedRun) -> int:
        """Output codes that differ from the oracle's."""
        compared = compare_outputs(self.graph, finished, self.codes).values()
        assert all(item.values for item in compared)
        return sum(item.mismatches for item in compared)


def emit(graph: Graph, folder: Path, *, seed: int = 0, reuse_factor: int = 1) -> Bench:
    """Writes the project of a graph."""
    plan = plan_project(graph, load_board("pynq-z2"), Hls(ReuseFactor=reuse_factor))
    write_files(plan, folder)
    return Bench(graph, folder, random_frames(graph, seed, FRAMES))


def compiled(bench: Bench) -> Bench:
    run(plan_build(ap_types_folder()), bench.project)
    return bench


def random_benches(seeds: Iterable[int], folder: Path, jobs: int = 2) -> Iterator[Bench]:
    """The networks of many seeds, in order, ``jobs`` compiled at a time.

    A seed chooses how the multipliers are folded too.
    """
    benches = [
        emit(
            random_network(seed),
            folder / f"net{seed}",
            seed=seed,
            reuse_factor=REUSE_FACTORS[seed % len(REUSE_FACTORS)],
        )
        for seed in seeds
    ]
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(compiled, benches)
