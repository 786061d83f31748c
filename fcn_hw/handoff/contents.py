"""The files of a bundle, from a proved project: nothing is read from or written to disk.

firmware/ tb/ driver/ *.tcl    the HLS project, as `fcn-hw hls` writes it
constraints/<board>.xdc .yaml  pins and facts of the board
graph/                         the integer graph
golden/inputs, golden/layers   codes of a few frames, every tensor
third_party/ap_types/          C++ headers for C simulation, with their licence
reports/ bitstream/            what earlier stages left
Makefile README.md LICENSE     how to go on without fcn_hw
MANIFEST.json                  all of the above
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.backend.jinja import render
from fcn_hw.backend.structure import Layout
from fcn_hw.boards import Board
from fcn_hw.fixed import Codes
from fcn_hw.handoff.expected import estimate_of, expected_of, in_words, structure_of
from fcn_hw.handoff.manifest import (
    ABSENT,
    AP_TYPES,
    GRAPH,
    INPUTS,
    LAYERS,
    MANIFEST,
    SCHEMA_VERSION,
    Expected,
    Manifest,
    file_entries,
    interface_fields,
    labels_entry,
    to_bytes,
)
from fcn_hw.harness.csim import QUIET, traced
from fcn_hw.harness.traces import element_dtype
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import Labels
from fcn_hw.ir.serialize import digest
from fcn_hw.plan import Plan
from fcn_hw.reference import evaluate

HLS_SCRIPTS = ("scripts/csynth.tcl", "scripts/export.tcl")
PACKAGE_SCRIPT = "scripts/package.tcl"
VIVADO_SCRIPTS = ("scripts/impl.tcl", "scripts/bitstream.tcl")
"""Scripts that an engineer runs one after another, where the project has them."""


@dataclass(frozen=True)
class BundleParts:
    """What a bundle is made from.

    Args:
        graph: passes applied.
        board: the target.
        part: FPGA part of the project.
        project: files of the HLS project.
        verilog: of fcn_hw's compiler by path, where its IP is the one of the block design; else
            empty.
        inputs: golden input codes (N, H, W, C) by tensor.
        layout: folds and FIFO depths of the project.
        labels: of the classes, as the project was planned with.
        clock_period_ns: of the project.
        board_files: ``<board>.xdc`` and ``.yaml`` by name.
        graph_files: ``graph.json`` and ``weights.npz`` by name.
        ap_types: headers by path below their folder, and ``LICENSE``.
        licence: fcn_hw's own.
        reports: by name.
        vendor: for each thing that a vendor tool makes its file name and contents, or None.
        routed_rtl: who made the RTL of the design that Vivado routed; "" where none is here.
        git_commit: of fcn_hw's tree, or ``unknown``.
        tools: versions by name.
    """

    graph: Graph
    board: Board
    part: str
    project: Plan
    verilog: Mapping[str, str]
    inputs: Mapping[str, Codes]
    layout: Layout
    clock_period_ns: float
    board_files: Mapping[str, bytes]
    graph_files: Mapping[str, bytes]
    ap_types: Mapping[str, bytes]
    licence: bytes
    reports: Mapping[str, bytes]
    vendor: Mapping[str, tuple[str, bytes] | None]
    routed_rtl: str
    git_commit: str
    tools: Mapping[str, str]
    labels: Labels | None


@dataclass(frozen=True)
class GuidePort:
    """A port in the README, its shape, format and meaning as text."""

    tensor: str
    name: str
    shape: str
    format: str
    bytes_per_frame: int
    meaning: str


@dataclass(frozen=True)
class GuideContext:
    """What README.md and Makefile of a bundle see.

    Args:
        output_values: codes of the outputs over all frames.
        vendor: what vendor tools make, and the file or ``absent``.
        own_rtl: whether the IP is of fcn_hw's compiler, whose Verilog is in the bundle.
        routed_rtl: as :class:`BundleParts` has it.
    """

    name: str
    top: str
    board: str
    part: str
    clock_period_ns: float
    graph_digest: str
    frames: int
    output_values: int
    inputs: tuple[GuidePort, ...]
    outputs: tuple[GuidePort, ...]
    layers: tuple[str, ...]
    expected: str
    vendor: tuple[tuple[str, str], ...]
    has_bitstream: bool
    own_rtl: bool
    routed_rtl: str
    hls_scripts: tuple[str, ...]
    vivado_scripts: tuple[str, ...]
    warnings_off: str
    ap_types: str
    has_registers: bool
    takes_images: bool


def bundle_name(graph: Graph, board: Board) -> str:
    """``<design>-<board>``: of the bundle's folder and archive."""
    return f"{graph.name}-{board.name}"


