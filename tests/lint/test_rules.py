"""Each rule finds its planted violations, at their line, and nothing in the repaired source."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lint_bench import lint_source, marked_lines, top

from fcn_hw.lint import Severity, all_rules

sys.path.insert(0, str(Path(__file__).parent))
from planted import CASES, Case

NAMES = [f"{index}-{case.rule}" for index, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_planted_violation_is_found(case: Case, tmp_path: Path) -> None:
    found = lint_source(tmp_path, case.broken).findings
    told = [(f.rule, f.message, f.place.file, f.place.line) for f in found if f.rule == case.rule]
    (line,) = marked_lines(case.broken)
    assert told == [(case.rule, case.message, "firmware/top.cpp", line)], found
    assert all(finding.hint for finding in found)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_repaired_source_is_clean(case: Case, tmp_path: Path) -> None:
    assert lint_source(tmp_path, case.clean).findings == ()


def test_sources_are_one_program(tmp_path: Path) -> None:
    """The network in a file of its own, called by a wrapper whose header only declares it."""
    inner = top("    copy<8>(in, out);").replace("void top(", "void inner(")
    inner = "\n".join(line for line in inner.split("\n") if "INTERFACE" not in line)
    outer = top("    pixels a;\n    copy<4>(in, a);\n    inner(a, out);")
    outer = outer.replace("template", '#include "inner.h"\ntemplate', 1).replace("copy", "pass")
    header = '#include "hls_stream.h"\nvoid inner(hls::stream<int> &in, hls::stream<int> &out);\n'
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "inner.cpp").write_text(
        inner.replace("to.write(", "while (true) to.write(")
    )
    report = lint_source(tmp_path, outer, inner_h=header)
    assert report.project == "top"
    (found,) = report.findings
    assert (found.rule, found.place.file, found.place.line) == (
        "loop-bound", "firmware/inner.cpp", 7
    )  # fmt: skip


def test_every_rule_has_a_planted_violation() -> None:
    assert {case.rule for case in CASES} == {rule.id for rule in all_rules()}


def test_every_rule_says_where_it_is_documented() -> None:
    for rule in all_rules():
        assert rule.title.endswith("."), rule.id
        assert "UG1399" in rule.source, rule.id
        assert rule.severity in Severity
