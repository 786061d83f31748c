"""The emitted Tcl, executed: golden call logs for every kind of board and every dialect.

``tests/support/vendor_stubs.tcl`` checks each call: options, words, files, pins and interfaces of
the block design, what is left unconnected, overlapping addresses.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sample_graphs import tiny_graph, two_in_three_out
from tcl_calls import Calls, run_tcl

from fcn_hw.backend.axi_interface import AxiInterface, axi_interface
from fcn_hw.backend.block_design import (
    control_address,
    dmas,
    has_heartbeat,
    plan_vivado,
)
from fcn_hw.backend.hls_scripts import HlsLayout, hls_layout, plan_hls_scripts
from fcn_hw.backend.ip_package import RTL_IP, SCRIPT, VERILOG
from fcn_hw.backend.project import plan_project, plan_scripts
from fcn_hw.backend.structure import choose_structure
from fcn_hw.boards import Board, board_names, load_board
from fcn_hw.design import Hls, RtlCompiler
from fcn_hw.errors import ConfigError
from fcn_hw.fixed import FixedFormat
from fcn_hw.flow.rtl import axi_of
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.plan import Plan
from fcn_hw.rtl.axi import axi_verilog
from fcn_hw.tools.runner import write_files
from fcn_hw.tools.xilinx import DIALECTS, Version, VivadoTool

pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not on PATH")

GOLDEN = Path(__file__).parent.parent / "golden" / "calls"
HLS_SCRIPTS = ("csynth", "cosim", "export")
OLD = VivadoTool(Version(2019, 2))


def project(folder: Path, interface: AxiInterface, plan: Plan, name: str) -> Path:
    """A folder with the scripts and the files that they name, as far as they are not emitted."""
    write_files(plan, folder)
    for path in (f"firmware/{name}.cpp", f"firmware/{interface.top}.cpp", "tb/cosim_main.cpp"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).touch()
    component = folder / HlsLayout(interface.top).ip.component
    component.parent.mkdir(parents=True)
    component.touch()
    return folder


def ports(interface: AxiInterface) -> dict[str, str]:
    """What the stubs must know of the IP."""
    names = [port.name for port in (*interface.inputs, *interface.outputs)]
    control = ["s_axi_control"] if interface.control == "axi_lite" else []
    return {"STUB_IP_INTERFACES": " ".join([*control, *names])}


def vivado_calls(
    folder: Path, graph: Graph, board: Board, tool: VivadoTool | None = None, **more: str
) -> Calls:
    interface = axi_interface(graph, board)
    plan = plan_scripts(graph, board, Hls(), vivado=tool)
    project(folder, interface, plan, graph.name)
    old = {"STUB_OLD_VIVADO": "1"} if tool is OLD else {}
    hwh = Path(f"{graph.name}.{(tool or VivadoTool(Version(2020, 2))).generated_suffix}")
    generated = folder / "vivado" / hwh / "sources_1/bd" / graph.name / "hw_handoff"
    environment = {**ports(interface), **old, **more}
    first = run_tcl("scripts/impl.tcl", folder, "vivado", environment)
    if first.status:
        return first
    generated.mkdir(parents=True)
    (generated / f"{graph.name}.hwh").touch()
    second = run_tcl("scripts/bitstream.tcl", folder, "vivado", environment)
    return Calls(second.status, first.calls + "\n" + second.calls, first.output + second.output)


def check(name: str, text: str, pytestconfig: pytest.Config) -> None:
    """Compares with the golden file; read the difference before you refresh it."""
    path = GOLDEN / name
    if pytestconfig.getoption("--update-golden"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), name


# -- golden call logs ----------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_hls(tmp_path: Path, dialect: str, pytestconfig: pytest.Config) -> None:
    graph, board = tiny_graph(), load_board("pynq-z2")
    interface = axi_interface(graph, board)
    plan = plan_scripts(graph, board, Hls(), dialect=DIALECTS[dialect])  # type: ignore[index]
    folder = project(tmp_path, interface, plan, "tiny")
    text = ""
    for script in HLS_SCRIPTS:
        found = run_tcl(f"scripts/{script}.tcl", folder, dialect)
        assert found.status == 0, found.output
        text += f"# {script}.tcl\n{found.calls}\n"
        (folder / hls_layout("tiny").solution / "syn").mkdir(exist_ok=True)
    check(f"hls-{dialect}.txt", text, pytestconfig)


@pytest.mark.parametrize(
    ("name", "board", "tool", "graph"),
    [
        ("ps7-heartbeat", "pynq-z2", None, tiny_graph()),
        ("psu", "zcu104", None, tiny_graph()),
        ("ps7-vivado-2019.2", "arty-z7-20", OLD, tiny_graph()),
        ("psu-three-dmas", "kv260", None, two_in_three_out()),
    ],
)
def test_vivado(
    tmp_path: Path, name: str, board: str, tool: VivadoTool | None, graph: Graph,
    pytestconfig: pytest.Config,
) -> None:  # fmt: skip
    found = vivado_calls(tmp_path, graph, load_board(board), tool)
    assert found.status == 0, found.output
    check(f"vivado-{name}.txt", found.calls, pytestconfig)
    for suffix in ("bit", "hwh"):
        if suffix == "hwh":
            assert (tmp_path / f"bitstream/{graph.name}.hwh").is_file()
        assert f"bitstream/{graph.name}.bit" in found.calls


@pytest.mark.parametrize("board", [b for b in board_names() if load_board(b).ecp5 is None])
def test_every_board(tmp_path: Path, board: str) -> None:
    found = vivado_calls(tmp_path, tiny_graph(), load_board(board))
    assert found.status == 0, found.output
    assert (("heartbeat_counter" in found.calls), has_heartbeat(load_board(board))) in (
        (True, True), (False, False),
    )  # fmt: skip


def test_without_control_registers(tmp_path: Path) -> None:
    board = load_board("pynq-z2").model_copy(update={"control": "none"})
    found = vivado_calls(tmp_path, tiny_graph(), board)
    assert found.status == 0, found.output
    assert "s_axi_control" not in found.calls
    assert "CONFIG.NUM_MI 1} registers" in found.calls


# -- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"STUB_NO_BOARDS": "1"}, "has no board files of tul.com.tw:pynq-z2:part0"),
        ({"STUB_NO_IP": "smartconnect"}, "this Vivado has no IP 'smartconnect'"),
        ({"STUB_RUN_FAILS": "synth_1"}, "run synth_1: ERROR"),
        ({"STUB_RUN_FAILS": "impl_1"}, "run impl_1: ERROR"),
        ({"STUB_OLD_VIVADO": "1"}, "assign_bd_address: unknown option -target_address_space"),
    ],
)
def test_vivado_gives_up(tmp_path: Path, environment: dict[str, str], message: str) -> None:
    found = vivado_calls(tmp_path, tiny_graph(), load_board("pynq-z2"), **environment)
    assert found.status == 1
    assert message in found.output
    assert "report_utilization" not in found.calls


def test_errors_of_runs_are_shown(tmp_path: Path) -> None:
    """Vivado does the work in runs with logs of their own."""
    log = tmp_path / "vivado/tiny.runs/synth_1/runme.log"
    log.parent.mkdir(parents=True)
    log.write_text("INFO: fine\nERROR: [Synth 8-439] module 'x' not found\n")
    found = vivado_calls(tmp_path, tiny_graph(), load_board("pynq-z2"), STUB_RUN_FAILS="synth_1")
    assert "ERROR: [Synth 8-439] module 'x' not found" in found.output
    assert "INFO: fine" not in found.output


def test_no_ip(tmp_path: Path) -> None:
    graph, board = tiny_graph(), load_board("pynq-z2")
    interface = axi_interface(graph, board)
    project(tmp_path, interface, plan_scripts(graph, board, Hls()), "tiny")
    shutil.rmtree(tmp_path / "tiny_axi_prj")
    found = run_tcl("scripts/impl.tcl", tmp_path, "vivado", ports(interface))
    assert found.status == 1
    assert "holds no IP: run scripts/csynth.tcl and scripts/export.tcl first" in found.output


@pytest.mark.parametrize("script", ["cosim", "export"])
def test_csynth_comes_first(tmp_path: Path, script: str) -> None:
    graph, board = tiny_graph(), load_board("pynq-z2")
    interface = axi_interface(graph, board)
    project(tmp_path, interface, plan_scripts(graph, board, Hls()), "tiny")
    shutil.rmtree(tmp_path / "tiny_axi_prj")
    found = run_tcl(f"scripts/{script}.tcl", tmp_path, "vitis")
    assert found.status == 1
    assert "ERROR: open_project tiny_axi_prj: no project" in found.output


@pytest.mark.parametrize(
    "missing", ["firmware/tiny.cpp", "firmware/tiny_axi.cpp", "tb/cosim_main.cpp"]
)
def test_missing_sources(tmp_path: Path, missing: str) -> None:
    graph, board = tiny_graph(), load_board("pynq-z2")
    interface = axi_interface(graph, board)
    project(tmp_path, interface, plan_scripts(graph, board, Hls()), "tiny")
    (tmp_path / missing).unlink()
    found = run_tcl("scripts/csynth.tcl", tmp_path, "vitis")
    assert found.status == 1
    assert f"no such file: {missing}" in found.output
    assert "csynth_design" not in found.calls


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("connect_pins $clock registers/", "connect_pins $clok registers/", 'can\'t read "clok"'),
        ("save_bd_design", "safe_bd_design", 'invalid command name "safe_bd_design"'),
        ("axi_dma_0/m_axi_mm2s_aclk", "axi_dma_0/mm2s_aclk", "has no pins 'mm2s_aclk'"),
        ("connect_pins $clock axi_dma_0/m_axi_s2mm_aclk", "", "axi_dma_0/m_axi_s2mm_aclk is open"),
        ("connect_interface axi_dma_0/M_AXI_MM2S frames/S00_AXI", "", "is open"),
        ("NUM_SI 2", "NUM_SI 3", "frames/S02_AXI is open"),
        ("create_project -force", "create_project -fast", "unknown option -fast"),
        ("assign_registers axi_dma_0/S_AXI_LITE/Reg 0x40000000", "", "axi_dma_0 has no address"),
        ("Reg 0x40010000", "Reg 0x40008000", "overlaps"),
        ("update_compile_order", "update_compile_order x", "takes 0 to 0"),
        ("constraints/pynq-z2.xdc", "constraints/pynq.xdc", "no such file: constraints/pynq.xdc"),
        ("set resetn resets", "set resetn {resets", "missing close-brace"),
    ],
)  # fmt: skip
def test_the_stubs_find_mistakes(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The check that checks: a planted mistake does not pass."""
    graph, board = tiny_graph(), load_board("pynq-z2")
    interface = axi_interface(graph, board)
    plan = plan_scripts(graph, board, Hls())
    path = "scripts/block_design.tcl"
    text = str(plan.files[path])
    assert old in text
    broken = Plan(files={**plan.files, path: text.replace(old, new)})
    project(tmp_path, interface, broken, "tiny")
    found = run_tcl("scripts/impl.tcl", tmp_path, "vivado", ports(interface))
    assert found.status == 1
    assert message in found.output


