"""What the stages that need a vendor's tool share: the source they stand on, and how one is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from fcn_hw.backend.axi_interface import AxiInterface, axi_interface
from fcn_hw.backend.hls_scripts import HlsLayout
from fcn_hw.backend.project import part_and_period_ns, plan_scripts
from fcn_hw.boards import Board
from fcn_hw.design import RtlCompiler
from fcn_hw.errors import ConfigError, ReportError
from fcn_hw.files import replace_file
from fcn_hw.flow.emission import HLS, rewrite
from fcn_hw.flow.pipeline import hls_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of, known_files
from fcn_hw.flow.workspace import Target
from fcn_hw.ir import Graph
from fcn_hw.plan import Command, Plan, files_digest
from fcn_hw.rtl.front_end import CLANG, OPT
from fcn_hw.tools.find import find_tool
from fcn_hw.tools.xilinx import HlsTool, VivadoTool, find_hls, find_vivado, run_tool

T = TypeVar("T")

HOUR_S = 3600.0

_READ = ("firmware/", "scripts/", "constraints/", "hdl/", "tb/cosim_main.cpp")
"""What the vendor's tools read of a project."""

_VERBS = {"impl": "bitstream", "export": "bitstream", "package": "bitstream"}
"""The verbs of stages that are not called like their stage."""


@dataclass(frozen=True)
class Rtl:
    """The RTL that a design is built from.

    Args:
        made_by: for people: a program and its version, or fcn_hw's compiler.
        digest: of all that it was made from.
    """

    made_by: str
    digest: str


@dataclass(frozen=True, eq=False)
class Source:
    """An emitted project and the tools that take it on.

    Args:
        hls: None where fcn_hw's compiler makes the RTL.
        project: its folder.
        base: its files as ``fcn-hw hls`` writes them.
        plan: its files, the scripts in the dialects of the tools.
        timeout_s: for each tool; None takes the stage's own.
    """

    workspace: Target
    board: Board
    graph: Graph
    interface: AxiInterface
    layout: HlsLayout
    project: Path
    base: Plan
    plan: Plan
    hls: HlsTool | None
    vivado: VivadoTool | None
    period_ns: float
    timeout_s: float | None

    @property
    def hls_tool(self) -> HlsTool:
        """The HLS tool of a source that has one."""
        assert self.hls is not None, "the source was emitted for fcn_hw's compiler"
        return self.hls

    @property
    def vivado_tool(self) -> VivadoTool:
        """Vivado, of a source that was emitted for it."""
        assert self.vivado is not None, "the source was emitted without Vivado"
        return self.vivado

    @property
    def report(self) -> Path:
        return self.workspace.report(self.board)

    def command(
        self, name: str, argv: tuple[str, ...], hours: float, expects: Sequence[str]
    ) -> Command:
        """A command that runs in the project's folder, with the user's time-out if there is one."""
        return Command(name, argv, self.timeout_s or hours * HOUR_S, tuple(expects))


