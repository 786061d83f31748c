"""What the stages left of a design on a board; nothing is run, nothing is written.

A file that is not there is None here, and its section says which command makes it. So is a file
that can't be read, that is of another graph, or that was changed after its stage wrote it;
``problems`` says why. A result whose stage would run again is here and in ``stale``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from fcn_hw.backend.hls4ml_conv import emitted_graph
from fcn_hw.backend.structure import Layout, estimate_layout
from fcn_hw.boards import Board
from fcn_hw.errors import FcnHwError
from fcn_hw.estimate.network import Estimate
from fcn_hw.flow.agreement import Agreement
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.doubts import Doubt, Stage, find_doubts
from fcn_hw.flow.images import AGREEMENT, QKerasComparison, QKerasComparisons
from fcn_hw.flow.layout import StoredFifos, stored_fifos, stored_layout
from fcn_hw.flow.rtl import COSIM as RTL_COSIM
from fcn_hw.flow.rtl import CSYNTH as RTL_CSYNTH
from fcn_hw.flow.scenes import SCENES, Scenes, load_scenes
from fcn_hw.flow.simulation import CSIM, PARTIAL
from fcn_hw.flow.stage import is_damaged
from fcn_hw.flow.standalone import AGREEMENT as CHECKED
from fcn_hw.flow.training import FLOAT_MODEL
from fcn_hw.flow.workspace import GraphWorkspace, Target, command_of
from fcn_hw.frontend.proofs import Proof, Status, load_proofs, statuses
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import GRAPH_FILE, digest, load
from fcn_hw.report.float_weights import FloatWeights, load_float_weights
from fcn_hw.report.measured import (
    Measured,
    read_cosim_values,
    read_csynth_values,
    read_routed_values,
    read_rtl_values,
)
from fcn_hw.results import read_result
from fcn_hw.rtl.reports import RtlCosim, RtlSynthesis
from fcn_hw.studies.search.front import SearchResult
from fcn_hw.studies.search.run import RESULT as SEARCH
from fcn_hw.studies.sensitivity.result import Sensitivity
from fcn_hw.studies.sensitivity.stage import RESULT as SENSITIVITY
from fcn_hw.train.result import TRAINING, TrainResult

T = TypeVar("T")

_NO_PROOFS: tuple[Proof, ...] = ()
_NO_DOUBTS: dict[Stage, Doubt] = {}


@dataclass(frozen=True, eq=False)
class Sources:
    """Everything that sections are made of; None where its stage has not run.

    Args:
        training: its result.
        weights: of the float model, its batch normalization folded, by layer.
        sensitivity, search: of the precision.
        graph: as it is emitted.
        statuses: how it is known that a tensor has QKeras' codes, by op.
        agreement: with QKeras, by op.
        csim: of this graph.
        scenes: the images that csim shows.
        layout, estimate, fifos: of this graph on this board.
        rtl_csynth, rtl_cosim: of the RTL of fcn_hw's own compiler, of this graph.
        measured: what vendor tools said, by tool.
        problems: files that could not be used, a sentence each.
        stale: why a stage's result is not that of the design as it is now, and the command that
            makes it anew, by stage.
    """

    workspace: Target
    board: Board
    training: TrainResult | None = None
    weights: FloatWeights | None = None
    sensitivity: Sensitivity | None = None
    search: SearchResult | None = None
    graph: Graph | None = None
    statuses: Mapping[str, Status] | None = None
    agreement: Mapping[str, QKerasComparison] | None = None
    csim: CsimResult | None = None
    scenes: Scenes | None = None
    layout: Layout | None = None
    estimate: Estimate | None = None
    fifos: StoredFifos | None = None
    rtl_csynth: RtlSynthesis | None = None
    rtl_cosim: RtlCosim | None = None
    measured: tuple[Measured, ...] = ()
    problems: tuple[str, ...] = ()
    stale: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the design, or of the graph."""
        return self.workspace.name if self.graph is None else self.graph.name

    def command(self, verb: str, *, board: bool = True) -> str:
        """The command that makes what a section lacks, without a folder of this machine."""
        return command_of(self.workspace, verb, self.board if board else None)


def read_sources(workspace: Target, board: Board) -> Sources:
    """Reads all that is there.

    Raises:
        ConfigError, GraphError: a graph without a design can't be read.
    """
    if isinstance(workspace, GraphWorkspace):
        reader, exported = _Reader(workspace.output), load(workspace.graph)
        sources = _of_graph(
            Sources(workspace, board), emitted_graph(exported, workspace.hls.Conv), reader
        )
        return _measured(_of_board(sources, exported, reader), reader)
    reader = _Reader(workspace.folder)
    model = workspace.model
    graph = reader.read(workspace.graph / GRAPH_FILE, lambda path: load(path.parent))
    found = reader.attempt(lambda: find_doubts(workspace, board, graph), _NO_DOUBTS)
    sources = Sources(workspace, board)
    stale: dict[str, str] = {}
    for stage, doubt in found.items():
        command = sources.command(stage, board=stage in ("fifo", "csim"))
        for name in doubt.damaged:
            reader.damaged(name, command)
        if not doubt.damaged:
            stale[stage] = f"{doubt.reason}: run {command}"
    sources = replace(
        sources,
        stale=stale,
        training=reader.result(model / TRAINING, TrainResult),
        weights=reader.read(model / FLOAT_MODEL, load_float_weights),
        sensitivity=reader.result(model / SENSITIVITY, Sensitivity),
        search=reader.result(model / SEARCH, SearchResult),
    )
    if graph is not None:
        sources = _of_graph(sources, emitted_graph(graph, workspace.hls.Conv), reader)
        sources = _of_board(sources, graph, reader)
    return _measured(sources, reader)


