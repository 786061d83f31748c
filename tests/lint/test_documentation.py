"""docs/lint.md holds the rules as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcn_hw.lint.documentation import rule_table, with_current_table
from fcn_hw.lint.rules import all_rules

PAGE = Path(__file__).parents[2] / "docs" / "lint.md"


def test_page_is_current(pytestconfig: pytest.Config) -> None:
    text = PAGE.read_text(encoding="utf-8")
    if pytestconfig.getoption("--update-golden"):
        PAGE.write_text(with_current_table(text), encoding="utf-8")
        text = PAGE.read_text(encoding="utf-8")
    assert text == with_current_table(text)
    for rule in all_rules():
        assert text.count(f"| `{rule.id}` |") == 1


def test_table_names_source_and_severity() -> None:
    row = next(line for line in rule_table().split("\n") if "`loop-bound`" in line)
    assert row.split(" | ")[1] == "error"
    assert 'UG1399, "Variable Loop Bounds"' in row
