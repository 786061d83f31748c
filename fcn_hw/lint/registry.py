"""The rules: what each is called, where it is documented, and the function that checks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fcn_hw.lint.findings import Finding, Place, Severity

if TYPE_CHECKING:
    from fcn_hw.lint.project import Project

Breach = tuple[Place, str, str]
"""Place, message, hint."""
Check = Callable[["Project"], Iterator[Breach]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        id: in findings and documentation.
        title: what it demands, one sentence.
        source: chapter of UG1399, or what else states it.
        scope: what is looked at: ``instantiations``, ``text`` or both.
        severity: of its findings.
        check: yields a breach for every place that breaks it.
    """

    id: str
    title: str
    source: str
    scope: str
    severity: Severity
    check: Check

    def findings(self, project: Project) -> set[Finding]:
        return {
            Finding(self.id, self.severity, place, message, hint)
            for place, message, hint in self.check(project)
        }


RULES: dict[str, Rule] = {}


def rule(
    id: str,
    title: str,
    *,
    source: str,
    scope: str = "instantiations",
    severity: Severity = Severity.ERROR,
) -> Callable[[Check], Check]:
    """Registers a check as a rule."""

    def register(check: Check) -> Check:
        assert id not in RULES, f"two rules are called {id}"
        RULES[id] = Rule(id, title, source, scope, severity, check)
        return check

    return register
