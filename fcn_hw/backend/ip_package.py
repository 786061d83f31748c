"""The Tcl that packs the Verilog of fcn_hw's compiler as an IP, with the interfaces of the driver.

The IP has the ports of the one that Vitis HLS exports: AXI4-Streams, ``s_axi_control`` with the
registers of :mod:`fcn_hw.backend.axi_interface`, ``ap_clk`` and ``ap_rst_n``. Its library tells
whose RTL is inside, in the block design and in the ``.hwh`` too.
"""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.backend.axi_interface import CONTROL_BUNDLE, AxiInterface, AxiRegister
from fcn_hw.backend.block_design import IP_VENDOR, IP_VERSION, Ip
from fcn_hw.backend.jinja import render
from fcn_hw.plan import Plan

VERILOG = "rtl/verilog"
"""Below the project: the modules of fcn_hw's compiler, a file each."""

SCRIPT = "scripts/package.tcl"

RTL_IP = Ip("rtl/ip", "rtl", SCRIPT)

REGISTER_BYTES = 0x100
"""Addresses of ``s_axi_control``, whose addresses have eight bits."""


@dataclass(frozen=True)
class PackageContext:
    """What the template of the script sees.

    Args:
        verilog: folder of the sources.
        folder: of the IP.
        project: folder of the Vivado project in which it is packed.
        streams: name and mode of each AXI4-Stream.
        control: the AXI4-Lite port, "" where the IP has none.
    """

    top: str
    part: str
    verilog: str
    folder: str
    project: str
    vendor: str
    library: str
    version: str
    description: str
    streams: tuple[tuple[str, str], ...]
    control: str
    registers: tuple[AxiRegister, ...]
    register_bytes: int


def plan_package(interface: AxiInterface, *, name: str, part: str) -> Plan:
    """The script :data:`SCRIPT`.

    Args:
        interface: of the IP.
        name: of the graph.
        part: the device that the Verilog was scheduled for.
    """
    context = PackageContext(
        top=interface.top,
        part=part,
        verilog=VERILOG,
        folder=RTL_IP.folder,
        project="rtl/packing",
        vendor=IP_VENDOR,
        library=RTL_IP.library,
        version=IP_VERSION,
        description=f"{name}, RTL by fcn_hw's compiler",
        streams=(
            *((port.name, "slave") for port in interface.inputs),
            *((port.name, "master") for port in interface.outputs),
        ),
        control=f"s_axi_{CONTROL_BUNDLE}" if interface.registers else "",
        registers=interface.registers,
        register_bytes=REGISTER_BYTES,
    )
    return Plan(files={SCRIPT: render("tcl/package.tcl.j2", context)})
