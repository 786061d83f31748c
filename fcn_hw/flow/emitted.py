"""The compiled C++ of a project, to which batches of frames are given one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.boards import Board
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import traced
from fcn_hw.harness.whole_set import simulate_set
from fcn_hw.ir import Graph

_MAPS_PREFIX = "batch_"


@dataclass(frozen=True, eq=False)
class Emitted:
    """A compiled project.

    Args:
        graph: as it is emitted.
        project: its folder.
        program: folder of the simulation's program, below it.
        digest: of the sources and the way they are compiled.
    """

    graph: Graph
    board: Board
    project: Path
    program: str
    digest: str


class Simulation:
    """The compiled C++, batch after batch.

    Attributes:
        made: what runs.
        compared: every tensor against the oracle, over all batches so far.
    """

    def __init__(self, made: Emitted) -> None:
        self.made = made
        self.compared = {name: Comparison(name) for name in traced(made.graph)}

    def run(
        self,
        codes: Mapping[str, npt.NDArray[np.integer]],
        first: int,
        update: Callable[[int], None],
    ) -> dict[str, npt.NDArray[np.uint8]]:
        """The class maps (N, H, W) of a batch, by output.

        Args:
            codes: (N, H, W, C) of each input.
            first: number of the batch's first frame.
            update: called with the number of frames that are done.
        """
        made = self.made
        try:
            finished = simulate_set(
                made.graph, made.project, codes, folder=made.program, first_frame=first,
                maps_prefix=_MAPS_PREFIX, on_frame=lambda done: update(first + done),
            )  # fmt: skip
            maps = {name: np.array(item) for name, item in finished.class_maps.items()}
        finally:
            for path in (made.project / made.program).glob(f"{_MAPS_PREFIX}*.u8"):
                path.unlink(missing_ok=True)
        self.compared = {
            name: sofar.followed_by(finished.compared[name])
            for name, sofar in self.compared.items()
        }
        return maps
