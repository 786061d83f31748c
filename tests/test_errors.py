"""The text, hint, log and exit status of every error."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcn_hw.errors import (
    BundleError,
    ConfigError,
    DataError,
    Deadlock,
    DoesNotFit,
    FcnHwError,
    FormatError,
    GraphError,
    Mismatch,
    ReportError,
    StreamError,
    TemplateError,
    ToolFailed,
    ToolNotFound,
    UnsupportedLayer,
    nearest,
)


@pytest.mark.parametrize(
    ("error", "text", "hint", "log", "status"),
    [
        (ConfigError("no board", hint="name one"), "no board", "name one", None, 2),
        (DataError("no folder"), "no folder", "", None, 2),
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
        (ReportError("no latency"), "no latency", "", None, 1),
        (BundleError("one differs", hint="get it again"), "one differs", "get it again", None, 1),
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
