"""Every rule on one project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import computed_field
from pydantic.dataclasses import dataclass

from fcn_hw.errors import LintFailed
from fcn_hw.lint.findings import Finding, Severity, in_order
from fcn_hw.lint.project import open_project
from fcn_hw.lint.rules import all_rules
from fcn_hw.results import STRICT

HLS4ML_HEADERS = "firmware/nnet_utils/"
"""Where a project with hls4ml's own convolutions has their headers; nobody here can mend them."""


@dataclass(frozen=True, config=STRICT)
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

    @computed_field  # type: ignore[prop-decorator]
    @property
    def errors(self) -> int:
        """Findings that fail the check."""
        return self._count(Severity.ERROR)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def warnings(self) -> int:
        """Findings that do not."""
        return self._count(Severity.WARNING)

    def _count(self, severity: Severity) -> int:
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
