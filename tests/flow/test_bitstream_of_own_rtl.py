"""The bitstream of a Zynq from fcn_hw's own RTL: the compiler is real, Vivado a fake.

The fake executes the emitted Tcl with tclsh; packing checks the ports of the Verilog that the
compiler wrote (``tests/support/vendor_stubs.tcl``).
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from seeded_design import quiet, seed_design, seeded_graph
from typer.testing import CliRunner
from vendor_path import put_on_path

from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.boards import load_board
from fcn_hw.cli import app
from fcn_hw.errors import ToolFailed, ToolNotFound
from fcn_hw.flow import Workspace, hardware, pipeline, vendor
from fcn_hw.flow.handoff import own_verilog, vendor_files
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.rtl import compile_emitted
from fcn_hw.report.measured import read_routed_values
from fcn_hw.rtl.front_end import CLANG, OPT
from fcn_hw.rtl.reports import RtlSynthesis
from fcn_hw.tools.find import variable

pytestmark = [
    pytest.mark.rtl,
    pytest.mark.gxx,
    pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not on PATH"),
]

BOARD = load_board("pynq-z2")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return seed_design(tmp_path_factory.mktemp("own"))


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Vivado, clang and opt, without an HLS tool."""
    for name in ("vitis_hls", "vitis-run", "vivado_hls", "vivado"):
        monkeypatch.delenv(variable(name), raising=False)
    with_tools(monkeypatch, tmp_path, "vivado")
    monkeypatch.setenv("FAKE_XILINX_LOG", str(tmp_path / "started"))
    interface = axi_interface(seeded_graph(), BOARD)
    names = [port.name for port in (*interface.inputs, *interface.outputs)]
    monkeypatch.setenv("STUB_IP_INTERFACES", " ".join(["s_axi_control", *names]))
    yield tmp_path


def with_tools(monkeypatch: pytest.MonkeyPatch, folder: Path, *programs: str) -> None:
    compilers = {}
    for name in (CLANG, OPT):
        found = shutil.which(name)
        compilers[name] = None if found is None else Path(found).resolve()
    place = put_on_path(monkeypatch, folder / "bin", *programs)
    for name, path in compilers.items():
        if path is not None:
            (place / name).symlink_to(path)


def run(workspace: Workspace, **more: object) -> tuple[hardware.HardwareRun, str]:
    output = io.StringIO()
    progress = Progress(Console(file=output, width=200))
    found = hardware.bitstream_by(workspace, BOARD, progress, **more)  # type: ignore[arg-type]
    assert isinstance(found, hardware.HardwareRun)
    return found, output.getvalue()


def started(folder: Path) -> list[str]:
    """The scripts that tools were started with, since last asked."""
    path = folder / "started"
    words = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    path.unlink(missing_ok=True)
    return [Path(word[-1]).stem for word in words if word[-1].endswith(".tcl")]


def test_the_bitstream_says_whose_rtl_it_is(
    workspace: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = workspace.project(BOARD)
    stale = project / "rtl/verilog/of_another_network.v"
    stale.parent.mkdir(parents=True)
    stale.touch()
    found, said = run(workspace)
    assert started(tools) == ["package", "impl", "bitstream"]
    assert "csynth    5 of 5 processes, fcn_hw's compiler" in said
    assert "package   IP, vivado 2022.2" in said
    assert "impl      vivado 2022.2, RTL of fcn_hw's compiler" in said
    assert not stale.exists()
    assert isinstance(found.csynth, RtlSynthesis)
    assert found.bitstream is not None and found.bitstream.bit == project / "bitstream/seeded.bit"
    assert found.bitstream.implementation.rtl == "fcn_hw's compiler"
    assert found.rows == () and not (workspace.report(BOARD) / "regression.json").exists()
    found.check()
    routed = read_routed_values(project, BOARD)
    assert routed is not None
    assert routed.tool == "routed, with DMA and interconnect, RTL of fcn_hw's compiler"
    assert "STALE" not in routed.note
    run(workspace)
    assert started(tools) == []

    # what is packed for another engineer
    graph, plan = pipeline.hls_stage(workspace, BOARD, quiet())
    files = vendor_files(project, "seeded", plan)
    assert files["C synthesis report"] is None
    assert files["bitstream"] is not None and files["timing"] is not None
    assert own_verilog(workspace, BOARD, graph, plan, quiet()) == {}  # hls.Compiler is auto
    hls = workspace.hls.model_copy(update={"Compiler": "fcn_hw"})
    design = workspace.design.model_copy(update={"hls": hls})
    asked = replace(workspace, source=replace(workspace.source, design=design))
    packed = own_verilog(asked, BOARD, graph, plan, quiet())
    assert packed["rtl/verilog/seeded_axi.v"] == (project / "rtl/verilog/seeded_axi.v").read_text()
    assert len(packed) == len(list((project / "rtl/verilog").iterdir()))

    # other Verilog of the same sources is packed and routed again
    def changed(*words: object) -> tuple[RtlSynthesis, dict[str, str]]:
        made, verilog = compile_emitted(*words)  # type: ignore[arg-type]
        return made, verilog | {"score.v": "module score; endmodule"}

    with monkeypatch.context() as patch:
        patch.setattr(hardware, "compile_emitted", changed)
        run(workspace)
    assert started(tools) == ["package", "impl", "bitstream"]

    # the HLS tool's RTL replaces it, and is not taken for up to date
    with_tools(monkeypatch, tools, "vivado", "vitis_hls")
    found, said = run(workspace)
    assert started(tools) == ["csynth", "export", "impl", "bitstream"]
    assert "impl      vivado 2022.2, RTL of vitis_hls 2022.2" in said
    assert found.bitstream is not None
    assert found.bitstream.implementation.rtl == "vitis_hls 2022.2"
    assert vendor.rtl_of(project, "impl") == "vitis_hls 2022.2"
    run(workspace, compiler="fcn_hw")
    assert started(tools) == ["package", "impl", "bitstream"]


def test_packing_fails_clearly_and_resumes(
    workspace: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(workspace)
    (workspace.project(BOARD) / ".package.stage.json").unlink()
    started(tools)
    monkeypatch.setenv("FAKE_XILINX_FAIL", "package:forget")
    with pytest.raises(ToolFailed, match=r"it left no 'rtl/ip/component\.xml'"):
        run(workspace)
    monkeypatch.delenv("FAKE_XILINX_FAIL")
    run(workspace)
    assert started(tools) == ["package", "package"]


@pytest.mark.parametrize("missing", ["vivado", CLANG])
def test_a_missing_tool_comes_first(
    workspace: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    (tools / "bin" / missing).unlink()
    monkeypatch.setattr(vendor, "hls_stage", lambda *_: pytest.fail("went on without the tool"))
    with pytest.raises(ToolNotFound) as caught:
        run(workspace)
    assert f"'{missing}' was not found on PATH" in str(caught.value)


def test_command_line(workspace: Workspace, tools: Path) -> None:
    words = ["bitstream", "seeded", "-b", "pynq-z2", "--root", str(workspace.folder.parents[1])]
    done = CliRunner().invoke(app, [*words, "--compiler", "fcn_hw"])
    assert done.exit_code == 0, done.output
    for text in (
        "C++ to Verilog by fcn_hw's compiler, 7series at 10 ns",
        "RTL of fcn_hw's compiler, routed by Vivado",
        "timing met: WNS 0.412 ns",
    ):
        assert text in done.output
    assert done.output.count("report: ") == 1
