"""The verb `lint`, the step of `hls`, and what is said of folders that are no project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sample_graphs import tiny_graph

from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.cli.printers.common import console
from fcn_hw.cli.printers.lint import print_lint
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError, LintFailed
from fcn_hw.flow import lint as flow_lint
from fcn_hw.flow.progress import Progress
from fcn_hw.lint import libclang, lint_project
from fcn_hw.plan import Plan
from fcn_hw.tools.runner import write_files


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fcn_hw", "lint", *words],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip


def tiny_plan() -> Plan:
    return plan_project(tiny_graph(), load_board("pynq-z2"), Hls(ReuseFactor=1))


def test_step_stops_at_an_error_and_is_skipped_when_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tiny_plan()
    write_files(plan, tmp_path)
    progress = Progress(console(stderr=True), True)
    report = flow_lint.lint_stage(tmp_path, plan, progress)
    report.check()
    stored = json.loads((tmp_path / "report" / "lint.json").read_text())
    assert (stored["errors"], stored["findings"]) == (0, [])

    def never(folder: Path) -> None:
        raise AssertionError("nothing changed")

    monkeypatch.setattr(flow_lint, "lint_folder", never)
    assert flow_lint.lint_stage(tmp_path, plan, progress) == report
    monkeypatch.undo()

    text = str(plan.files["firmware/tiny.cpp"])
    spoiled = Plan({**plan.files, "firmware/tiny.cpp": text.replace("STREAM", "STREEM", 1)})
    write_files(spoiled, tmp_path)
    failed = flow_lint.lint_stage(tmp_path, spoiled, progress)
    with pytest.raises(
        LintFailed, match="'tiny_axi' breaks the rules of Vitis HLS: 1 err"
    ) as caught:
        failed.check()
    assert "no directive is called 'STREEM'" in caught.value.hint
    assert flow_lint.lint_stage(tmp_path, spoiled, progress) == failed

    print_lint(failed)
    printed = capsys.readouterr().out
    assert "[pragma-directive]" in printed
    assert "nearest: 'stream'" in printed
    assert "1 finding: 'tiny_axi'" in printed
    done = call("--project", str(tmp_path), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == json.loads((tmp_path / "report" / "lint.json").read_text())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "lint needs a design or --project"),
        (["mine", "--project", "x"], "both a design and --project are given"),
        (["mine"], "a design needs --board"),
        (["--project", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_what_is_missing_is_told(words: list[str], message: str) -> None:
    done = call(*words)
    assert done.returncode == 2
    assert f"error: {message}" in done.stderr.replace(str(Path.cwd()) + "/", "")


def folder_of(tmp_path: Path, **sources: str) -> Path:
    (tmp_path / "firmware").mkdir()
    for name, text in sources.items():
        (tmp_path / "firmware" / f"{name}.cpp").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({}, "holds no firmware/<name>.cpp, so it is no HLS project of fcn-hw"),
        (
            {"a": "int a() { return 1; }", "b": "int b() { return 1; }"},
            "'a' and 'b' may all be the top function",
        ),
        ({"a": "int b() { return 1; }"}, "no function is called like its file: a.cpp"),
        ({"a": "int a() {\nreturn x + y; }"}, "a.cpp:2: does not compile: use of undeclared"),
        ({"a": '#include "lost.h"\n'}, "a.cpp:1: does not compile: 'lost.h' file not found"),
    ],
)
def test_no_project_gives_one_line(sources: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        lint_project(folder_of(tmp_path, **sources), [])
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_missing_libclang_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "clang", None)
    libclang.cindex.cache_clear()
    try:
        with pytest.raises(ConfigError, match="libclang, which lint reads C\\+\\+ with") as caught:
            lint_project(folder_of(tmp_path, a="int a() { return 1; }"), [])
        assert "pip install libclang" in caught.value.hint
    finally:
        monkeypatch.undo()
        libclang.cindex.cache_clear()
