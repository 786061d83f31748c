"""csynth and cosim by fcn_hw's own compiler: reports, what is skipped, a code that differs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from seeded_design import seed_design
from typer.testing import CliRunner
from vendor_path import put_on_path

from fcn_hw.boards import load_board
from fcn_hw.cli import app
from fcn_hw.errors import ConfigError, Mismatch, ToolNotFound
from fcn_hw.flow import Workspace, hardware, rtl
from fcn_hw.flow.progress import Progress
from fcn_hw.report.measured import read_rtl_values
from fcn_hw.results import read_result
from fcn_hw.rtl.reports import RtlCosim, RtlSynthesis
from fcn_hw.tools.find import variable

BOARD = load_board("pynq-z2")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return seed_design(tmp_path_factory.mktemp("rtl"))


def said(run: object, workspace: Workspace, **more: object) -> tuple[object, str]:
    output = io.StringIO()
    return run(workspace, BOARD, Progress(Console(file=output, width=200)), **more), (  # type: ignore[operator]
        output.getvalue()
    )


@pytest.mark.rtl
@pytest.mark.gxx
def test_csynth_and_cosim(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    found, text = said(rtl.rtl_csynth, workspace)
    assert "csynth    5 of 5 processes, fcn_hw's compiler" in text
    assert isinstance(found, RtlSynthesis)
    names = ["in_image_port", "conv1", "score", "class_map", "out_class_map_port"]
    assert [item.process for item in found.processes] == names
    assert found.processes[0].function == "axi_unpack"
    assert (found.compiler, found.family, found.period_ns) == ("fcn_hw", "7series", 10.0)
    assert all(item.interval == 1 for item in found.processes)
    assert {m.name for m in found.processes[1].memories} >= {"above", "conv1_weights"}
    report = workspace.report(BOARD)
    assert read_result(report / rtl.CSYNTH, RtlSynthesis) == found
    verilog = (workspace.project(BOARD) / "rtl/verilog/conv1.v").read_text()
    assert "windows.h:" in verilog and "module conv1 (" in verilog
    assert "up to date" in said(rtl.rtl_csynth, workspace)[1]

    simulated, _ = said(rtl.rtl_cosim, workspace, images=3)
    assert isinstance(simulated, RtlCosim)
    # pixels, beats of eight bytes and TLAST, and three registers
    assert (simulated.images, simulated.streams) == (3, 4 + 1 + 3)
    beats = 8 * 11 // 8
    assert simulated.values_compared == 3 * (8 * 11 * (3 + 2 + 4 + 1) + beats * 9 + 3)
    # the slowest process alone; the model lets its pipeline drain in between
    assert simulated.interval == simulated.estimated_interval <= simulated.modelled_interval
    assert simulated.first_frame <= simulated.modelled_first_frame
    assert read_result(report / rtl.COSIM, RtlCosim) == simulated
    assert "cosim     up to date" in said(rtl.rtl_cosim, workspace, images=3)[1]

    measured = read_rtl_values(workspace.project(BOARD))
    assert measured is not None
    assert measured.values == {"interval_cycles": float(simulated.interval)}
    assert "equal the oracle's" in measured.note

    right = rtl.evaluate

    def wrong(*args: object, **more: object) -> dict[str, object]:
        codes = dict(right(*args, **more))  # type: ignore[arg-type]
        codes["score"] = codes["score"].copy()
        codes["score"][1, 2, 3, 1] ^= 1
        return codes

    wrong.__module__ = right.__module__  # whose code counts for what is up to date
    monkeypatch.setattr(rtl, "evaluate", wrong)
    with pytest.raises(Mismatch) as caught:
        said(rtl.rtl_cosim, workspace, images=2)
    assert (caught.value.tensor, caught.value.index) == ("score", (1, 2, 3, 1))
    assert caught.value.expected ^ caught.value.actual == 1
    assert caught.value.count == 1
    assert caught.value.exit_status == 1


@pytest.mark.rtl
def test_one_process(workspace: Workspace) -> None:
    root = str(workspace.folder.parents[1])
    words = ["csynth", "seeded", "--board", "pynq-z2", "--root", root, "--json"]
    called = CliRunner().invoke(app, [*words, "--process", "score"])
    assert called.exit_code == 0, called.output
    (process,) = json.loads(called.stdout)["processes"]
    assert process["process"] == "score" and process["function"] == "conv2d"
    with pytest.raises(ConfigError, match="'seeded' has no process 'conv'"):
        said(rtl.rtl_csynth, workspace, process="conv")


def test_who_makes_the_rtl(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("vitis_hls", "vitis-run", "vivado_hls"):
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert hardware.chosen_compiler(workspace, BOARD, None) == "fcn_hw"
    assert hardware.chosen_compiler(workspace, BOARD, "vitis") == "vitis"
    put_on_path(monkeypatch, tmp_path / "bin", "vitis_hls")
    assert hardware.chosen_compiler(workspace, BOARD, None) == "vitis"
    assert hardware.chosen_compiler(workspace, BOARD, "fcn_hw") == "fcn_hw"
    ecp5 = load_board("ulx3s-85f")
    assert hardware.chosen_compiler(workspace, ecp5, None) == "fcn_hw"
    with pytest.raises(ConfigError, match="Vitis HLS has no device of board 'ulx3s-85f'"):
        hardware.chosen_compiler(workspace, ecp5, "vitis")


@pytest.mark.gxx
def test_a_missing_clang_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, plan = rtl.hls_stage(workspace, BOARD, Progress(Console(quiet=True), quiet=True))
    monkeypatch.setattr(rtl, "hls_stage", lambda *_: (graph, plan))
    monkeypatch.setattr(rtl, "cores", lambda: 1)
    monkeypatch.setattr(rtl, "RTL", "elsewhere")
    monkeypatch.setenv("PATH", "/none")
    monkeypatch.delenv(variable("clang++-16"), raising=False)
    with pytest.raises(ToolNotFound, match=r"'clang\+\+-16' was not found on PATH") as told:
        said(rtl.rtl_csynth, workspace)
    assert "the Debian package clang-16" in told.value.hint
    assert told.value.exit_status == 2
