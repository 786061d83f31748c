"""Whether results that lie there are those of the design as it is now, for who only shows them.

A stage's result is in doubt where its record says that its inputs have changed since, where a file
was changed after the stage wrote it, or where a result that it stands on is in doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

from fcn_hw.backend.hls4ml_conv import emitted_graph
from fcn_hw.boards import Board
from fcn_hw.flow.layout import LAYOUT, layout_record
from fcn_hw.flow.pipeline import csim_record, export_record, hls_record
from fcn_hw.flow.simulation import CSIM
from fcn_hw.flow.stage import StageRecord
from fcn_hw.flow.training import train_record, why_not
from fcn_hw.flow.workspace import Workspace
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import GRAPH_FILE
from fcn_hw.train.result import TRAINING

Stage = Literal["train", "export", "fifo", "csim"]


@dataclass(frozen=True)
class Doubt:
    """Why a stage's result is not to be taken for that of the design.

    Args:
        stage: whose result it is; the verb of that name makes it anew.
        reason: in words, without the result's name.
        damaged: files that were changed after the stage wrote them, relative to the design's
            folder: their numbers are not to be shown.
    """

    stage: Stage
    reason: str
    damaged: tuple[str, ...] = ()


def find_doubts(
    workspace: Workspace, board: Board | None = None, graph: Graph | None = None
) -> dict[Stage, Doubt]:
    """The doubts of the stages that have run, by stage; none of those that have not.

    Args:
        board: whose folder is looked at too; None: models and graph only.
        graph: as it was exported; None: models only.

    Raises:
        DataError: the data set is not there, so nothing can be said.
    """
    finder = _Finder(workspace)
    finder.look(
        "train",
        workspace.model / TRAINING,
        lambda: train_record(workspace.model, workspace.design),
        why=why_not,
    )
    if graph is None:
        return finder.found
    exported = workspace.graph / GRAPH_FILE
    finder.look("export", exported, lambda: export_record(workspace), on=("train",))
    if board is None:
        return finder.found
    layout, report = workspace.project(board) / LAYOUT, workspace.report(board)
    fifo = layout_record(workspace, graph, board)
    finder.look("fifo", layout, lambda: fifo, on=("export",))
    finder.look(
        "csim",
        report / f"{CSIM}.json",
        lambda: csim_record(workspace, board, emitted_graph(graph, workspace.design.hls.Conv)),
        on=("export",),
        project=hls_record(workspace, board, graph),
    )
    return finder.found


class _Finder:
    """Asks records, one stage after another."""

    def __init__(self, workspace: Workspace) -> None:
        self.found: dict[Stage, Doubt] = {}
        self._folder = workspace.folder

    def look(
        self,
        stage: Stage,
        result: Path,
        record: Callable[[], StageRecord],
        *,
        why: Callable[[StageRecord], str] | None = None,
        on: tuple[Stage, ...] = (),
        project: StageRecord | None = None,
    ) -> None:
        """Notes the doubt of a stage, if there is one.

        Args:
            result: a file that the stage leaves; without it, it has not run.
            record: the stage's; OSError where an input is gone.
            why: says what changed; None: in general words.
            on: stages that this one stands on.
            project: the record of the HLS project that the stage read.
        """
        if not result.is_file():
            return
        try:
            made = record()
        except OSError as error:
            name = Path(str(error.filename)).name
            self.found[stage] = Doubt(stage, f"'{name}', which it was made from, is not there")
            return
        except (ValueError, KeyError, BadZipFile):
            self.found[stage] = Doubt(stage, "what it was made from can't be read")
            return
        standing = made.standing()
        if standing.state == "damaged":
            damaged = tuple(self._short(made.folder / name) for name in standing.files)
            self.found[stage] = Doubt(stage, "changed after the stage wrote it", damaged)
            return
        for below in on:
            if below in self.found:
                reason = f"it stands on the result of {below}, which is out of date"
                self.found[stage] = Doubt(stage, reason)
                return
        if project is not None and project.standing().state != "current":
            self.found[stage] = Doubt(stage, self._of_project(project))
        elif standing.state != "current":
            general = "its inputs or fcn_hw have changed since"
            absent = "no finished run stands for it"
            reason = general if standing.state == "stale" else absent
            self.found[stage] = Doubt(stage, why(made) if why else reason)

    def _of_project(self, record: StageRecord) -> str:
        standing = record.standing()
        if standing.state == "damaged":
            return f"the project has files that were edited by hand: {', '.join(standing.files)}"
        return "the project is of an earlier design.yaml, graph, or version of fcn_hw"

    def _short(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()
