"""What vendor tools said of a design, where they have run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.boards import Board
from fcn_hw.flow.estimate import CSYNTH_REPORT
from fcn_hw.flow.workspace import Workspace
from fcn_hw.vendor_reports.csynth import read_csynth


@dataclass(frozen=True)
class Measured:
    """One tool's numbers.

    Args:
        tool: what to call it.
        values: by the names of ``estimate.compare.QUANTITIES``.
    """

    tool: str
    values: Mapping[str, float]


def read_measured(workspace: Workspace, board: Board) -> tuple[Measured, ...]:
    """The reports that are there, in the order of the stages.

    Raises:
        ReportError: one is malformed.
    """
    report = workspace.project(board) / CSYNTH_REPORT.format(top=workspace.design.name)
    if not report.is_file():
        return ()
    return (Measured("C synthesis", read_csynth(report)),)