def _measured(sources: Sources, reader: _Reader) -> Sources:
    """With what tools said, and what could not be read."""
    project, name, board = sources.workspace.project(sources.board), sources.name, sources.board
    found = [
        reader.attempt(lambda: read_csynth_values(project, name), None),
        reader.attempt(lambda: read_cosim_values(project, name), None),
        reader.attempt(lambda: read_rtl_values(project), None),
        reader.attempt(lambda: read_routed_values(project, board), None),
    ]
    return replace(
        sources,
        measured=tuple(item for item in found if item is not None),
        problems=tuple(reader.problems),
    )


def _of_graph(sources: Sources, graph: Graph, reader: _Reader) -> Sources:
    """With the graph, and what is known of it without a board."""
    folder = sources.workspace.graph
    proofs = reader.attempt(lambda: load_proofs(folder), _NO_PROOFS)
    return replace(
        sources,
        graph=graph,
        statuses=statuses(graph, proofs),
        agreement=_agreement(sources.workspace, reader),
    )


def _agreement(workspace: Target, reader: _Reader) -> Mapping[str, QKerasComparison] | None:
    """What export compared with the source model, by op."""
    if isinstance(workspace, GraphWorkspace):
        checked = reader.result(workspace.graph / CHECKED, Agreement)
        if checked is None or not checked.frames:
            return None
        return {
            row.op: QKerasComparison(
                row.op, row.values, row.differ, row.first, row.most_steps, status=Status(row.status)
            )
            for row in checked.layers
        }
    compared = reader.result(workspace.graph / AGREEMENT, QKerasComparisons)
    return None if compared is None else compared.root


def _of_board(sources: Sources, graph: Graph, reader: _Reader) -> Sources:
    """With csim, folds and FIFOs, where they are of this graph."""
    workspace, board = sources.workspace, sources.board
    assert sources.graph is not None
    graph_digest = digest(sources.graph)
    report = workspace.report(board)
    csim = reader.result(report / f"{CSIM}.json", CsimResult)
    if csim is not None and csim.graph != graph_digest:
        reader.earlier(report / f"{CSIM}.json", sources.command("csim"))
        csim = None
    if csim is None and (report / PARTIAL / f"{CSIM}.json").is_file():
        reader.problems.append(
            f"{reader.short(report / PARTIAL)}/{CSIM}.json is of a part of the images: "
            f"run {sources.command('csim')}"
        )
    if csim is not None:
        scenes = reader.read(report / SCENES, load_scenes)
        sources = replace(sources, csim=csim, scenes=scenes)
    if workspace.hls.Conv != "fcn_hw":
        return sources
    layout = reader.attempt(lambda: stored_layout(workspace, graph, board), None)
    if layout is None:
        return sources
    project = workspace.project(board)
    synthesis = reader.result(report / RTL_CSYNTH, RtlSynthesis)
    cosim = reader.result(report / RTL_COSIM, RtlCosim)
    if synthesis is not None and synthesis.graph != graph_digest:
        reader.earlier(report / RTL_CSYNTH, sources.command("csynth"))
        synthesis = None
    if cosim is not None and cosim.graph != graph_digest:
        reader.earlier(report / RTL_COSIM, sources.command("cosim"))
        cosim = None
    fifos = reader.attempt(lambda: stored_fifos(project), None, reader.short(report))
    hls = workspace.hls
    return replace(
        sources,
        layout=layout,
        estimate=estimate_layout(graph, board, hls, layout),
        fifos=fifos,
        rtl_csynth=synthesis,
        rtl_cosim=cosim,
    )


class _Reader:
    """Reads files that may be missing or malformed; keeps what was wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[str] = []
        self._damaged: set[Path] = set()

    def damaged(self, name: str, command: str = "its verb again") -> None:
        """Leaves out a file that was changed after its stage wrote it.

        Args:
            name: its path below the design's folder.
            command: that makes it anew.
        """
        self._damaged.add(self.folder / name)
        self.problems.append(f"{name} was changed after its stage wrote it: run {command}")

    def earlier(self, path: Path, command: str) -> None:
        """Leaves out a file of another graph.

        Args:
            command: that makes it anew.
        """
        self.problems.append(f"{self.short(path)} is of an earlier graph: run {command}")

    def short(self, path: Path) -> str:
        """The path below the design's folder, or a name: a report names no folder of a machine."""
        below = path.is_relative_to(self.folder)
        return path.relative_to(self.folder).as_posix() if below else path.name

    def result(self, path: Path, kind: type[T]) -> T | None:
        """The result that a stage left in a file; None where there is none."""
        return self.read(path, lambda found: read_result(found, kind))

    def read(self, path: Path, function: Callable[[Path], T]) -> T | None:
        """What ``function`` makes of a file; None where there is none."""
        if not path.is_file() or path in self._damaged:
            return None
        if is_damaged(path):  # by a stage that is not asked for its inputs here
            self.damaged(self.short(path))
            return None
        return self.attempt(lambda: function(path), None, self.short(path))

    def attempt(self, function: Callable[[], T], otherwise: T, name: str = "") -> T:
        try:
            return function()
        except (FcnHwError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            text = error.message if isinstance(error, FcnHwError) else type(error).__name__
            text = text.replace(f"{self.folder}/", "").splitlines()[0]
            self.problems.append(
                text if not name or name in text else f"{name}: can't be read ({text})"
            )
            return otherwise
