"""The Vivado design around the IP: processing system, DMAs, interconnect, addresses, heartbeat.

One home for the names and addresses that the block design, the driver and the C header agree on:
the cells ``axi_dma_0``, ``axi_dma_1``, ... and one named as the IP, at the addresses below. Input i
and output i share DMA i; a DMA beyond the shorter list has one direction only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fcn_hw.backend.axi_interface import CONTROL_BUNDLE, AxiInterface, AxiPort
from fcn_hw.backend.jinja import render
from fcn_hw.boards import Board, constraints_file
from fcn_hw.errors import ConfigError
from fcn_hw.plan import Plan
from fcn_hw.resources import data_folder
from fcn_hw.tools.xilinx import DEFAULT_VIVADO, VivadoTool

DMA_LENGTH_BITS = 26
"""Of the DMA's length register, the most that it has (PG021): a frame is one transfer."""

SEGMENT_BYTES = 0x10000
"""Addresses of one slave."""

FIRST_ADDRESS = {"ps7": 0x4000_0000, "psu": 0xA000_0000}
"""Where M_AXI_GP0 (UG585, "System-Level Address Map") and M_AXI_HPM0_FPD (UG1085) begin."""

VIVADO_FOLDER = "vivado"
"""Below the project: Vivado's project and its reports."""

BITSTREAM_FOLDER = "bitstream"
"""Below the project: ``<graph>.bit`` and ``<graph>.hwh``; PYNQ finds the second by the first."""

UTILIZATION = f"{VIVADO_FOLDER}/reports/utilization.rpt"
TIMING = f"{VIVADO_FOLDER}/reports/timing_summary.rpt"

IP_VENDOR, IP_VERSION = "fcn_hw", "1.0"

HEARTBEAT_S = 0.5
"""Seconds that the heartbeat is on, and off."""


@dataclass(frozen=True)
class Ip:
    """A packed IP, and whose RTL is inside.

    Args:
        folder: below the project, that holds its ``component.xml``.
        library: of its VLNV: ``hls`` of Vitis HLS, ``rtl`` of fcn_hw's compiler.
        made_by: the script or scripts that leave it.
    """

    folder: str
    library: str
    made_by: str

    @property
    def component(self) -> str:
        return f"{self.folder}/component.xml"


@dataclass(frozen=True)
class Dma:
    """An AXI DMA without scatter-gather.

    Args:
        cell: its name in the block design, and in PYNQ's overlay.
        address: of its registers.
        input: the IP's port that it feeds (MM2S), or None.
        output: the IP's port that it empties (S2MM), or None.
        width_bits: of its streams and of its memory port.
        reader: number of its MM2S port at the memory's interconnect, as Vivado writes it.
        writer: the same of its S2MM port.
        slave: the same at the registers' interconnect.
    """

    cell: str
    address: int
    input: AxiPort | None
    output: AxiPort | None
    width_bits: int
    reader: str
    writer: str
    slave: str


@dataclass(frozen=True)
class BlockDesign:
    """All that the templates of the Vivado scripts see.

    Args:
        name: of the graph, of the project and of the bitstream.
        top: the IP and its cell.
        period_ns: of the programmable logic's clock; frequency_mhz is its inverse.
        board_part: without its version; any version that is installed is taken.
        control_address: of the IP's registers, None where it has none.
        control_slave: the number of ``s_axi_control`` at the registers' interconnect.
        memory_ports: masters at the memory's interconnect.
        register_ports: slaves at the registers' interconnect, as DMAs and IP need them.
        heartbeat: whether the board has a pin for it.
        heartbeat_cycles: clock cycles that it is on.
        assigns_offset: whether ``assign_bd_address`` takes ``-offset`` (Vivado 2020.1 and later).
        generated_suffix: see :class:`fcn_hw.tools.xilinx.VivadoTool`.
    """

    name: str
    top: str
    vlnv: str
    board: str
    part: str
    board_part: str
    ps: str
    period_ns: float
    frequency_mhz: str
    dmas: tuple[Dma, ...]
    dma_length_bits: int
    dma_address_bits: int
    control: str
    control_address: int | None
    control_slave: str
    memory_ports: int
    register_ports: int
    segment_bytes: int
    heartbeat: bool
    heartbeat_cycles: int
    ip: Ip
    assigns_offset: bool
    generated_suffix: str
    utilization: str
    timing: str
    vivado_folder: str
    bitstream_folder: str


def dma_cell(index: int) -> str:
    """The cell of the DMA that serves input and output number ``index``."""
    return f"axi_dma_{index}"


