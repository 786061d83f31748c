"""Which of AMD's tools is taken, how it is started, and what its logs hide."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from vendor_path import put_on_path

from fcn_hw.errors import ConfigError, NoLicence, ToolFailed, ToolNotFound
from fcn_hw.plan import Command, Plan
from fcn_hw.tools.find import variable
from fcn_hw.tools.xilinx import (
    DIALECTS,
    HlsTool,
    Version,
    VivadoTool,
    find_hls,
    find_vivado,
    read_version,
    run_tool,
)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("vitis_hls", "vitis-run", "vivado_hls", "vivado"):
        monkeypatch.delenv(variable(name), raising=False)


# -- which tool ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("programs", "version", "argv", "dialect"),
    [
        (["vitis_hls"], "2020.2", ("vitis_hls", "-f", "s.tcl"), "vitis"),
        (["vitis_hls"], "2022.2", ("vitis_hls", "-f", "s.tcl"), "vitis"),
        (["vitis_hls", "vitis-run"], "2023.2", ("vitis_hls", "-f", "s.tcl"), "vitis"),
        (
            ["vitis_hls", "vitis-run"], "2024.2",
            ("vitis-run", "--mode", "hls", "--tcl", "s.tcl"), "vitis",
        ),
        (["vitis-run"], "2025.1", ("vitis-run", "--mode", "hls", "--tcl", "s.tcl"), "vitis"),
        (["vivado_hls"], "2019.2", ("vivado_hls", "-f", "s.tcl"), "vivado_hls"),
        (["vivado_hls"], "2020.1", ("vivado_hls", "-f", "s.tcl"), "vivado_hls"),
        (["vivado_hls", "vitis_hls"], "2020.2", ("vitis_hls", "-f", "s.tcl"), "vitis"),
    ],
)  # fmt: skip
def test_hls_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: list[str], version: str,
    argv: tuple[str, ...], dialect: str,
) -> None:  # fmt: skip
    put_on_path(monkeypatch, tmp_path / "bin", *programs)
    monkeypatch.setenv("FAKE_XILINX_VERSION", version)
    tool = find_hls(tmp_path)
    assert str(tool.version) == version
    assert tool.argv("s.tcl") == argv
    assert tool.dialect.name == dialect


@pytest.mark.parametrize(
    ("program", "version", "message"),
    [
        ("vitis_hls", "2020.1", "'vitis_hls' is version 2020.1; fcn_hw needs 2020.2 or later"),
        ("vitis-run", "2023.1", "'vitis-run' is version 2023.1; fcn_hw needs 2023.2 or later"),
        ("vivado_hls", "2018.3", "'vivado_hls' is version 2018.3; fcn_hw needs 2019.2 to 2020.1"),
    ],
)
def test_wrong_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, version: str, message: str
) -> None:
    put_on_path(monkeypatch, tmp_path / "bin", program)
    monkeypatch.setenv("FAKE_XILINX_VERSION", version)
    with pytest.raises(ConfigError) as caught:
        find_hls(tmp_path)
    assert str(caught.value) == message
    assert variable(program) in caught.value.hint


def test_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(monkeypatch, tmp_path / "bin")
    with pytest.raises(ToolNotFound) as caught:
        find_hls(tmp_path)
    assert str(caught.value) == "'vitis_hls' was not found on PATH"
    assert "source its settings64.sh" in caught.value.hint
    assert "'vitis-run' and 'vivado_hls' are taken too" in caught.value.hint
    assert "FCN_HW_VITIS_HLS" in caught.value.hint
    assert caught.value.exit_status == 2
    with pytest.raises(ToolNotFound, match="'vivado' was not found on PATH"):
        find_vivado(tmp_path)


def test_a_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is named is taken, even where the usual choice is another."""
    folder = put_on_path(monkeypatch, tmp_path / "bin", "vitis_hls", "vivado_hls")
    monkeypatch.setenv("FCN_HW_VIVADO_HLS", str(folder / "vivado_hls"))
    monkeypatch.setenv("FAKE_XILINX_VERSION", "2019.2")
    assert find_hls(tmp_path) == HlsTool("vivado_hls", Version(2019, 2))


def test_vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(monkeypatch, tmp_path / "bin", "vivado")
    monkeypatch.setenv("FAKE_XILINX_VERSION", "2022.1")
    tool = find_vivado(tmp_path, Version(2022, 1))
    assert tool.argv("s.tcl") == (
        "vivado", "-mode", "batch", "-nojournal", "-nolog", "-notrace", "-source", "s.tcl",
    )  # fmt: skip
    with pytest.raises(
        ConfigError, match=r"version 2022\.1, older than the IP's, which HLS 2022\.2"
    ):
        find_vivado(tmp_path, Version(2022, 2))
    monkeypatch.setenv("FAKE_XILINX_VERSION", "2018.3")
    with pytest.raises(ConfigError, match=r"is version 2018\.3; fcn_hw needs 2019\.2 or later"):
        find_vivado(tmp_path)


def test_where_vivado_leaves_a_block_design() -> None:
    for version, suffix, offset in (
        (Version(2019, 2), "srcs", False), (Version(2020, 1), "srcs", True),
        (Version(2020, 2), "gen", True), (Version(2025, 1), "gen", True),
    ):  # fmt: skip
        tool = VivadoTool(version)
        assert (tool.generated_suffix, tool.assigns_offset) == (suffix, offset)


