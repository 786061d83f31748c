"""The whole page: one file, no network, the same bytes for the same results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from fcn_hw.boards import Board
from fcn_hw.files import replace_file
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.doubts import Stage
from fcn_hw.flow.workspace import Target, Workspace
from fcn_hw.report.render import markup
from fcn_hw.report.section import Section
from fcn_hw.report.sections import OF_DESIGNS, SECTIONS
from fcn_hw.report.sources import Sources, read_sources
from fcn_hw.report.tiles import Tile, tiles

REPORT_FILE = "report.html"


@dataclass(frozen=True)
class PageContext:
    """``page.html.j2``."""

    design: str
    board: str
    subtitle: str
    command: str
    tiles: tuple[Tile, ...]
    problems: tuple[str, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class DesignReport:
    """A finished page.

    Args:
        html: the file.
        sections: in their order.
        tiles: the facts at its top.
        problems: files that could not be used.
    """

    design: str
    board: str
    html: Markup
    sections: tuple[Section, ...]
    tiles: tuple[Tile, ...]
    problems: tuple[str, ...]


def make_report(workspace: Target, board: Board) -> DesignReport:
    """The report of what is there now; runs no stage."""
    return page(read_sources(workspace, board))


def page(sources: Sources) -> DesignReport:
    """The report of given sources."""
    name, board, of_design = sources.name, sources.board, isinstance(sources.workspace, Workspace)
    sections = tuple(
        _marked(make(sources), stages, sources)
        for make, stages in SECTIONS
        if of_design or make not in OF_DESIGNS
    )
    facts = tiles(sources)
    subtitle = f"{_subject(sources)}; {board.description}, {board.part}"
    context = PageContext(
        name, board.name, subtitle, sources.command("report"), facts, sources.problems, sections
    )
    html = markup("page.html.j2", context)
    return DesignReport(name, board.name, html, sections, facts, sources.problems)


def _subject(sources: Sources) -> str:
    """What the page is about, in a few words."""
    if isinstance(sources.workspace, Workspace):
        design = sources.workspace.design
        data = design.dataset
        return f"{design.network.kind} on {data.kind}, {data.width} × {data.height} pixels"
    inputs = () if sources.graph is None else sources.graph.inputs
    sizes = (f"'{op.name}' {op.output.width} × {op.output.height}" for op in inputs)
    return f"graph of {', '.join(sizes)} pixels"


def _marked(section: Section, stages: Iterable[Stage], sources: Sources) -> Section:
    """The section with what is to be said of its age.

    Args:
        stages: whose results it shows.
    """
    if not section.is_ready:
        return section
    return replace(
        section, stale=tuple(sources.stale[stage] for stage in stages if stage in sources.stale)
    )


def write_report(report: DesignReport, workspace: Target, board: Board) -> Path:
    """Writes ``report.html`` beside the other reports; returns its path."""
    path = workspace.report(board) / REPORT_FILE
    replace_file(path, str(report.html))
    return path


@alone_in_project("report")
def report_stage(workspace: Target, board: Board) -> tuple[DesignReport, Path]:
    """Makes the report of what is there now and writes it; runs no stage.

    Returns:
        the report, and its file.

    Raises:
        Busy: a stage is at work in the project: half of what it leaves would be shown.
    """
    report = make_report(workspace, board)
    return report, write_report(report, workspace, board)


def report_to_json(report: DesignReport, path: Path) -> dict[str, Any]:
    """What ``--json`` prints: all that the page shows, pictures left out."""
    return {
        "design": report.design,
        "board": report.board,
        "file": str(path),
        "bytes": len(report.html.encode()),
        "problems": list(report.problems),
        "sections": {section.id: _section(section) for section in report.sections},
    }


def _section(section: Section) -> Mapping[str, Any]:
    return {
        "title": section.title,
        "ready": section.is_ready,
        "commands": list(section.commands),
        "stale": list(section.stale),
        "data": section.data,
    }