def emit_source(
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    compiler: RtlCompiler = "vitis",
    needs_vivado: bool = False,
    timeout_s: float | None = None,
) -> Source:
    """Finds the tools, then brings the project up to date, its scripts in their dialect.

    The tools come first: nobody waits for a training to hear that one is missing.

    Args:
        compiler: who makes the RTL.

    Raises:
        ToolNotFound: a tool is missing; nothing has been done.
        ConfigError: a version that is not taken, or a path with a blank.
    """
    project = workspace.project(board)
    if compiler == "vitis":
        hls = find_hls(project)
        if hls.dialect.ignored:
            progress.warn(hls.dialect.ignored)
    else:
        hls = None
        for tool in (CLANG, OPT):
            find_tool(tool)
    vivado = find_vivado(project, hls.version if hls else None) if needs_vivado else None
    if any(character.isspace() for character in str(project.resolve())):
        raise ConfigError(
            f"the path '{project.resolve()}' has a blank, at which cosimulation would split it",
            hint="Move the project to a folder without blanks. UG895 asks for letters, digits, ~ "
            "and _ in names of folders, and does not say what happens otherwise.",
        )
    graph, base = hls_stage(workspace, board, progress)
    scripts = plan_scripts(
        graph, board, workspace.hls, compiler=compiler, dialect=hls.dialect if hls else None,
        vivado=vivado,
    )  # fmt: skip
    plan = replace(base, files={**base.files, **scripts.files})
    rewrite(scripts, project)
    interface = axi_interface(graph, board)
    return Source(
        workspace, board, graph, interface, HlsLayout(interface.top), project, base, plan, hls,
        vivado,
        part_and_period_ns(board, workspace.hls)[1], timeout_s,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class VendorStage(Generic[T]):
    """A stage that a vendor's tool does.

    Args:
        record: when it may be skipped.
        sources: :func:`sources_digest` of the project.
        commands: one after another.
        outputs: files that it leaves, relative to the project.
        read: its result from them; the stage has succeeded when this has, too.
        note: what it does, for the line that says so.
        made_by: whose RTL it stands on, see :class:`Rtl`.
        prepare: called before the commands, not where the stage is skipped.
    """

    record: StageRecord
    sources: str
    commands: tuple[Command, ...]
    outputs: tuple[str, ...]
    read: Callable[[], T]
    note: str
    made_by: str
    prepare: Callable[[Progress], None] | None = None

    def finished(self) -> T | None:
        """The result of the last run, if its inputs were these and its reports can be read."""
        if not self.record.is_current():
            return None
        try:
            return self.read()
        except ReportError:
            return None

    def run(self, progress: Progress) -> T:
        """The result of the last run if it still holds, else of a run now.

        Raises:
            NoLicence, ToolFailed, ReportError: the stage failed; its record is gone, those of the
                stages before stay.
        """
        label, folder = f"{self.record.name:<9}", self.record.folder
        done = self.finished()
        if done is not None:
            progress.say(f"[green]{label}[/] up to date")
            self._note_sources()
            return done
        self.record.begin()
        progress.say(f"[cyan]{label}[/] {self.note}")
        if self.prepare is not None:
            self.prepare(progress)
        run_tool(Plan(stages=tuple((command,) for command in self.commands)), folder)
        result = self.read()
        self.record.finish(folder / output for output in self.outputs)
        self._note_sources()
        return result

    def _note_sources(self) -> None:
        """For :func:`finished_on`; sources may change where the stage does not read them."""
        noted = {
            "sources": self.sources, "record": self.record.digest, "made_by": self.made_by,
        }  # fmt: skip
        replace_file(_made_from(self.record.folder, self.record.name), json.dumps(noted) + "\n")


def finished_on(project: Path, plan: Plan, stage: str) -> bool:
    """Whether a stage's last run finished on these sources, whichever tool did it.

    The tool need not be there any more; what the stage left is.

    Args:
        project: its folder.
        plan: its files as ``fcn-hw hls`` writes them.
        stage: ``csynth``, ``cosim``, ``export``, ``package``, ``impl`` or ``bitstream``.
    """
    return _finished_on(project, sources_digest(plan), stage)


def rtl_of(project: Path, stage: str) -> str:
    """Whose RTL the last run of a stage stood on, see :class:`Rtl`; "" where that is not known."""
    try:
        return str(json.loads(_made_from(project, stage).read_text(encoding="utf-8"))["made_by"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def synthesis_doubt(project: Path, stage: str = "csynth") -> str:
    """Why a stage's reports are not of the project as it was last emitted; "" where they are.

    Args:
        project: its folder.
        stage: as for :func:`finished_on`.
    """
    emitted = {
        name: digests[0]
        for name, digests in known_files(StageRecord(HLS, project, "").path).items()
        if name.startswith(_READ)
    }
    if _finished_on(project, files_digest(emitted), stage):
        return ""
    return f"of other sources than the project has now: run fcn-hw {_VERBS.get(stage, stage)}"


def _finished_on(project: Path, sources: str, stage: str) -> bool:
    try:
        stored = json.loads(_made_from(project, stage).read_text(encoding="utf-8"))
        made_from, record = stored["sources"], StageRecord(stage, project, stored["record"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(made_from == sources) and record.is_current()


def sources_digest(plan: Plan) -> str:
    """Of all that the vendor's tools read, scripts in the dialect of ``fcn-hw hls``."""
    return Plan(files={p: data for p, data in plan.files.items() if p.startswith(_READ)}).digest


def _made_from(project: Path, stage: str) -> Path:
    return project / f".{stage}.sources.json"


def stage_record(
    source: Source, name: str, commands: Sequence[Command], *parts: object
) -> StageRecord:
    """The record of a stage; time-outs are not part of its digest.

    Neither is code of ours: the tool's inputs are all in the key, it runs for hours, and every run
    reads its reports anew.

    Args:
        parts: JSON-able, what the result depends on besides the commands' words.
    """
    words = [[command.argv, command.expects] for command in commands]
    return StageRecord(name, source.project, digest_of(*parts, words))


def firmware_digest(source: Source) -> str:
    """Of everything that C synthesis reads, and of the HLS tool."""
    files = {
        path: data
        for path, data in source.plan.files.items()
        if path.startswith(("firmware/", "scripts/project.tcl", "scripts/csynth.tcl"))
    }
    return digest_of(
        Plan(files=files).digest, source.hls_tool.program, str(source.hls_tool.version)
    )


def hls_rtl(source: Source) -> Rtl:
    """The RTL of the HLS tool."""
    tool = source.hls_tool
    return Rtl(f"{tool.program} {tool.version}", firmware_digest(source))


def script_digest(source: Source, *paths: str) -> str:
    """Of some of the project's files."""
    return Plan(files={path: source.plan.files[path] for path in paths}).digest
