"""The HLS project of a graph, as a plan: every file's text, nothing written.

firmware/<name>_axi.cpp .h   top function of synthesis: the network behind AXI
firmware/<name>.cpp .h       the network
firmware/defines.h           stream types
firmware/parameters.h        a config struct a process
firmware/weights/*.h         ROMs
firmware/fcn_hw/*.h          our headers
firmware/nnet_utils/         hls4ml's nnet::array; its convolutions too with Conv: hls4ml
tb/csim_main.cpp axis/       test bench, of the top function
tb/bounded_main.cpp sim/     the processes side by side, FIFOs of their real depths
tb/lanes_main.cpp sim/lanes/ test bench of the network, and what stands in for ap_types, to simulate
                             frames side by side
tb/cosim_main.cpp            test bench of the top with AXI ports, for C and RTL
scripts/*.tcl                C synthesis, cosimulation, IP, block design, bitstream
constraints/ hdl/            what the block design, or the top of an ECP5, adds to the network
driver/                      PYNQ driver, C header, bare-metal example
host/                        of a board with an ECP5, the script that sends images
graph.txt                    the typed graph
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fcn_hw.backend.axi_emission import FIRST_FILE_ARGUMENT, AxiContext, axi_context
from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.backend.block_design import plan_vivado
from fcn_hw.backend.driver import driver_files
from fcn_hw.backend.hls4ml_bridge import (
    Target,
    fifo_depth,
    hls4ml_texts,
    nnet_headers,
    to_model_graph,
)
from fcn_hw.backend.hls4ml_conv import (
    check_hls4ml,
    convolutions_that_stay,
    emitted_graph,
    hls4ml_layers,
)
from fcn_hw.backend.hls_scripts import COSIM_BENCH, HlsLayout, plan_hls_scripts
from fcn_hw.backend.ip_package import RTL_IP, plan_package
from fcn_hw.backend.jinja import render
from fcn_hw.backend.op_emission import ProcessText, emit_process
from fcn_hw.backend.serial_board import plan_serial_board
from fcn_hw.backend.structure import Layout
from fcn_hw.boards import Board, period_ns_of
from fcn_hw.costs.memory import fifo_cost
from fcn_hw.dataflow.engine import width_bits
from fcn_hw.dataflow.lowering import Dataflow, Stream, lower
from fcn_hw.design import Hls, RtlCompiler
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import Labels
from fcn_hw.ir.serialize import digest
from fcn_hw.ir.text import to_text
from fcn_hw.plan import Plan
from fcn_hw.resources import data_folder
from fcn_hw.tools.xilinx import DIALECTS, HlsDialect, VivadoTool

PORT_DEPTH = 2
"""Pixels that a port holds in bounded simulation: an AXI4-Stream register slice buffers two."""

_NNET_TYPES = "nnet_utils/nnet_types.h"
_STAYS = "// Not hls4ml's: this layer stays fcn_hw's.\n"


@dataclass(frozen=True)
class PortContext:
    """A stream at the boundary of the top function.

    Args:
        pixels: of a frame.
        depth: in pixels, in bounded simulation.
        argument: of the test benches, that names an input's file; 0 for an output.
    """

    name: str
    type: str
    ap_type: str
    height: int
    width: int
    channels: int
    pixels: int
    argument: int = 0
    depth: int = PORT_DEPTH


@dataclass(frozen=True)
class FifoContext:
    """A stream inside the top function.

    Args:
        depth: in pixels.
        storage: ``bram``, ``lutram`` or ``srl``; ``""`` leaves it to the tool, which by itself
            builds FIFOs of two words or 1,024 bits of shift registers and all others of memory
            (UG1399, "config_storage").
    """

    name: str
    type: str
    depth: int
    storage: str


@dataclass(frozen=True)
class TypeContext:
    """A pixel type."""

    name: str
    ap_type: str
    channels: int


@dataclass(frozen=True)
class ProcessContext:
    """A call in the top function, its config struct, its streams and those to tap behind it."""

    name: str
    call: str
    config: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    taps: tuple[str, ...]


@dataclass(frozen=True)
class ProjectContext:
    """What the project's templates see.

    Args:
        argument_count: of the test benches, the program's name included.
    """

    name: str
    graph_digest: str
    board: str
    part: str
    clock_period_ns: float
    inputs: tuple[PortContext, ...]
    argument_count: int
    outputs: tuple[PortContext, ...]
    types: tuple[TypeContext, ...]
    fifos: tuple[FifoContext, ...]
    processes: tuple[ProcessContext, ...]
    headers: tuple[str, ...]
    weight_headers: tuple[str, ...]
    pragmas: tuple[str, ...]
    axi: AxiContext


def plan_project(
    graph: Graph,
    board: Board,
    hls: Hls,
    layout: Layout | None = None,
    labels: Labels | None = None,
) -> Plan:
    """The files of the HLS project.

    Args:
        graph: verified, passes applied.
        board: gives part and clock where ``hls`` leaves them out.
        layout: folds and FIFO depths, of the graph that ``hls4ml_conv.emitted_graph`` gives; None
            chooses the folds and gives each branch of a fork a FIFO of a whole frame, which needs
            no simulator and no model of hls4ml's convolutions.
        labels: of a network of class maps, so that the driver takes image files.

    Raises:
        ConfigError: a ``target_fps`` that no fold reaches.
        DoesNotFit: ``ReuseFactor: auto`` finds no design that fits the board.
        TemplateError: a template misses a value.
        UnsupportedLayer: hls4ml's convolutions are asked for and can't be exact.
    """
    by_hls4ml = hls.Conv == "hls4ml"
    if by_hls4ml:
        check_hls4ml(graph)
    layout = layout or Layout(
        choose_folding(graph, board, hls), lower(emitted_graph(graph, hls.Conv))
    )
    dataflow, folding = layout.dataflow, layout.folding
    theirs = hls4ml_layers(graph, dataflow, folding) if by_hls4ml else {}
    texts = {
        process.name: emit_process(
            process,
            folding.folds.get(process.name),
            folding.strategies.get(process.name, hls.Strategy),
        )
        for process in dataflow.processes
        if process.name not in theirs
    }
    if by_hls4ml:
        for name in convolutions_that_stay(graph):
            texts[name] = replace(texts[name], config=_STAYS + texts[name].config)
    part, period_ns = part_and_period_ns(board, hls)
    target = Target(
        part=part,
        clock_period_ns=period_ns,
        reuse_factor=1 if hls.ReuseFactor == "auto" else hls.ReuseFactor,
        strategy=hls.Strategy,
    )
    model = to_model_graph(dataflow, target, theirs)
    texts |= hls4ml_texts(model, theirs)
    context = _context(graph, dataflow, board, target, texts, model)
    files: dict[str, str | bytes] = {
        f"firmware/{graph.name}.h": render("project/top.h.j2", context),
        f"firmware/{graph.name}.cpp": render("project/top.cpp.j2", context),
        f"firmware/{context.axi.top}.h": render("hls/axi_top.h.j2", context.axi),
        f"firmware/{context.axi.top}.cpp": render("hls/axi_top.cpp.j2", context.axi),
        "firmware/defines.h": render("project/defines.h.j2", context),
        "firmware/parameters.h": render("project/parameters.h.j2", context),
        "tb/csim_main.cpp": render("project/csim_main.cpp.j2", context),
        "tb/lanes_main.cpp": render("project/lanes_main.cpp.j2", context),
        "tb/bounded_main.cpp": render("project/bounded_main.cpp.j2", context),
        COSIM_BENCH: render("project/cosim_main.cpp.j2", context.axi),
        "graph.txt": to_text(graph),
        **(driver_files(graph, board, labels) if board.ecp5 is None else {}),
    }
    for name, header_bytes in nnet_headers((_NNET_TYPES, *context.headers)).items():
        files[f"firmware/{name}"] = header_bytes
    for text in texts.values():
        if text.weights is not None:
            name, rom = text.weights
            files[f"firmware/weights/{name}"] = rom
    for header in sorted((data_folder("templates") / "include" / "fcn_hw").glob("*.h")):
        files[f"firmware/fcn_hw/{header.name}"] = header.read_bytes()
    for op in graph.computed:  # ops from outside have headers of their own
        files[f"firmware/fcn_hw/{op.header().name}"] = op.header().read_bytes()
    simulation = {"sim": "tb/sim", "sim/lanes": "tb/sim/lanes", "sim/axis": "tb/axis"}
    for folder, target_folder in simulation.items():
        for header in sorted((data_folder("templates") / folder).glob("*.h")):
            files[f"{target_folder}/{header.name}"] = header.read_bytes()
    if board.ecp5 is not None:
        return Plan(files=files).then(plan_serial_board(graph, board, hls.ClockPeriod))
    return Plan(files=files).then(plan_scripts(graph, board, hls))


def part_and_period_ns(board: Board, hls: Hls) -> tuple[str, float]:
    """The device and its clock: the design's, else the board's."""
    return hls.Part or board.part, period_ns_of(board, hls.ClockPeriod)


def plan_scripts(
    graph: Graph,
    board: Board,
    hls: Hls,
    *,
    compiler: RtlCompiler | None = None,
    dialect: HlsDialect | None = None,
    vivado: VivadoTool | None = None,
) -> Plan:
    """The Tcl of AMD's tools; that of Vivado only where the part is the board's.

    Args:
        compiler: whose RTL goes into the block design; None takes fcn_hw's compiler only where
            ``hls.Compiler`` asks for it.
        dialect: None writes for Vitis HLS.
        vivado: None writes for 2020.2 and later.
    """
    interface = axi_interface(graph, board)
    part, period_ns = part_and_period_ns(board, hls)
    plan = plan_hls_scripts(
        interface, name=graph.name, board=board.name, part=part, period_ns=period_ns,
        dialect=dialect or DIALECTS["vitis"],
    )  # fmt: skip
    if part != board.part:
        return plan
    by_fcn_hw = (compiler or hls.Compiler) == "fcn_hw"
    return plan.then(plan_package(interface, name=graph.name, part=part)).then(
        plan_vivado(
            interface, board, name=graph.name, part=part, period_ns=period_ns,
            ip=RTL_IP if by_fcn_hw else HlsLayout(interface.top).ip, vivado=vivado,
        )
    )  # fmt: skip


def _context(
    graph: Graph,
    dataflow: Dataflow,
    board: Board,
    target: Target,
    texts: Mapping[str, ProcessText],
    model: object,
) -> ProjectContext:
    ports = {stream.name for stream in (*dataflow.inputs, *dataflow.outputs)}
    processes = [(process, texts[process.name]) for process in dataflow.processes]
    used = {
        stream.tensor.name: stream.tensor
        for process in dataflow.processes
        for stream in (*process.inputs, *process.outputs)
    }
    return ProjectContext(
        name=graph.name,
        graph_digest=digest(graph),
        board=board.name,
        part=target.part,
        clock_period_ns=target.clock_period_ns,
        inputs=tuple(
            _port(stream, argument)
            for argument, stream in enumerate(dataflow.inputs, start=FIRST_FILE_ARGUMENT)
        ),
        argument_count=FIRST_FILE_ARGUMENT + len(dataflow.inputs),
        outputs=tuple(_port(stream) for stream in dataflow.outputs),
        types=tuple(
            TypeContext(f"{name}_t", tensor.format.ap_type, tensor.channels)
            for name, tensor in used.items()
        ),
        fifos=tuple(_fifo(stream, fifo_depth(model, stream), board) for stream in dataflow.fifos),
        processes=tuple(
            ProcessContext(
                process.name,
                text.call,
                text.config,
                reads=tuple(stream.name for stream in process.inputs),
                writes=tuple(stream.name for stream in process.outputs),
                # a fork copies what its source's tap has already recorded, a port is read whole
                taps=tuple(
                    stream.name
                    for stream in process.outputs
                    if process.op is not None and stream.name not in ports
                ),
            )
            for process, text in processes
        ),
        headers=tuple(sorted({header for _, text in processes for header in text.headers})),
        weight_headers=tuple(text.weights[0] for _, text in processes if text.weights),
        pragmas=tuple(line for _, text in processes for line in text.pragmas),
        axi=axi_context(axi_interface(graph, board), dataflow, digest(graph)),
    )


def _fifo(stream: Stream, depth: int, board: Board) -> FifoContext:
    storage = fifo_cost(depth, width_bits(stream), board.family).storage
    return FifoContext(
        stream.name, f"{stream.tensor.name}_t", depth, "" if storage == "ff" else storage
    )


def _port(stream: Stream, argument: int = 0) -> PortContext:
    tensor = stream.tensor
    return PortContext(
        stream.name,
        f"{tensor.name}_t",
        tensor.format.ap_type,
        tensor.height,
        tensor.width,
        tensor.channels,
        tensor.height * tensor.width,
        argument,
    )
