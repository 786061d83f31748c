"""The Tcl of C synthesis, RTL cosimulation and the IP's export, and what they leave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcn_hw.backend.axi_interface import AxiInterface
from fcn_hw.backend.block_design import IP_VENDOR, IP_VERSION, Ip
from fcn_hw.backend.jinja import render
from fcn_hw.plan import Plan
from fcn_hw.tools.xilinx import DIALECTS, HlsDialect

SOLUTION_NAME = "solution1"
COSIM_FOLDER = "cosim"
"""Below the project: the frames of RTL cosimulation and what the RTL made of them."""

COSIM_BENCH = "tb/cosim_main.cpp"
SCRIPTS = ("csynth", "cosim", "export")


@dataclass(frozen=True)
class HlsLayout:
    """Where the tools leave their results, below the project.

    Args:
        top: the synthesised function.
    """

    top: str

    @property
    def project(self) -> str:
        return f"{self.top}_prj"

    @property
    def solution(self) -> str:
        return f"{self.project}/{SOLUTION_NAME}"

    @property
    def csynth_folder(self) -> str:
        return f"{self.solution}/syn/report"

    @property
    def csynth_xml(self) -> str:
        return f"{self.csynth_folder}/{self.top}_csynth.xml"

    @property
    def csynth_rpt(self) -> str:
        return f"{self.csynth_folder}/{self.top}_csynth.rpt"

    @property
    def cosim_rpt(self) -> str:
        return f"{self.solution}/sim/report/{self.top}_cosim.rpt"

    @property
    def ip(self) -> Ip:
        made_by = "scripts/csynth.tcl and scripts/export.tcl"
        return Ip(f"{self.solution}/impl/ip", "hls", made_by)


@dataclass(frozen=True)
class HlsScripts:
    """What the templates of the HLS scripts see; see :class:`HlsLayout` for the paths."""

    top: str
    board: str
    part: str
    clock_period_ns: float
    project: str
    solution: str
    solution_name: str
    sources: tuple[str, ...]
    bench_files: tuple[str, ...]
    cflags: tuple[str, ...]
    bench_cflags: tuple[str, ...]
    open_solution_options: tuple[str, ...]
    cosim_folder: str
    vendor: str
    library: str
    version: str
    run_by: str


def hls_layout(design: str) -> HlsLayout:
    """Where the results of a graph's hardware are.

    Args:
        design: name of the graph.
    """
    return HlsLayout(f"{design}_axi")


def plan_hls_scripts(
    interface: AxiInterface,
    *,
    name: str,
    board: str,
    part: str,
    period_ns: float,
    dialect: HlsDialect = DIALECTS["vitis"],
) -> Plan:
    """The scripts ``scripts/*.tcl``; each one runs in the project's folder.

    Args:
        interface: of the top function.
        name: of the graph.
        board: its name.
        part: the device.
        period_ns: of the clock.
        dialect: of the HLS tool.
    """
    layout = HlsLayout(interface.top)
    files: dict[str, bytes | str] = {}
    for script in ("project", *SCRIPTS):
        path = f"scripts/{script}.tcl"
        context = HlsScripts(
            top=interface.top,
            board=board,
            part=part,
            clock_period_ns=period_ns,
            project=layout.project,
            solution=layout.solution,
            solution_name=SOLUTION_NAME,
            sources=(f"firmware/{name}.cpp", f"firmware/{interface.top}.cpp"),
            bench_files=(COSIM_BENCH,),
            cflags=dialect.cflags,
            bench_cflags=dialect.cflags,
            open_solution_options=dialect.open_solution_options,
            cosim_folder=COSIM_FOLDER,
            vendor=IP_VENDOR,
            library=layout.ip.library,
            version=IP_VERSION,
            run_by=dialect.run_by.format(script=path),
        )
        files[path] = render(f"tcl/{Path(path).name}.j2", context)
    return Plan(files=files)