# -- the IP of fcn_hw's compiler -----------------------------------------------------------------


def package_calls(
    folder: Path, graph: Graph, board: Board, change: tuple[str, str] = ("", "")
) -> Calls:
    """``package.tcl`` on the top of the wrapper's Verilog.

    Args:
        change: text of the script, and what it is replaced by.
    """
    plan = plan_project(graph, board, Hls(Compiler="fcn_hw"))
    script = str(plan.files[SCRIPT])
    assert change[0] in script
    top = axi_of(graph, plan, board)
    files = {SCRIPT: script.replace(*change), f"{VERILOG}/{top.name}.v": axi_verilog(top)}
    write_files(Plan(files=files), folder)
    return run_tcl(SCRIPT, folder, "vivado")


@pytest.mark.parametrize(
    ("name", "board", "control", "graph"),
    [
        ("ps7", "pynq-z2", "axi_lite", tiny_graph()),
        ("psu-five-streams", "kv260", "axi_lite", two_in_three_out()),
        ("no-registers", "pynq-z2", "none", tiny_graph()),
    ],
)
def test_package(
    tmp_path: Path, name: str, board: str, control: str, graph: Graph, pytestconfig: pytest.Config
) -> None:
    """Each port of the Verilog is in an interface, and the registers are the driver's."""
    target = load_board(board).model_copy(update={"control": control})
    found = package_calls(tmp_path, graph, target)
    assert found.status == 0, found.output
    check(f"package-{name}.txt", found.calls, pytestconfig)
    plan = plan_project(graph, target, Hls())
    interface = axi_interface(graph, target)
    packed = dict(re.findall(r"set_property address_offset (\w+) register:(\w+)", found.calls))
    offsets = {name: int(offset, 16) for offset, name in packed.items()}
    assert offsets == {register.name: register.offset for register in interface.registers}
    assert axi_of(graph, plan, target).registers == {
        name: offset for name, offset in offsets.items() if name != "ctrl"
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("TDATA TKEEP", "TKEEP", "no interface has the ports in_image_TDATA out_class_map_TDATA"),
        ("in_image interface:axis slave", "in_image interface:axis master", "is not"),
        ("add_axi $core out_class_map", "# $core", "no interface has the ports out_class_map_"),
        ("AWADDR AWVALID", "AWPROT AWVALID", "no port 's_axi_control_AWPROT' that is free"),
        ("{CLK ap_clk}", "{CLK ap_rst_n}", "that is free"),
        ("-busif $name -clock ap_clk", "-clock ap_clk", "has no clock"),
        ("-clock ap_clk -reset ap_rst_n", "-clock ap_clk -reset ap_rst", "no object of the IP"),
        ("ipx::remove_memory_map", "#", "a memory map that was guessed is left"),
        ("ipx::add_memory_map", "ipx::get_memory_map", "invalid command name"),
        ("rtl/verilog", "rtl", "rtl holds no tiny_axi.v: run fcn-hw bitstream"),
    ],
)
def test_the_stubs_find_mistakes_of_the_packaging(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    found = package_calls(tmp_path, tiny_graph(), load_board("pynq-z2"), (old, new))
    assert found.status == 1
    assert message in found.output


def test_whose_ip_the_block_design_takes(tmp_path: Path) -> None:
    """fcn_hw's only where design or caller asks for it; an IP of the other is not taken."""
    graph, board = tiny_graph(), load_board("pynq-z2")
    interface = axi_interface(graph, board)

    def text(hls: Hls, compiler: RtlCompiler | None = None) -> str:
        files = plan_scripts(graph, board, hls, compiler=compiler).files
        return str(files["scripts/block_design.tcl"])

    ours, vitis = text(Hls(Compiler="fcn_hw")), text(Hls())
    assert "-vlnv fcn_hw:rtl:tiny_axi:1.0" in ours and "-vlnv fcn_hw:hls:tiny_axi:1.0" in vitis
    assert text(Hls(), "fcn_hw") == ours
    assert text(Hls(Compiler="fcn_hw"), "vitis") == text(Hls(Compiler="vitis")) == vitis
    plan = plan_scripts(graph, board, Hls(Compiler="fcn_hw"))
    project(tmp_path, interface, plan, "tiny")
    found = run_tcl("scripts/impl.tcl", tmp_path, "vivado", ports(interface))
    assert found.status == 1
    assert "rtl/ip holds no IP: run scripts/package.tcl first" in found.output
    write_files(Plan(files={RTL_IP.component: ""}), tmp_path)
    found = run_tcl("scripts/impl.tcl", tmp_path, "vivado", ports(interface))
    assert found.status == 0, found.output
    assert "set_property ip_repo_paths rtl/ip" in found.calls


# -- names and addresses -------------------------------------------------------------------------


def test_dmas_and_addresses() -> None:
    board = load_board("kv260")
    interface = axi_interface(two_in_three_out(), board)
    found = dmas(interface, board)
    rows = [
        (dma.cell, dma.address, dma.input and dma.input.name, dma.output and dma.output.name)
        for dma in found
    ]
    assert rows == [
        ("axi_dma_0", 0xA0000000, "in_left", "out_both"),
        ("axi_dma_1", 0xA0010000, "in_right", "out_positive"),
        ("axi_dma_2", 0xA0020000, None, "out_mixed"),
    ]
    assert [(dma.reader, dma.writer) for dma in found] == [("00", "01"), ("02", "03"), ("", "04")]
    assert control_address(interface, board) == 0xA0030000
    none = board.model_copy(update={"control": "none"})
    assert control_address(axi_interface(two_in_three_out(), none), none) is None


def test_a_frame_must_fit_into_a_transfer() -> None:
    board = load_board("pynq-z2")
    interface = axi_interface(tiny_graph(), board)
    long = replace(interface.inputs[0], bytes_per_frame=1 << 26)
    with pytest.raises(ConfigError) as caught:
        dmas(replace(interface, inputs=(long,)), board)
    assert str(caught.value) == (
        "a frame of port 'in_image' has 67,108,864 bytes; one transfer of the DMA has at most "
        "67,108,863"
    )
    build = GraphBuilder("net")
    build.relu("wide", build.input("image", (65536, 65536, 1), FixedFormat(False, 8, 0)))
    with pytest.raises(ConfigError, match="'in_image' has 4,294,967,296 bytes"):  # at once
        choose_structure(build.finish("wide"), board, Hls())


def test_another_part_has_no_block_design() -> None:
    graph, board = tiny_graph(), load_board("pynq-z2")
    plan = plan_scripts(graph, board, Hls(Part="xc7a35ticsg324-1L"))
    assert "scripts/csynth.tcl" in plan.files
    assert "scripts/impl.tcl" not in plan.files
    with pytest.raises(ConfigError, match=r"hls\.Part is 'xc7a35t', but board 'pynq-z2' has"):
        plan_vivado(
            axi_interface(graph, board), board, name="tiny", part="xc7a35t", period_ns=10.0,
            ip=HlsLayout("tiny_axi").ip,
        )  # fmt: skip


def test_period() -> None:
    """The clock of the design, not the board's, in HLS and in the block design."""
    board = load_board("pynq-z2")
    plan = plan_project(tiny_graph(), board, Hls(ReuseFactor=4, ClockPeriod=7.5))
    assert "set clock_period_ns 7.5\n" in str(plan.files["scripts/project.tcl"])
    text = str(plan.files["scripts/block_design.tcl"])
    assert "CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 133.333 " in text
    assert "CONFIG.HALF_PERIOD_CYCLES 66666667 " in text


def test_scripts_name_no_machine() -> None:
    for path, data in plan_hls_scripts(
        axi_interface(tiny_graph(), load_board("zcu104")),
        name="tiny", board="zcu104", part="p", period_ns=5.0,
    ).files.items():  # fmt: skip
        assert not re.search(r"(?<![.\w$}])/[a-z]+/", str(data)), path
