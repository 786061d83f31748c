"""The stage estimate: folds, FIFOs, resources, cycles and pictures, without a vendor tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcn_hw.backend.structure import Structure, choose_structure, estimate_structure, fifos_of
from fcn_hw.boards import Board
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError
from fcn_hw.estimate.design_folds import check_fits
from fcn_hw.estimate.network import Estimate
from fcn_hw.estimate.pictures import pictures
from fcn_hw.estimate.reports import report_files
from fcn_hw.files import replace_file
from fcn_hw.flow.pipeline import export_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.workspace import Workspace, open_board, open_workspace
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import load


@dataclass(frozen=True, eq=False)
class EstimateRun:
    """A design on a board, estimated.

    Args:
        graph: its graph.
        board: the board.
        structure: folds and FIFOs.
        estimate: resources, cycles, energy.
    """

    graph: Graph
    board: Board
    structure: Structure
    estimate: Estimate

    def check(self) -> None:
        """Checks the design against all that the board has.

        Raises:
            DoesNotFit: with the cheapest changes.
        """
        fifos = fifos_of(self.structure.fifos.dataflow)
        check_fits(self.graph, self.board, self.structure.folding, fifos)


def estimate_design(
    design: str | None, folder: Path | None, board_name: str, root: Path, progress: Progress
) -> EstimateRun:
    """What the command ``estimate`` does.

    Args:
        design: name or path of a design; None takes ``ReuseFactor: auto``.
        folder: of a graph; None takes the design's.

    Raises:
        ConfigError: neither is given, or one is wrong.
    """
    board = open_board(board_name)
    workspace = None if design is None else open_workspace(design, root)
    if folder is not None:
        hls = Hls(ReuseFactor="auto") if workspace is None else workspace.design.hls
        return estimate_graph(load(folder), board, hls, progress)
    if workspace is None:
        raise ConfigError("nothing to estimate", hint="Name a design, or give --graph DIR.")
    return estimate_stage(workspace, board, progress)


def estimate_stage(workspace: Workspace, board: Board, progress: Progress) -> EstimateRun:
    """The estimate of a design, also as files in the board's report folder."""
    graph = export_stage(workspace, progress)
    return estimate_graph(graph, board, workspace.design.hls, progress, workspace.report(board))


def estimate_graph(
    graph: Graph, board: Board, hls: Hls, progress: Progress, report: Path | None = None
) -> EstimateRun:
    """As :func:`estimate_stage`, of a graph.

    Args:
        report: the folder for the files; None writes none.

    Raises:
        ConfigError: a target that no fold reaches.
        DoesNotFit: ``ReuseFactor: auto`` finds no design within the budget.
    """
    progress.say("[cyan]estimate[/] folds, FIFO depths, resources")
    structure = choose_structure(graph, board, hls)
    result = estimate_structure(graph, board, hls, structure)
    if report is not None:
        for name, text in {**report_files(result), **pictures(result)}.items():
            replace_file(report / name, text)
    return EstimateRun(graph, board, structure, result)
