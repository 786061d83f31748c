"""The AXI interface of a graph's hardware: ports, their bytes, the control registers.

One home for what the wrapper, the driver, the block design and the hand-off have to agree on. The
synthesised top function is ``<graph>_axi``. Each input and output tensor of the graph is one
AXI4-Stream port; a frame is one packet, TLAST on its last beat. A frame's bytes are the integer
codes in (row, column, channel) order, little-endian, each in the narrowest of 1, 2, 4 and 8 bytes;
beats are filled with them without gaps, so only the last beat of a frame may be ragged (TKEEP).

Registers follow UG1399, "S_AXILITE Control Register Map": 0x00 to 0x18 belong to the block
protocol. Every argument has its address by the pragma's ``offset``, so no address depends on the
version of the tool; the word behind an output's data holds its ``ap_vld`` bit, which nothing here
needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fcn_hw.boards import Board
from fcn_hw.fixed import FixedFormat
from fcn_hw.ir import Graph
from fcn_hw.ir.axi_cycles import frame_beats
from fcn_hw.ir.outputs import meaning

CONTROL_BUNDLE = "control"
"""The AXI4-Lite port of the IP is ``s_axi_control``."""

AP_START = 1 << 0
AUTO_RESTART = 1 << 7
"""Bits of the register ``ctrl`` (UG1399): start, and start again after every frame."""

FIRST_OFFSET, OFFSET_STEP = 0x20, 0x10


@dataclass(frozen=True)
class AxiPort:
    """An AXI4-Stream port.

    Args:
        name: of the port, ``in_<tensor>`` or ``out_<tensor>``.
        direction: as the IP sees it.
        tensor: the graph's tensor whose codes pass.
        shape: (height, width, channels) of a frame.
        format: of every element.
        data_width_bits: of TDATA.
        bytes_per_element: 1, 2, 4 or 8.
        bytes_per_frame: what a DMA moves for one frame.
        beats_per_frame: transfers of a frame, the last one perhaps ragged.
        meaning: what a code stands for: ``"code * 1/255"``, or a class.
    """

    name: str
    direction: Literal["in", "out"]
    tensor: str
    shape: tuple[int, int, int]
    format: FixedFormat
    data_width_bits: int
    bytes_per_element: int
    bytes_per_frame: int
    beats_per_frame: int
    meaning: str


@dataclass(frozen=True)
class AxiRegister:
    """A 32-bit register of the AXI4-Lite port.

    Args:
        name: of the top function's argument; ``ctrl`` is the block protocol's.
        offset: byte address in the port; None where only synthesis tells it.
        access: ``"read"`` or ``"read/write"``.
        meaning: one sentence.
    """

    name: str
    offset: int | None
    access: Literal["read", "read/write"]
    meaning: str


@dataclass(frozen=True)
class AxiInterface:
    """All of the IP's ports beside clock and reset.

    Args:
        top: the synthesised function, the name of the IP.
        inputs, outputs: streams, in the graph's order.
        control: ``"axi_lite"``: ``s_axi_control`` starts the IP and tells counters; ``"none"``: it
            runs from reset on and has no register.
        registers: of ``s_axi_control``, by address; empty without it.
    """

    top: str
    inputs: tuple[AxiPort, ...]
    outputs: tuple[AxiPort, ...]
    control: Literal["axi_lite", "none"]
    registers: tuple[AxiRegister, ...]


def axi_interface(graph: Graph, board: Board) -> AxiInterface:
    """The interface of a graph on a board."""
    width = board.axi_stream_width_bits
    inputs = tuple(_port(graph, op.name, "in", width) for op in graph.inputs)
    outputs = tuple(_port(graph, name, "out", width) for name in graph.outputs)
    registers = _registers(inputs) if board.control == "axi_lite" else ()
    return AxiInterface(f"{graph.name}_axi", inputs, outputs, board.control, registers)


def design_id(graph_digest: str) -> int:
    """What the register ``design_id`` tells: the first 32 bits of a graph's digest."""
    return int(graph_digest[:8], 16)


def _port(graph: Graph, name: str, direction: Literal["in", "out"], width_bits: int) -> AxiPort:
    tensor = graph.tensor(name)
    element = tensor.format.code_bytes
    return AxiPort(
        name=f"{direction}_{tensor.name}",
        direction=direction,
        tensor=tensor.name,
        shape=tensor.shape,
        format=tensor.format,
        data_width_bits=width_bits,
        bytes_per_element=element,
        bytes_per_frame=tensor.size * element,
        beats_per_frame=frame_beats(tensor, width_bits),
        meaning=meaning(graph, name),
    )


def _registers(inputs: tuple[AxiPort, ...]) -> tuple[AxiRegister, ...]:
    read = [
        ("frames", "Frames written since reset, modulo 2^32."),
        ("design_id", "First 32 bits of the graph's digest; 0 until the first frame has ended."),
    ]
    read += [
        (
            f"errors_{port.tensor}",
            "Frames since reset with a TLAST that was early (15..0), late or missing (31..16).",
        )
        for port in inputs
    ]
    control = "Block protocol: bit 0 start, bit 7 start again after every frame."
    return (
        AxiRegister("ctrl", 0x00, "read/write", control),
        *(
            AxiRegister(name, FIRST_OFFSET + OFFSET_STEP * index, "read", meaning)
            for index, (name, meaning) in enumerate(read)
        ),
    )
