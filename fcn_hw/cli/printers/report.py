"""What the verb ``report`` prints for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from fcn_hw.cli.printers.common import console

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.report import DesignReport


def print_report(result: DesignReport, path: Path) -> None:
    """What the report shows and what it lacks, with the commands that make it."""
    out = console()
    for problem in result.problems:
        out.print(f"[yellow]not used:[/] {escape(problem)}", highlight=False)
    for section in result.sections:
        if section.is_ready:
            out.print(f"[green]shown[/]   {section.title}", highlight=False)
            for reason in section.stale:
                out.print(f"        [yellow]stale:[/] {escape(reason)}", highlight=False)
        else:
            commands = "; ".join(section.commands)
            out.print(f"[yellow]missing[/] {section.title}: {escape(commands)}", highlight=False)
    out.print(f"report: {path}", highlight=False)