def test_only_one_file_knows_versions() -> None:
    """What differs between versions stands in tools/xilinx.py: no other code names one."""
    package = Path(__file__).parents[2] / "fcn_hw"
    home = package / "tools" / "xilinx.py"
    for path in package.rglob("*.py"):
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", path.read_text())
        if path not in (home, package / "tools" / "find.py"):  # that says how to get each tool
            assert not re.search(r"Version\(20\d\d|vitis-run|vivado_hls\b", code), path
    assert set(DIALECTS) == {"vitis", "vivado_hls"}


# -- versions ------------------------------------------------------------------------------------


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_version_by_the_path_of_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the tool does not tell: installations lie in a folder named after their version."""
    for text in ("echo hello", "exit 3"):
        program = script(tmp_path / "tools/Xilinx/Vitis/2024.2/bin/vitis-run", text)
        monkeypatch.setenv("FCN_HW_VITIS_RUN", str(program))
        assert read_version("vitis-run", tmp_path) == Version(2024, 2)


def test_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FCN_HW_VIVADO", str(script(tmp_path / "vivado", "echo Vivado")))
    with pytest.raises(ConfigError) as caught:
        read_version("vivado", tmp_path)
    assert str(caught.value) == "'vivado' does not tell its version"
    assert "'vivado -version' has to print 'v2024.2'" in caught.value.hint


def test_the_fake_tools_refuse_other_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake that took anything would prove nothing."""
    put_on_path(monkeypatch, tmp_path / "bin", "vitis_hls", "vitis-run", "vivado")
    monkeypatch.setenv("FAKE_XILINX_LOG", str(tmp_path / "log"))
    for argv in (("vitis_hls", "--tcl", "s"), ("vitis-run", "-f", "s"), ("vivado", "-source", "s")):
        with pytest.raises(ToolFailed):
            run_tool(Plan(stages=((Command("x", argv, 20),),)), tmp_path)
    assert json.loads((tmp_path / "log").read_text().splitlines()[0]) == ["vitis_hls", "--tcl", "s"]


# -- logs ----------------------------------------------------------------------------------------

LICENCES = [
    "ERROR: [Common 17-345] A valid license was not found for feature 'Synthesis' and/or device "
    "'xczu9eg'. Please run the Vivado License Manager for assistance.",
    "ERROR: [HLS 200-101] Failed to check out license feature 'HLS'",
    "Could not obtain the necessary license for Simulator.",
    "ERROR: Vivado Design Suite cannot be launched because a valid license was not found.",
    "FLEXnet Licensing error:-5,357",
    "The license for feature Synthesis has expired",
]


@pytest.mark.parametrize("line", LICENCES)
def test_no_licence(tmp_path: Path, line: str) -> None:
    tool = script(
        tmp_path / "vivado",
        f'echo starting\necho "{line}"\nfor i in $(seq 60); do echo $i; done\nexit 1',
    )
    with pytest.raises(NoLicence) as caught:
        run_tool(Plan(stages=((Command("impl", (str(tool),), 20),),)), tmp_path)
    assert str(caught.value) == f"'vivado' has no licence: {line}"
    assert caught.value.exit_status == 2
    assert "XILINXD_LICENSE_FILE" in caught.value.hint
    assert caught.value.log == tmp_path / "logs/impl.log"


@pytest.mark.parametrize(
    "line",
    [
        "INFO: [Common 17-349] Got license for feature 'Synthesis' and/or device 'xc7z020'",
        "# Copyright, license: see LICENSE",
        "INFO: license checkout succeeded",
    ],
)
def test_talk_of_licences_is_no_error(tmp_path: Path, line: str) -> None:
    tool = script(tmp_path / "vivado", f'echo "{line}"\nexit 1')
    with pytest.raises(ToolFailed, match="exit status 1"):
        run_tool(Plan(stages=((Command("impl", (str(tool),), 20),),)), tmp_path)


def test_the_first_error_is_shown(tmp_path: Path) -> None:
    """Its cause stands far above the last lines of a log."""
    tool = script(
        tmp_path / "vitis_hls",
        "echo 'ERROR: [HLS 207-812] fcn_hw/x.h file not found'\nseq 100\nexit 1",
    )
    with pytest.raises(ToolFailed) as caught:
        run_tool(Plan(stages=((Command("csynth", (str(tool),), 20),),)), tmp_path)
    assert caught.value.hint.splitlines()[:2] == [
        "ERROR: [HLS 207-812] fcn_hw/x.h file not found", "...",
    ]  # fmt: skip
    assert caught.value.hint.endswith("\n100")


def test_overflow_of_the_date(tmp_path: Path) -> None:
    text = "ERROR: '2603011234' is an invalid argument. Please specify an integer value."
    tool = script(tmp_path / "vitis_hls", f'echo "{text}"\nexit 1')
    with pytest.raises(ToolFailed) as caught:
        run_tool(Plan(stages=((Command("export", (str(tool),), 20),),)), tmp_path)
    assert str(caught.value) == "'vitis_hls' failed: the IP's revision number is too large"
    assert "answer record 76960" in caught.value.hint


def test_fakes_are_programs() -> None:
    folder = Path(__file__).parents[1] / "fake_tools" / "xilinx"
    for name in ("vitis_hls", "vitis-run", "vivado_hls", "vivado"):
        assert os.access(folder / name, os.X_OK)
