"""Settings of all tests."""

from __future__ import annotations

import hashlib
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import cache, wraps
from pathlib import Path

import hypothesis
import pytest

from fcn_hw.errors import ToolNotFound
from fcn_hw.flow import lint
from fcn_hw.lint.check import Report, lint_project
from fcn_hw.rtl.front_end import CLANG, OPT
from fcn_hw.tools.find import find_tool

sys.path.insert(0, str(Path(__file__).parent / "support"))  # helpers that several folders share

# The same examples in every run, and no verdict that hangs on how busy the machine is.
hypothesis.settings.register_profile(
    "fcn_hw",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("fcn_hw")

_PROGRAMS = {"gxx": "g++", "clang": "clang++", "vitis": "vitis_hls", "vivado": "vivado"}

# A shell starts what runs in the background with Ctrl-C ignored, and processes inherit that: the
# tests that interrupt one need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Their files take longest: workers that begin with them end at the same time.
_LONG = ("flow", "rtl", "studies", "end_to_end", "handoff")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first; a test that needs a program skips, by the program's
    name, where that is missing."""
    items.sort(key=lambda item: item.path.parent.name not in _LONG)
    for item in items:
        if item.get_closest_marker("rtl"):
            missing = _missing_for_rtl()
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is not on PATH"))
        for marker, program in _PROGRAMS.items():
            if item.get_closest_marker(marker) and shutil.which(program) is None:
                item.add_marker(pytest.mark.skip(reason=f"{program} is not on PATH"))


@cache
def _missing_for_rtl() -> list[str]:
    """Programs that fcn_hw's compiler and its simulator start, and that are not there."""
    missing = []
    for program in (CLANG, OPT, "verilator", "make", "g++"):
        try:
            find_tool(program)
        except ToolNotFound:
            missing.append(program)
    return missing


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the emitted text to tests/golden/ instead of comparing it",
    )


@pytest.fixture(scope="session", autouse=True)
def _the_same_sources_are_linted_once() -> Iterator[None]:
    """The stage lint takes seconds and its report is a function of the sources: hundreds of tests
    emit the same few projects. ``tests/lint`` calls the rules themselves."""
    reports: dict[str, Report] = {}

    @wraps(lint_project)
    def once(folder: Path, vendor: Sequence[Path]) -> Report:
        hashed = hashlib.sha256()
        for path in sorted([*folder.glob("firmware/**/*"), *folder.glob("tb/**/*")]):
            if path.is_file():
                hashed.update(str(path.relative_to(folder)).encode() + b"\0")
                hashed.update(hashlib.sha256(path.read_bytes()).digest())
        key = hashed.hexdigest()
        if key not in reports:
            reports[key] = lint_project(folder, vendor)
        return reports[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lint, "lint_project", once)
        yield
