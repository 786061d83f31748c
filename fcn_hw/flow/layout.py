"""Folds and FIFO depths of a design or graph on a board: chosen once, kept with their proofs.

layout.json                  what the HLS project is emitted from
report/fifo_depths.json      each FIFO: depth before and after, width, storage
report/fifo_certificate.json why it never deadlocks
report/fifo_occupancy.svg    pixels in the skip FIFOs over three frames
report/fifo_occupancy.json   the same, as numbers
report/dataflow.json         the same frames: when they end, who waits for what, what FIFOs hold
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import RootModel
from pydantic.dataclasses import dataclass as pydantic_dataclass

from fcn_hw.backend.structure import Layout, Structure, choose_structure
from fcn_hw.boards import Board
from fcn_hw.costs.memory import fifo_cost
from fcn_hw.dataflow.certificate import Certificate, make_certificate
from fcn_hw.dataflow.engine import width_bits
from fcn_hw.dataflow.fifos import SizedFifos
from fcn_hw.dataflow.lowering import lower
from fcn_hw.dataflow.occupancy import Occupancy, occupancy
from fcn_hw.dataflow.orders import all_orders
from fcn_hw.dataflow.simulate import Simulation, simulate
from fcn_hw.errors import ConfigError
from fcn_hw.estimate.design_folds import Folding
from fcn_hw.figures.occupancy import occupancy_svg
from fcn_hw.files import replace_file
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.flow.workspace import Target
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import digest
from fcn_hw.ops import Fold
from fcn_hw.results import STRICT, read_result, result_text

LAYOUT = "layout.json"
DEPTHS = "report/fifo_depths.json"
CERTIFICATE = "report/fifo_certificate.json"
OCCUPANCY = "report/fifo_occupancy.svg"
OCCUPANCY_DATA = "report/fifo_occupancy.json"
SIMULATION = "report/dataflow.json"


@pydantic_dataclass(frozen=True, config=STRICT)
class FifoRow:
    """A FIFO.

    Args:
        initial, minimum, optimized: depths in pixels: a frame in each branch of a fork, the
            smallest that loses no throughput with the estimated latencies, and as it is built.
        width_bits: of a pixel.
        storage: what holds it.
        bram36: block RAMs; a half is one of 18 Kib.
    """

    initial: int
    minimum: int
    optimized: int
    width_bits: int
    storage: str
    bram36: float


class FifoRows(RootModel[dict[str, FifoRow]]):
    """:data:`DEPTHS`, by name."""


@pydantic_dataclass(frozen=True, config=STRICT)
class ProcessTimes:
    """A process in the last frame; cycles."""

    busy: int
    waits_for_pixels: int
    waits_for_slots: int
    stall_share: float


@pydantic_dataclass(frozen=True, config=STRICT)
class FrameTimes:
    """:data:`SIMULATION`: frames into an empty pipeline; all times in cycles.

    Args:
        first_input: when the first pixel enters.
        first_output: when the first pixel leaves.
        frame_ends: when the last pixel of each frame leaves.
        interval: between the ends of the last two frames.
        frame_latency: of the first frame, from its first pixel in to its last pixel out.
        bottleneck: the process that waits least.
        processes: by name.
        peak_pixels: the most that each FIFO held.
    """

    first_input: int
    first_output: int
    frame_ends: tuple[int, ...]
    interval: int
    frame_latency: int
    bottleneck: str
    processes: dict[str, ProcessTimes]
    peak_pixels: dict[str, int]


@pydantic_dataclass(frozen=True, config=STRICT)
class FifoSummary:
    """All FIFOs, and three frames through them.

    Args:
        fifos: by name.
        bits: of all.
        bram36: block RAMs of all; ``initial_bram36``: if they had their initial depths.
    """

    fifos: dict[str, FifoRow]
    bits: int
    bram36: float
    initial_bram36: float
    simulation: FrameTimes


@pydantic_dataclass(frozen=True, config=STRICT)
class StoredLayout:
    """:data:`LAYOUT`."""

    folds: dict[str, Fold]
    strategies: dict[str, str]
    is_free: bool
    depths: dict[str, int]


@dataclass(frozen=True)
class StoredFifos:
    """What sizing left of a design on a board.

    Args:
        rows: by name, as ``times.peak_pixels`` and ``occupancy.fifos``; these of skips only.
    """

    rows: dict[str, FifoRow]
    times: FrameTimes
    occupancy: Occupancy
    certificate: Certificate


@dataclass(frozen=True, eq=False)
class FifoResult:
    """The FIFOs of a design on a board.

    Args:
        structure: folds and depths; their proof is the certificate among the reports.
        times: three frames with these depths.
        rows: by name of the FIFO.
        initial_bram36: block RAMs if FIFOs had their initial depths.
        report: folder of the reports.
    """

    structure: Structure
    times: FrameTimes
    rows: dict[str, FifoRow]
    initial_bram36: float
    report: Path

    @property
    def bram36(self) -> float:
        """Block RAMs of all FIFOs; a half is one of 18 Kib."""
        return float(sum(row.bram36 for row in self.rows.values()))

    def summary(self) -> FifoSummary:
        """The same as numbers that JSON can hold."""
        return FifoSummary(
            self.rows, self.structure.fifos.bits, self.bram36, self.initial_bram36, self.times
        )


def current_layout(workspace: Target, graph: Graph, board: Board, progress: Progress) -> Layout:
    """The layout of a design; chosen again only when graph, board, settings or fcn_hw changed."""
    stored = stored_layout(workspace, graph, board)
    if stored is not None:
        return stored
    return write_fifos(workspace, graph, board, progress).structure.layout


def current_fifos(workspace: Target, graph: Graph, board: Board, progress: Progress) -> FifoResult:
    """As :func:`current_layout`, with what the reports say of the FIFOs."""
    layout = stored_layout(workspace, graph, board)
    if layout is None:
        return write_fifos(workspace, graph, board, progress)
    progress.say("[green]fifo[/]    up to date")
    stored, folds = stored_fifos(workspace.project(board)), layout.folding.folds
    sized = SizedFifos(
        layout.dataflow,
        initial={name: row.initial for name, row in stored.rows.items()},
        minimum={name: row.minimum for name, row in stored.rows.items()},
        folds=folds,
        margin=workspace.hls.fifo_margin,
        orders=all_orders(lower(graph), folds),
    )
    return _result(workspace, board, Structure(layout.folding, sized), stored.times)


def stored_layout(workspace: Target, graph: Graph, board: Board) -> Layout | None:
    """The layout of a design where it is current; nothing is chosen or written."""
    record = layout_record(workspace, graph, board)
    if not record.is_current():
        return None
    stored = read_result(record.folder / LAYOUT, StoredLayout)
    return Layout(
        Folding(stored.folds, stored.strategies, stored.is_free),
        lower(graph).with_depths(stored.depths),
    )


def stored_fifos(project: Path) -> StoredFifos:
    """The reports of the FIFOs in the folder of a project.

    Raises:
        ConfigError: one is missing or malformed, or they are of different FIFOs.
    """
    found = StoredFifos(
        read_result(project / DEPTHS, FifoRows).root,
        read_result(project / SIMULATION, FrameTimes),
        read_result(project / OCCUPANCY_DATA, Occupancy),
        read_result(project / CERTIFICATE, Certificate),
    )
    known = found.rows.keys()
    if found.times.peak_pixels.keys() != known or not found.occupancy.fifos.keys() <= known:
        raise ConfigError(
            f"{project / 'report'}: its files are of different FIFOs",
            hint="Run fcn-hw fifo again.",
        )
    return found


def write_fifos(workspace: Target, graph: Graph, board: Board, progress: Progress) -> FifoResult:
    """Chooses the layout and writes it and the reports of its FIFOs.

    Raises:
        DoesNotFit: ``ReuseFactor: auto`` finds no design within the budget.
        ToolNotFound: there is no C++ compiler.
    """
    record = layout_record(workspace, graph, board)
    changed = ", ".join(record.standing().files)
    since = f"; [yellow]changed or lost since they were written:[/] {changed}" if changed else ""
    progress.say(f"[cyan]fifo[/]    folds, FIFO depths{since}")
    record.begin()
    structure = choose_structure(graph, board, workspace.hls)
    folding, sized = structure.folding, structure.fifos
    simulation = simulate(sized.network, sized.depths)
    held = occupancy(simulation, sized.skips)
    found = _result(workspace, board, structure, frame_times(simulation))
    results = {
        LAYOUT: StoredLayout(folding.folds, folding.strategies, folding.is_free, sized.depths),
        DEPTHS: FifoRows(found.rows),
        CERTIFICATE: make_certificate(sized, digest(graph)),
        SIMULATION: found.times,
        OCCUPANCY_DATA: held,
    }
    texts = {name: result_text(result) for name, result in results.items()}
    if sized.skips:
        name = f"{graph.name} on {board.name}"
        texts[OCCUPANCY] = occupancy_svg(held, sized.depths, name)
    for name, text in texts.items():
        replace_file(record.folder / name, text)
    record.finish(record.folder / name for name in texts)
    return found


def _result(workspace: Target, board: Board, structure: Structure, times: FrameTimes) -> FifoResult:
    sized, rows, initial_bram18 = structure.fifos, {}, 0
    for fifo in sized.dataflow.fifos:
        name, width = fifo.name, width_bits(fifo)
        initial, memory = sized.initial[name], fifo_cost(fifo.depth, width, board.family)
        initial_bram18 += fifo_cost(initial, width, board.family).resources.bram18
        bram36 = memory.resources.bram18 / 2
        rows[name] = FifoRow(
            initial, sized.minimum[name], fifo.depth, width, memory.storage, bram36
        )
    return FifoResult(structure, times, rows, initial_bram18 / 2, workspace.report(board))


def frame_times(run: Simulation) -> FrameTimes:
    """What is kept of a simulation."""
    return FrameTimes(
        first_input=run.first_input,
        first_output=run.first_output,
        frame_ends=run.frame_ends,
        interval=run.interval,
        frame_latency=run.frame_latency,
        bottleneck=run.bottleneck.process,
        processes={
            item.process: ProcessTimes(
                item.busy_cycles, item.for_pixels, item.for_slots, round(item.stall_share, 4)
            )
            for item in run.activities
        },
        peak_pixels=run.peaks,
    )


def layout_record(workspace: Target, graph: Graph, board: Board) -> StageRecord:
    """When the layout is that of a graph on a board.

    Args:
        graph: as it was exported.
    """
    return StageRecord(
        "fifo",
        workspace.project(board),
        digest_of(
            digest(graph), board.model_dump(mode="json"),
            workspace.hls.model_dump(mode="json"),
            code_digest(__name__),
        ),
    )  # fmt: skip
