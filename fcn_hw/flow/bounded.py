"""``csim --bounded``: the emitted processes on FIFOs of their real depths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import computed_field
from pydantic.dataclasses import dataclass

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.boards import Board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.errors import ConfigError
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.build import build_program
from fcn_hw.flow.images import input_frames
from fcn_hw.flow.pipeline import hls_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.workspace import Target
from fcn_hw.harness.bounded import (
    BOUNDED_FRAMES,
    Fifo,
    check_depths,
    compare_outputs,
    plan_build,
    simulate,
)
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import frame_count
from fcn_hw.results import STRICT


@dataclass(frozen=True, config=STRICT)
class BoundedResult:
    """A bounded simulation that ran to its end.

    Args:
        images: simulated back to back.
        fifos: every FIFO and port.
        outputs: each output against the oracle.
        simulate_s: seconds, without compilation.
    """

    images: int
    fifos: tuple[Fifo, ...]
    outputs: tuple[Comparison, ...]
    simulate_s: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def values_compared(self) -> int:
        return sum(item.values for item in self.outputs)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mismatches(self) -> int:
        return sum(item.mismatches for item in self.outputs)


@alone_in_project("csim --bounded")
def bounded_stage(
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    images: int | None = None,
    depths: Mapping[str, int] | None = None,
) -> BoundedResult:
    """Runs the first images, back to back, through the processes of the project.

    Args:
        images: how many, :data:`BOUNDED_FRAMES` by default.
        depths: pixels of the FIFOs that shall not have the emitted depth.

    Raises:
        Deadlock: with these depths, processes wait for one another.
        StreamError: a process reads more or fewer pixels than another one writes.
        ConfigError: no such FIFO, or an impossible depth.
    """
    graph, _ = hls_stage(workspace, board, progress)
    dataflow = lower(graph)
    streams = (*dataflow.inputs, *dataflow.outputs, *dataflow.fifos)
    check_depths(depths or {}, [stream.name for stream in streams])
    project = workspace.project(board)
    build_program(plan_build(ap_types_folder()), project, progress)
    codes = input_frames(workspace, graph, images or BOUNDED_FRAMES)
    count = frame_count(codes)
    progress.say(f"[cyan]bounded[/] {count} images back to back, {len(streams)} FIFOs")
    with progress.counter("bounded simulation", count) as update:
        finished = simulate(graph, project, codes, depths=depths, on_frame=update)
    found = compare_outputs(graph, finished, codes)
    return BoundedResult(count, finished.fifos, tuple(found.values()), finished.seconds)


def parse_depths(arguments: Sequence[str]) -> dict[str, int]:
    """FIFO depths from ``FIFO=DEPTH`` arguments.

    Raises:
        ConfigError: one is none.
    """
    depths = {}
    for text in arguments:
        name, _, depth = text.partition("=")
        if not name or not depth.isdecimal():
            raise ConfigError(f"'{text}' is no FIFO=DEPTH", hint="for instance relu1_to_add1=64")
        depths[name] = int(depth)
    return depths
