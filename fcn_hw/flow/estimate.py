"""The stage estimate: folds, FIFOs, resources, cycles and pictures, without a vendor tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fcn_hw.backend.hls_scripts import hls_layout
from fcn_hw.backend.structure import Layout, estimate_layout, fifos_of
from fcn_hw.boards import Board
from fcn_hw.estimate.design_folds import NextFolds, check_fits, next_folds
from fcn_hw.estimate.network import Estimate
from fcn_hw.estimate.reports import report_files
from fcn_hw.figures.estimate import cycles_svg, resources_svg
from fcn_hw.figures.network import network_svg
from fcn_hw.files import cache_folder, replace_file
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.hls4ml_conv import refuse_hls4ml
from fcn_hw.flow.layout import SIMULATION, FrameTimes, current_layout, layout_record
from fcn_hw.flow.pipeline import export_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.flow.untrained import with_shapes_at_least
from fcn_hw.flow.vendor import synthesis_doubt
from fcn_hw.flow.workspace import GraphWorkspace, Target, Workspace
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import digest, load
from fcn_hw.results import read_result
from fcn_hw.vendor_reports.csynth import read_csynth

_KEY = 16
"""Digits of a digest that name a folder of the cache."""


@dataclass(frozen=True, eq=False)
class EstimateRun:
    """A design on a board, estimated.

    Args:
        graph: its graph.
        board: the board.
        layout: folds and FIFOs.
        estimate: resources, cycles, energy.
        frame_latency_cycles: of one frame through the empty design, from its first pixel in to its
            last pixel out.
        measured: the same by C synthesis, where it has run: quantities of ``estimate.compare``.
        stale: why ``measured`` is not of the project as it is now, or "".
        untrained: placeholders stand in for the weights.
        next_folds: what stops the next faster folds; None where folds are given, or none is faster.
    """

    graph: Graph
    board: Board
    layout: Layout
    estimate: Estimate
    frame_latency_cycles: int
    measured: Mapping[str, float] = field(default_factory=dict)
    stale: str = ""
    untrained: bool = False
    next_folds: NextFolds | None = None

    def check(self) -> None:
        """Checks the design against all that the board has.

        Raises:
            DoesNotFit: with the cheapest changes.
        """
        fifos = fifos_of(self.layout.dataflow)
        check_fits(self.graph, self.board, self.layout.folding, fifos)


def estimate_design(workspace: Workspace, board: Board, progress: Progress) -> EstimateRun:
    """The estimate of a design; of one that is not trained, with placeholder weights.

    Raises:
        ConfigError: the design asks for hls4ml's convolutions; and as :func:`estimate_stage`.
    """
    refuse_hls4ml(workspace.hls, "estimate")
    return estimate_stage(with_shapes_at_least(workspace, progress), board, progress)


def estimate_folder(
    folder: Path, workspace: Workspace | None, board: Board, progress: Progress
) -> EstimateRun:
    """The estimate of a graph in a folder; folds and FIFOs are kept in the user's cache.

    Args:
        workspace: of the design whose settings hold; None takes ``ReuseFactor: auto``.
    """
    graph = load(folder)
    target = GraphWorkspace(folder, folder, settings=None if workspace is None else workspace.hls)
    refuse_hls4ml(target.hls, "estimate")
    # not of the code: where that changes, the layout is chosen again in the same place
    settings = [item.model_dump(mode="json") for item in (board, target.hls)]
    key = digest_of(digest(graph), settings)
    target = replace(target, output=cache_folder() / "layouts" / key[:_KEY])
    return _in_cache(target, board, graph, progress)


@alone_in_project("estimate")
def _in_cache(target: Target, board: Board, graph: Graph, progress: Progress) -> EstimateRun:
    return _sized(target, graph, board, progress)


@alone_in_project("estimate")
def estimate_stage(workspace: Target, board: Board, progress: Progress) -> EstimateRun:
    """The estimate of a design, also as files in the board's report folder.

    Raises:
        ConfigError: a target that no fold reaches.
        DoesNotFit: ``ReuseFactor: auto`` finds no design within the budget.
    """
    graph = export_stage(workspace, progress)
    run = replace(_sized(workspace, graph, board, progress), untrained=workspace.untrained)
    truth = workspace.project(board) / hls_layout(graph.name).csynth_xml
    if truth.is_file():
        stale = synthesis_doubt(workspace.project(board))
        run = replace(run, measured=read_csynth(truth).measured(), stale=stale)
    record = estimate_record(workspace, graph, board)
    record.begin()
    record.finish(write_report(run, record.folder))
    return run


def estimate_record(workspace: Target, graph: Graph, board: Board) -> StageRecord:
    """When the estimate's files are those of a graph on a board."""
    layout = layout_record(workspace, graph, board).digest
    code = [code_digest(item.__module__) for item in (estimate_layout, report_files, network_svg)]
    return StageRecord("estimate", workspace.report(board), digest_of(layout, code))


def write_report(run: EstimateRun, folder: Path) -> list[Path]:
    """Writes the files and pictures, and lists them; what did not change keeps its time stamp."""
    layout, cycles = run.layout, {layer.name: layer.cycles for layer in run.estimate.layers}
    files = report_files(run.estimate) | {
        "cycles.svg": cycles_svg(run.estimate),
        "resources.svg": resources_svg(run.estimate),
        "network.svg": network_svg(
            layout.dataflow, folds=layout.folding.folds, cycles=cycles, sized=True
        ),
    }
    for name, text in files.items():
        replace_file(folder / name, text)
    return [folder / name for name in files]


def _sized(workspace: Target, graph: Graph, board: Board, progress: Progress) -> EstimateRun:
    layout, hls = current_layout(workspace, graph, board, progress), workspace.hls
    times = read_result(workspace.project(board) / SIMULATION, FrameTimes)
    found = estimate_layout(graph, board, hls, layout)
    following = None
    if layout.folding.is_free and hls.target_fps is None:
        fifos = fifos_of(layout.dataflow)
        following = next_folds(graph, board, hls, fifos, found.interval_cycles)
    return EstimateRun(graph, board, layout, found, times.frame_latency, next_folds=following)
