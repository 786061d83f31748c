"""The text, hint, log and exit status of every error."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.table import Table

from fcn_hw.errors import (
    MAX_PROBLEMS,
    MAX_SHOWN,
    BundleError,
    Busy,
    ConfigError,
    DataError,
    Deadlock,
    DoesNotFit,
    FcnHwError,
    FormatError,
    GraphError,
    JobFailed,
    LintFailed,
    Mismatch,
    NoLicence,
    NotSynthesizable,
    Regression,
    ReportError,
    StorageError,
    StreamError,
    TemplateError,
    TimingNotMet,
    ToolFailed,
    ToolNotFound,
    UnsupportedLayer,
    nearest,
)
from fcn_hw.terminal import Terminal


@pytest.mark.parametrize(
    ("error", "text", "hint", "log", "status"),
    [
        (ConfigError("no board", hint="name one"), "no board", "name one", None, 2),
        (DataError("no folder"), "no folder", "", None, 2),
        (Busy("folder 'x' is in use", hint="wait"), "folder 'x' is in use", "wait", None, 1),
        (FormatError("too wide"), "too wide", "", None, 2),
        (TemplateError("no value"), "no value", "", None, 2),
        (
            UnsupportedLayer("act", "softmax is not exact", hint="leave it out"),
            "layer 'act': softmax is not exact", "leave it out", None, 2,
        ),
        (GraphError(["one"]), "graph: one", "", None, 2),
        (GraphError(["one", "two"], where="file"), "file: one (and 1 more)", "two", None, 2),
        (
            ToolNotFound("g++", "Install it.", "FCN_HW_GXX"),
            "'g++' was not found on PATH",
            "Install it. Or set FCN_HW_GXX to its full path.", None, 2,
        ),
        (
            ToolFailed(("/usr/bin/g++", "-c"), Path("a.log"), "last line", "exit status 1"),
            "'g++' failed: exit status 1", "last line", Path("a.log"), 1,
        ),
        (
            LintFailed("net", ["a.h:1:2: error: x", "b.h:3:4: error: y"]),
            "'net' breaks the rules of Vitis HLS: 2 errors",
            "a.h:1:2: error: x\nb.h:3:4: error: y", None, 1,
        ),
        (
            NotSynthesizable("f.h:3", "'fadd' can't be hardware", process="conv1", hint="Do."),
            "process 'conv1', f.h:3: 'fadd' can't be hardware", "Do.", None, 1,
        ),
        (ReportError("no latency"), "no latency", "", None, 1),
        (
            JobFailed("conv1-weights-2", "it died", hint="run it again", log=Path("a.log")),
            "job 'conv1-weights-2' failed: it died", "run it again", Path("a.log"), 1,
        ),
        (StorageError("no answer", hint="try again"), "no answer", "try again", None, 1),
        (BundleError("one differs", hint="get it again"), "one differs", "get it again", None, 1),
        (
            NoLicence("vivado", "ERROR: none", Path("a.log")),
            "'vivado' has no licence: ERROR: none",
            "Set XILINXD_LICENSE_FILE to a licence file or to port@server. Vivado's free edition "
            "builds for xc7z020, xczu3eg, xczu7ev and Kria; xczu9eg needs a licence.",
            Path("a.log"), 2,
        ),
        (
            TimingNotMet(Path("t.rpt"), ["WNS -1 ns", "WHS -2 ns"], 7.5),
            "timing is not met at 7.5 ns: WNS -1 ns, WHS -2 ns",
            "Give hls.ClockPeriod a larger value in design.yaml. The paths are in the report.",
            Path("t.rpt"), 1,
        ),
        (
            Regression(Path("r.json"), ["a is 2", "b is 3"]),
            "worse than before: a is 2 (and 1 more)",
            "b is 3\nThresholds are in section 'regression' of design.yaml.",
            Path("r.json"), 1,
        ),
        (
            Mismatch("conv1", (0, 1, 2, 3), 5, -6, 7),
            "'conv1' differs at (0, 1, 2, 3): expected code 5, got -6 (7 codes differ)",
            "", None, 1,
        ),
        (
            Deadlock("net", ["a waits for b", "b waits for a"], ["s"], ["s 2/2"]),
            "'net' deadlocks: 2 processes wait for one another, 's' is full",
            "a waits for b\nb waits for a\nmake 's' deeper\nFIFOs: s 2/2", None, 1,
        ),
        (
            Deadlock("net", ["a waits for b", "b waits for a"], ["s", "t"], ["s 2/2", "t 1/1"]),
            "'net' deadlocks: 2 processes wait for one another, 's' and 't' are full",
            "a waits for b\nb waits for a\nmake 's' and 't' deeper\nFIFOs: s 2/2, t 1/1", None, 1,
        ),
        (
            StreamError("net", "'a' reads 3 pixels of 's', which has 2", ["s 0/2"]),
            "'net': 'a' reads 3 pixels of 's', which has 2", "FIFOs: s 0/2", None, 1,
        ),
        (
            DoesNotFit("pynq-z2", "DSP", 300, 220, hint="raise ReuseFactor"),
            "pynq-z2: needs 300 DSP, has 220", "raise ReuseFactor", None, 1,
        ),
    ],
)  # fmt: skip
def test_text(error: FcnHwError, text: str, hint: str, log: Path | None, status: int) -> None:
    assert (str(error), error.hint, error.log, error.exit_status) == (text, hint, log, status)
    assert error.message == text


def test_every_class_is_tested_above() -> None:
    [mark] = [m for m in test_text.pytestmark if m.name == "parametrize"]  # type: ignore[attr-defined]
    assert {type(row[0]) for row in mark.args[1]} == set(FcnHwError.__subclasses__())


def test_fields_are_kept() -> None:
    assert UnsupportedLayer("act", "why").layer == "act"
    assert GraphError(["one", "two"]).diagnostics == ("one", "two")
    assert ToolFailed(["g++", "-c"], None, "tail", "why").argv == ("g++", "-c")
    mismatch = Mismatch("conv1", (0, 1), 5, -6, 7)
    assert (mismatch.tensor, mismatch.index) == ("conv1", (0, 1))
    assert (mismatch.expected, mismatch.actual, mismatch.count) == (5, -6, 7)


def test_fields_of_vendor_errors() -> None:
    assert NoLicence("vivado", "line", None).tool == "vivado"
    assert TimingNotMet(Path("t"), ["a"], 5.0).slacks == ("a",)
    assert Regression(Path("r"), ["a"]).rows == ("a",)
    assert ToolFailed(["g++"], None, "tail", "why").reason == "why"


def test_several_layers_in_one_error() -> None:
    error = UnsupportedLayer.together(
        [
            UnsupportedLayer("a", "is bad", hint="mend a"),
            UnsupportedLayer("b", "is worse", hint="mend b"),
        ]
    )
    assert str(error) == "layer 'a': is bad"
    assert error.hint == "mend a\nlayer 'b': is worse: mend b"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("pynq-z1", "'pynq-z2'"), ("kv", "'kv260'"), ("qqq", "'kv260', 'pynq-z2', 'zcu104'")],
)
def test_nearest(name: str, expected: str) -> None:
    assert nearest(name, ["zcu104", "pynq-z2", "kv260"]) == expected


def test_what_can_not_be_printed_is_shown_as_its_code() -> None:
    error = ConfigError("a\nb\x1b[31m\ud800 é日", hint="one\ntwo")
    assert str(error) == error.message == "a\\nb\\x1b[31m\\ud800 é日"
    assert error.hint == "one\ntwo"


def test_long_names_are_cut() -> None:
    error = UnsupportedLayer("n" * 1000, "why")
    assert str(error) == f"layer '{'n' * MAX_SHOWN}...': why"
    assert error.layer == "n" * 1000


def test_very_many_layers_are_counted() -> None:
    problems = [UnsupportedLayer(str(number), "why", hint="do") for number in range(5000)]
    lines = UnsupportedLayer.together(problems).hint.splitlines()
    assert lines[:2] == ["do", "layer '1': why: do"]
    assert lines[-1] == f"and {5000 - 1 - MAX_PROBLEMS:,} more"
    assert len(lines) == 1 + MAX_PROBLEMS + 1


def test_control_characters_are_shown_as_their_codes() -> None:
    error = UnsupportedLayer("a\x1b[31m\nb", "c\x00\td", hint="e\x9b2J\nf\x07")
    assert error.message == r"layer 'a\x1b[31m\nb': c\x00\td"
    assert error.hint == "e\\x9b2J\nf\\x07"
    error = ToolFailed(("g++",), None, "\x1b[1merror", "exit status 1")
    assert error.hint == r"\x1b[1merror"
    out = io.StringIO()
    table = Table("a\x1b]0;title\x07")
    table.add_row("b\x00", "\x1b[2J")
    console = Terminal(file=out, force_terminal=True, width=80)
    console.print("[red]x\x1b[2Jy[/]", table)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())  # rich's own colours
    assert r"x\x1b[2Jy" in shown and r"a\x1b]0;title\x07" in shown and r"b\x00" in shown
    assert "\x1b" not in shown and "\x00" not in shown and "\x07" not in shown
