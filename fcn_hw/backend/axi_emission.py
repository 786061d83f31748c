"""The text of the AXI wrapper: what its templates see.

firmware/<graph>_axi.cpp .h   top function of synthesis
tb/csim_main.cpp              drives it
"""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.backend.axi_interface import CONTROL_BUNDLE, AxiInterface, AxiPort, design_id
from fcn_hw.dataflow.lowering import SHORT_FIFO_DEPTH, Dataflow, Stream
from fcn_hw.ir.axi_cycles import pack_cycles, unpack_cycles

FIRST_FILE_ARGUMENT = 2
"""Position of the first input file in a test bench's arguments: behind its name and FRAMES."""


@dataclass(frozen=True)
class RegisterContext:
    """A register of ``s_axi_control``.

    Args:
        address: as C and Tcl write it.
    """

    name: str
    address: str
    meaning: str


@dataclass(frozen=True)
class AxiPortContext:
    """An AXI4-Stream port and the stream of pixels behind it.

    Args:
        pixels: name of the stream of pixels.
        counters: arguments that the port's process writes.
        counts_frames: whether they count frames and tell the design.
        cycles: of a frame in the port's process.
        argument: of the test bench, that names an input's file; 0 for an output.
        file: of the test bench, that an output goes to; empty for an input.
    """

    name: str
    direction: str
    tensor: str
    height: int
    width: int
    channels: int
    ap_type: str
    beat_type: str
    pixel_type: str
    pixels: str
    data_width_bits: int
    bytes_per_element: int
    bytes_per_frame: int
    beats_per_frame: int
    cycles: int
    counters: tuple[str, ...]
    counts_frames: bool
    argument: int
    file: str


@dataclass(frozen=True)
class AxiContext:
    """What the wrapper's templates see.

    Args:
        arguments: the registers that are arguments of the top function.
        depth: of the streams of pixels.
    """

    top: str
    name: str
    graph_digest: str
    design_id: str
    bundle: str
    inputs: tuple[AxiPortContext, ...]
    outputs: tuple[AxiPortContext, ...]
    registers: tuple[RegisterContext, ...]
    arguments: tuple[RegisterContext, ...]
    depth: int


def axi_context(interface: AxiInterface, dataflow: Dataflow, graph_digest: str) -> AxiContext:
    """The context of an interface.

    Args:
        dataflow: gives the streams at the network's boundary.
        graph_digest: of the graph.
    """
    registers = tuple(
        RegisterContext(item.name, f"0x{item.offset:02x}", item.meaning)
        for item in interface.registers
        if item.offset is not None
    )
    names = {item.name for item in registers}
    inputs = tuple(
        _port(port, stream, [name for name in (f"errors_{port.tensor}",) if name in names], index)
        for index, (port, stream) in enumerate(
            zip(interface.inputs, dataflow.inputs, strict=True), start=FIRST_FILE_ARGUMENT
        )
    )
    first: list[str] = [name for name in ("frames", "design_id") if name in names]
    outputs = tuple(
        _port(port, stream, [] if index else first)
        for index, (port, stream) in enumerate(
            zip(interface.outputs, dataflow.outputs, strict=True)
        )
    )
    return AxiContext(
        top=interface.top,
        name=dataflow.name,
        graph_digest=graph_digest,
        design_id=f"0x{design_id(graph_digest):08x}u",
        bundle=CONTROL_BUNDLE,
        inputs=inputs,
        outputs=outputs,
        registers=registers,
        arguments=registers[1:],
        depth=SHORT_FIFO_DEPTH,
    )


def _port(port: AxiPort, stream: Stream, counters: list[str], argument: int = 0) -> AxiPortContext:
    tensor, width = stream.tensor, port.data_width_bits
    is_input = port.direction == "in"
    return AxiPortContext(
        name=port.name,
        direction=port.direction,
        tensor=port.tensor,
        height=tensor.height,
        width=tensor.width,
        channels=tensor.channels,
        ap_type=tensor.format.ap_type,
        beat_type=f"ap_axiu<{width}, 0, 0, 0>",
        pixel_type=f"{tensor.name}_t",
        pixels=f"pixels_{port.name}",
        data_width_bits=width,
        bytes_per_element=port.bytes_per_element,
        bytes_per_frame=port.bytes_per_frame,
        beats_per_frame=port.beats_per_frame,
        cycles=unpack_cycles(tensor, width) if is_input else pack_cycles(tensor, width),
        counters=tuple(counters),
        counts_frames="design_id" in counters,
        argument=argument,
        file="" if is_input else f"{stream.name}.bin",
    )
