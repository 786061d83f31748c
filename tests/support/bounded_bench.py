"""Random networks as compiled bounded simulations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dataflow_graphs import random_folding
from random_graphs import random_frames
from random_networks import random_network

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import Layout
from fcn_hw.boards import load_board
from fcn_hw.dataflow.fifos import SizedFifos, size_fifos
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.errors import Deadlock, FcnHwError
from fcn_hw.fixed import Codes
from fcn_hw.harness.bounded import BoundedRun, compare_outputs, plan_build, simulate
from fcn_hw.ir import Graph
from fcn_hw.tools.runner import run, write_files

FRAMES = 3


@dataclass(frozen=True)
class Bench:
    """A bounded simulation, its input frames and the depths that its FIFOs need.

    Args:
        graph: that was emitted.
        project: folder of the emitted project.
        codes: input frames.
        sized: depths that lose no throughput, and the least ones that don't deadlock.
    """

    graph: Graph
    project: Path
    codes: dict[str, Codes]
    sized: SizedFifos

    def run(
        self,
        depths: Mapping[str, int] | None = None,
        on_frame: Callable[[int], None] | None = None,
    ) -> BoundedRun:
        return simulate(
            self.graph, self.project, self.codes, depths=depths, timeout_s=60, on_frame=on_frame
        )

    def check(self, *, every_skip: bool = False) -> int:
        """Runs the network at the sized depths, then around the least depth of its tightest skip.

        Args:
            every_skip: the least depths of all FIFOs that can deadlock, not of the tightest only.

        Returns:
            how many FIFOs were cut: 0 for a network that needs one pixel each only.

        Raises:
            AssertionError: wrong output codes, a deadlock, or none where one was proved.
        """
        depths, least = self.sized.depths, self.sized.deadlock_minimum
        try:
            assert self.mismatches(self.run(depths)) == 0, f"{self.graph.name}: wrong codes"
            skips = sorted(self.sized.skips, key=lambda name: -least[name])
            for skip in skips if every_skip else skips[:1]:
                where = f"{self.graph.name}: '{skip}' with room for {{}} of its least {least[skip]}"
                enough, too_few = ({**depths, skip: least[skip] - cut} for cut in (0, 1))
                assert not self.deadlocks(enough), f"{where.format(enough[skip])} deadlocks"
                assert self.deadlocks(too_few), f"{where.format(too_few[skip])} does not deadlock"
        except FcnHwError as error:
            raise AssertionError(f"{self.graph.name}: {error}") from error
        return len(skips if every_skip else skips[:1])

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


def emit(graph: Graph, folder: Path, *, seed: int = 0) -> Bench:
    """Writes the project of a graph; the seed is of its frames and of its folds."""
    dataflow, folding = lower(graph), random_folding(graph, seed)
    layout = Layout(folding, dataflow)
    write_files(plan_project(graph, load_board("pynq-z2"), Hls(), layout), folder)
    sized = size_fifos(dataflow, folding.folds)
    return Bench(graph, folder, random_frames(graph, seed, FRAMES), sized)


def compiled(bench: Bench) -> Bench:
    run(plan_build(ap_types_folder()), bench.project)
    return bench


def random_benches(seeds: Iterable[int], folder: Path, jobs: int = 2) -> Iterator[Bench]:
    """The networks of many seeds, in order, ``jobs`` compiled at a time.

    A seed chooses how the multipliers are folded too.
    """
    benches = [emit(random_network(seed), folder / f"net{seed}", seed=seed) for seed in seeds]
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(compiled, benches)