def bundle_files(parts: BundleParts) -> dict[str, bytes]:
    """Every file of the bundle by its path, the manifest included."""
    graph, board = parts.graph, parts.board
    golden = evaluate(graph, parts.inputs, keep=traced(graph))
    frames = len(parts.inputs[graph.inputs[0].name])
    files: dict[str, bytes] = {
        name: data if isinstance(data, bytes) else data.encode()
        for name, data in {**parts.project.files, **parts.verilog}.items()
    }
    files |= {f"constraints/{name}": data for name, data in parts.board_files.items()}
    files |= {f"{GRAPH}/{name}": data for name, data in parts.graph_files.items()}
    files |= {f"{AP_TYPES}/{name}": data for name, data in parts.ap_types.items()}
    files |= {f"reports/{name}": data for name, data in parts.reports.items()}
    files |= {f"{INPUTS}/{n}.bin": _bytes(graph, n, c) for n, c in parts.inputs.items()}
    files |= {f"{LAYERS}/{n}.bin": _bytes(graph, n, golden[n]) for n in traced(graph)}
    files |= {item[0]: item[1] for item in parts.vendor.values() if item is not None}
    files["LICENSE"] = parts.licence
    structure = structure_of(parts.layout)
    expected = expected_of(estimate_of(graph, board, structure, parts.clock_period_ns))
    guide = _guide(parts, expected, frames, sum(golden[name].size for name in graph.outputs))
    files["README.md"] = render("handoff/README.md.j2", guide).encode()
    files["Makefile"] = render("handoff/Makefile.j2", guide).encode()
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        board=board.name,
        part=parts.part,
        clock_period_ns=parts.clock_period_ns,
        graph_digest=digest(graph),
        git_commit=parts.git_commit,
        tools=dict(parts.tools),
        frames=frames,
        structure=structure,
        expected=expected,
        labels=labels_entry(parts.labels),
        vendor={what: ABSENT if item is None else item[0] for what, item in parts.vendor.items()},
        files=file_entries(files),
        **interface_fields(graph, axi_interface(graph, board)),
    )
    return {**files, MANIFEST: to_bytes(manifest)}


def _present(parts: BundleParts, scripts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in scripts if name in parts.project.files)


def _bytes(graph: Graph, tensor: str, codes: Codes) -> bytes:
    return codes.astype(element_dtype(graph.tensor(tensor).format)).tobytes()


def _guide(parts: BundleParts, expected: Expected, frames: int, output_values: int) -> GuideContext:
    interface = axi_interface(parts.graph, parts.board)

    def ports(direction: str) -> tuple[GuidePort, ...]:
        found = interface.inputs if direction == "in" else interface.outputs
        return tuple(
            GuidePort(
                port.tensor,
                port.name,
                "x".join(str(size) for size in port.shape),
                str(port.format),
                port.bytes_per_frame,
                port.meaning,
            )
            for port in found
        )

    return GuideContext(
        name=parts.graph.name,
        top=interface.top,
        board=parts.board.name,
        part=parts.part,
        clock_period_ns=parts.clock_period_ns,
        graph_digest=digest(parts.graph),
        frames=frames,
        output_values=output_values,
        inputs=ports("in"),
        outputs=ports("out"),
        layers=traced(parts.graph),
        expected=in_words(expected),
        vendor=tuple(
            (what, ABSENT if item is None else f"`{item[0]}`")
            for what, item in parts.vendor.items()
        ),
        own_rtl=bool(parts.verilog),
        routed_rtl=parts.routed_rtl,
        has_bitstream=parts.vendor.get("bitstream") is not None,
        hls_scripts=_present(parts, HLS_SCRIPTS),
        vivado_scripts=_present(
            parts, (PACKAGE_SCRIPT, *VIVADO_SCRIPTS) if parts.verilog else VIVADO_SCRIPTS
        ),
        warnings_off=" ".join(QUIET),
        ap_types=AP_TYPES,
        has_registers=interface.control == "axi_lite",
        takes_images=parts.labels is not None,
    )
