"""Every rule on one project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_hw.errors import LintFailed
from fcn_hw.lint.findings import Finding, Place, Severity, in_order
from fcn_hw.lint.project import open_project
from fcn_hw.lint.registry import all_rules

HLS4ML_HEADERS = "firmware/nnet_utils/"
"""Where a project with hls4ml's own convolutions has their headers; nobody here can mend them."""


@dataclass(frozen=True)
class Report:
    """What the rules found.

    Args:
        project: name of the top function.
        rules: how many were checked.
        files: how many source files were read.
        functions: how many functions, instantiations counted apart, were looked at.
        findings: by file, line, column.
        left_out: how many more there are in headers of hls4ml, which are emitted as they are.
    """

    project: str
    rules: int
    files: int
    functions: int
    findings: tuple[Finding, ...]
    left_out: int = 0

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self.findings)

    def check(self) -> None:
        """Raises the errors.

        Raises:
            LintFailed: there is at least one finding of severity error.
        """
        errors = [str(f) for f in self.findings if f.severity is Severity.ERROR]
        if errors:
            raise LintFailed(self.project, errors)


def lint_project(folder: Path, vendor: Sequence[Path]) -> Report:
    """Checks the HLS project in a folder; all findings, not the first only.

    Args:
        vendor: folders of ``ap_int.h``, ``hls_stream.h`` and what belongs to them.

    Raises:
        ConfigError: no such folder, no firmware, sources that do not parse, or no libclang.
    """
    project = open_project(folder, vendor)
    rules = all_rules()
    findings = set[Finding]().union(*(rule.findings(project) for rule in rules))
    ours = {item for item in findings if not item.place.file.startswith(HLS4ML_HEADERS)}
    return Report(
        project.top.name,
        len(rules),
        len(project.texts),
        len(project.functions),
        in_order(ours),
        len(findings) - len(ours),
    )


def to_json(report: Report) -> dict[str, Any]:
    """The JSON document of a report."""
    return {
        "project": report.project,
        "rules": report.rules,
        "files": report.files,
        "functions": report.functions,
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "left_out": report.left_out,
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity.value,
                "file": finding.place.file,
                "line": finding.place.line,
                "column": finding.place.column,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in report.findings
        ],
    }


def from_json(stored: dict[str, Any]) -> Report:
    """The report of a JSON document."""
    return Report(
        stored["project"],
        stored["rules"],
        stored["files"],
        stored["functions"],
        tuple(
            Finding(
                item["rule"],
                Severity(item["severity"]),
                Place(item["file"], item["line"], item["column"]),
                item["message"],
                item["hint"],
            )
            for item in stored["findings"]
        ),
        stored["left_out"],
    )
