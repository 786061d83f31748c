"""What the verb ``lint`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from fcn_hw.cli.printers.common import console

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.lint import Report


def print_lint(report: Report) -> None:
    """Every finding with its hint, and what was looked at."""
    out = console()
    for finding in report.findings:
        out.print(escape(str(finding)), highlight=False, style="red")
        out.print(escape(f"    {finding.hint}"), highlight=False)
    count = len(report.findings)
    plural = "s" if count > 1 else ""
    verdict = f"[bold red]{count} finding{plural}[/]" if count else "[bold green]clean[/]"
    out.print(
        f"{verdict}: '{report.project}', {report.rules} rules, {report.files} files, "
        f"{report.functions} functions",
        highlight=False,
    )
    if report.left_out:
        out.print(f"{report.left_out} more in hls4ml's own headers, left as they are")
