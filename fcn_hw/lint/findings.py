"""What a rule found."""

from __future__ import annotations

from enum import Enum

from pydantic.dataclasses import dataclass

from fcn_hw.results import STRICT


class Severity(Enum):
    """Whether a finding fails the check."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True, config=STRICT)
class Place:
    """A position in a source file.

    Args:
        file: path relative to the project's folder, with ``/``.
        line: from 1.
        column: from 1.
    """

    file: str
    line: int
    column: int


@dataclass(frozen=True, config=STRICT)
class Finding:
    """One broken rule at one place.

    Args:
        rule: id of the rule.
        severity: of the rule.
        place: where.
        message: what is wrong, one line.
        hint: what to do instead, one line.
    """

    rule: str
    severity: Severity
    place: Place
    message: str
    hint: str

    def __str__(self) -> str:
        where = f"{self.place.file}:{self.place.line}:{self.place.column}"
        return f"{where}: {self.severity.value}: {self.message} [{self.rule}]"


def in_order(findings: set[Finding]) -> tuple[Finding, ...]:
    """By file, line, column, rule and message: the same in every run."""
    return tuple(sorted(findings, key=lambda f: (f.place, f.rule, f.message)))
