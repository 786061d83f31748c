"""A program is compiled again whenever a file changed that the compiler reads, and only then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from fcn_hw.flow import build as module
from fcn_hw.flow.build import build_program, program_digest
from fcn_hw.flow.progress import Progress
from fcn_hw.plan import Command, Plan

COMPILER = "#!/bin/sh\necho >> compilations\ncat firmware/weights/a.h > csim/simulate\n"
BUILD = Plan(
    stages=((Command("link", ("./compiler",), 60.0, expects=("csim/simulate",)),),),
)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Builds the project in ``tmp_path / "project"``; returns how often it was compiled so far."""
    project, ap_types = tmp_path / "project", tmp_path / "ap_types"
    for file in ("firmware/net.cpp", "firmware/weights/a.h", "tb/main.cpp", "tb/sim/lanes/b.h"):
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).write_text(file)
    ap_types.mkdir()
    (ap_types / "ap_int.h").write_text("")
    compiler = project / "compiler"
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)
    monkeypatch.setattr(module, "ap_types_folder", lambda: ap_types)

    def run() -> int:
        build_program(BUILD, project, Progress(Console(), quiet=True))
        return len((project / "compilations").read_text())

    return run


@pytest.mark.parametrize(
    "file",
    [
        "project/firmware/net.cpp", "project/firmware/weights/a.h", "project/tb/main.cpp",
        "project/tb/sim/lanes/b.h", "ap_types/ap_int.h",
    ],
)  # fmt: skip
def test_every_source_and_header_counts(
    build: Callable[[], int], tmp_path: Path, file: str
) -> None:
    assert build() == build() == 1
    before = (tmp_path / file).stat()
    (tmp_path / file).write_text("changed")
    os.utime(tmp_path / file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert build() == build() == 2


def test_a_new_or_missing_header_counts(build: Callable[[], int], tmp_path: Path) -> None:
    header = tmp_path / "project" / "firmware" / "new.h"
    assert build() == 1
    header.write_text("")
    assert build() == 2
    header.unlink()
    assert build() == build() == 3


def test_a_program_that_was_changed_is_compiled_again(
    build: Callable[[], int], tmp_path: Path
) -> None:
    assert build() == 1
    (tmp_path / "project" / "csim" / "simulate").write_text("other")
    assert build() == 2


def test_the_digest_does_not_name_the_folder(build: Callable[[], int], tmp_path: Path) -> None:
    project, moved = tmp_path / "project", tmp_path / "moved"
    before = program_digest(BUILD, project)
    project.rename(moved)
    assert program_digest(BUILD, moved) == before
