"""Lint of emitted projects: a step of `hls`, and a verb of its own for any project's folder."""

from __future__ import annotations

from pathlib import Path

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.lint.check import Report, lint_project
from fcn_hw.plan import Plan
from fcn_hw.results import read_result, write_result

REPORT = "report/lint.json"


def lint_folder(folder: Path) -> Report:
    """Checks the HLS project in a folder, nothing written.

    Raises:
        ConfigError: it is no project, or does not compile.
    """
    return lint_project(folder, [ap_types_folder()])


def lint_stage(folder: Path, plan: Plan, progress: Progress) -> Report:
    """Checks the project that a plan wrote, unless it was checked; the report stays in its folder.

    Args:
        plan: the project's files as they lie in the folder.

    Returns:
        also a report with errors; the caller decides what to do.

    Raises:
        ConfigError: the project does not compile.
    """
    record = StageRecord(
        "lint", folder, digest_of(plan.digest, code_digest(lint_project.__module__))
    )
    if record.is_current():
        progress.say("[green]lint[/]    up to date")
        return read_result(folder / REPORT, Report)
    record.begin()
    progress.say("[cyan]lint[/]    the rules of Vitis HLS")
    report = lint_folder(folder)
    write_result(folder / REPORT, report)
    record.finish([folder / REPORT])
    return report