def dmas(interface: AxiInterface, board: Board) -> tuple[Dma, ...]:
    """The DMAs of an IP, input i and output i together.

    Raises:
        ConfigError: a frame is longer than one transfer can be.
    """
    for port in (*interface.inputs, *interface.outputs):
        if port.bytes_per_frame >= 1 << DMA_LENGTH_BITS:
            raise ConfigError(
                f"a frame of port '{port.name}' has {port.bytes_per_frame:,} bytes; one transfer "
                f"of the DMA has at most {(1 << DMA_LENGTH_BITS) - 1:,}"
            )
    found: list[Dma] = []
    masters = 0
    for index in range(max(len(interface.inputs), len(interface.outputs))):
        source = interface.inputs[index] if index < len(interface.inputs) else None
        sink = interface.outputs[index] if index < len(interface.outputs) else None
        reader = f"{masters:02d}" if source else ""
        masters += source is not None
        writer = f"{masters:02d}" if sink else ""
        masters += sink is not None
        found.append(
            Dma(
                cell=dma_cell(index),
                address=FIRST_ADDRESS[board.ps] + SEGMENT_BYTES * index,
                input=source,
                output=sink,
                width_bits=board.axi_stream_width_bits,
                reader=reader,
                writer=writer,
                slave=f"{index:02d}",
            )
        )
    return tuple(found)


def control_address(interface: AxiInterface, board: Board) -> int | None:
    """Where the IP's registers are, behind those of the DMAs; None where it has none."""
    if interface.control == "none":
        return None
    count = max(len(interface.inputs), len(interface.outputs))
    return FIRST_ADDRESS[board.ps] + SEGMENT_BYTES * count


def has_heartbeat(board: Board) -> bool:
    """Whether the board's constraints place a port ``heartbeat``."""
    lines = constraints_file(board).read_text(encoding="utf-8").splitlines()
    return any(
        re.search(r"PACKAGE_PIN", line) and re.search(r"\bheartbeat\b", line)
        for line in lines
        if not line.lstrip().startswith("#")
    )


def plan_vivado(
    interface: AxiInterface,
    board: Board,
    *,
    name: str,
    part: str,
    period_ns: float,
    ip: Ip,
    vivado: VivadoTool | None = None,
) -> Plan:
    """The scripts of the Vivado design, its constraints and the heartbeat's source.

    Args:
        interface: of the IP.
        name: of the graph.
        part: the device that the IP was synthesised for.
        period_ns: of the clock.
        ip: whose RTL it holds.
        vivado: None writes for 2020.2 and later.

    Raises:
        ConfigError: see :func:`dmas`; or the part is not the board's.
    """
    if part != board.part:
        raise ConfigError(
            f"hls.Part is '{part}', but board '{board.name}' has '{board.part}'",
            hint="Leave hls.Part out to build a bitstream for the board.",
        )
    tool = vivado or DEFAULT_VIVADO
    found = dmas(interface, board)
    address = control_address(interface, board)
    context = BlockDesign(
        name=name,
        top=interface.top,
        vlnv=f"{IP_VENDOR}:{ip.library}:{interface.top}:{IP_VERSION}",
        board=board.name,
        part=part,
        board_part=board.board_part.rpartition(":")[0],
        ps=board.ps,
        period_ns=period_ns,
        frequency_mhz=f"{1000 / period_ns:.6g}",
        dmas=found,
        dma_length_bits=DMA_LENGTH_BITS,
        dma_address_bits=32 if board.ps == "ps7" else 40,
        control=f"s_axi_{CONTROL_BUNDLE}" if address is not None else "",
        control_address=address,
        control_slave=f"{len(found):02d}",
        memory_ports=len(interface.inputs) + len(interface.outputs),
        register_ports=len(found) + (address is not None),
        segment_bytes=SEGMENT_BYTES,
        heartbeat=has_heartbeat(board),
        heartbeat_cycles=round(HEARTBEAT_S * 1e9 / period_ns),
        ip=ip,
        assigns_offset=tool.assigns_offset,
        generated_suffix=tool.generated_suffix,
        utilization=UTILIZATION,
        timing=TIMING,
        vivado_folder=VIVADO_FOLDER,
        bitstream_folder=BITSTREAM_FOLDER,
    )
    files: dict[str, bytes | str] = {
        f"scripts/{script}.tcl": render(f"tcl/{script}.tcl.j2", context)
        for script in ("block_design", "impl", "bitstream")
    }
    files[f"constraints/{board.name}.xdc"] = constraints_file(board).read_text(encoding="utf-8")
    if context.heartbeat:
        files["hdl/heartbeat.v"] = (data_folder("templates") / "hdl" / "heartbeat.v").read_text()
    return Plan(files=files)
