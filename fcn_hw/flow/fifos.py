"""``fcn-hw fifo``: the FIFOs of a design, their storage, and why one is as deep as it is."""

from __future__ import annotations

from fcn_hw.boards import Board
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.hls4ml_conv import refuse_hls4ml
from fcn_hw.flow.layout import FifoResult, current_fifos
from fcn_hw.flow.pipeline import export_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.workspace import Target


@alone_in_project("fifo")
def fifo_stage(workspace: Target, board: Board, progress: Progress) -> FifoResult:
    """Sizes the FIFOs of a design and writes their reports, where they are not current.

    Raises:
        ConfigError: the design asks for hls4ml's convolutions.
        DoesNotFit: ``ReuseFactor: auto`` finds no design within the budget.
        ToolNotFound: there is no C++ compiler.
    """
    refuse_hls4ml(workspace.hls, "fifo")
    return current_fifos(workspace, export_stage(workspace, progress), board, progress)
