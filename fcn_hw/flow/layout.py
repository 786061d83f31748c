"""Folds and FIFO depths of a design on a board: chosen once, kept with their proofs.

layout.json                  what the HLS project is emitted from
report/fifo_depths.json      each FIFO: depth before and after, width, storage
report/fifo_certificate.json why it never deadlocks
report/fifo_occupancy.svg    pixels in the skip FIFOs over three frames
report/fifo_occupancy.json   the same, as numbers
report/dataflow.json         the same frames: when they end, who waits for what, what FIFOs hold
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from fcn_hw.backend.structure import Layout, Structure, choose_structure
from fcn_hw.boards import Board
from fcn_hw.costs.memory import fifo_cost
from fcn_hw.dataflow.certificate import make_certificate
from fcn_hw.dataflow.lowering import lower
from fcn_hw.dataflow.occupancy import occupancy
from fcn_hw.dataflow.simulate import Simulation, simulate
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import Folding
from fcn_hw.figures.occupancy import occupancy_svg
from fcn_hw.files import replace_file
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.flow.workspace import Workspace
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import digest
from fcn_hw.ops import Fold
from fcn_hw.results import result_text

LAYOUT = "layout.json"
DEPTHS = "report/fifo_depths.json"
CERTIFICATE = "report/fifo_certificate.json"
OCCUPANCY = "report/fifo_occupancy.svg"
OCCUPANCY_DATA = "report/fifo_occupancy.json"
SIMULATION = "report/dataflow.json"


@dataclass(frozen=True, eq=False)
class FifoResult:
    """The FIFOs of a design on a board.

    Args:
        structure: folds, depths and proofs.
        simulation: three frames with these depths.
        table: for each FIFO ``initial`` and ``optimized`` depth in pixels, ``width_bits``,
            ``storage`` and ``bram36``.
        initial_bram36: block RAMs if FIFOs had their initial depths.
    """

    structure: Structure
    simulation: Simulation
    table: dict[str, dict[str, Any]]
    initial_bram36: float

    @property
    def bram36(self) -> float:
        """Block RAMs of all FIFOs; a half is one of 18 Kib."""
        return float(sum(row["bram36"] for row in self.table.values()))


def choose_fifos(graph: Graph, board: Board, hls: Hls) -> FifoResult:
    """Folds and FIFOs of a graph, nothing written.

    Raises:
        DoesNotFit: ``ReuseFactor: auto`` finds no design within the budget.
        ToolNotFound: there is no C++ compiler.
    """
    structure = choose_structure(graph, board, hls)
    sized = structure.fifos
    table: dict[str, dict[str, Any]] = {}
    initial_bram18 = 0
    for fifo, width in zip(sized.network.fifos, sized.network.widths.tolist(), strict=True):
        initial, depth = sized.initial[fifo.name], sized.depths[fifo.name]
        memory = fifo_cost(depth, width, board.family)
        initial_bram18 += fifo_cost(initial, width, board.family).resources.bram18
        table[fifo.name] = {
            "initial": initial,
            "optimized": depth,
            "width_bits": width,
            "storage": memory.storage,
            "bram36": memory.resources.bram18 / 2,
        }
    return FifoResult(structure, simulate(sized.network, sized.depths), table, initial_bram18 / 2)


def current_layout(workspace: Workspace, graph: Graph, board: Board, progress: Progress) -> Layout:
    """The layout of a design; chosen again only when graph, board, settings or fcn_hw changed."""
    stored = stored_layout(workspace, graph, board)
    if stored is not None:
        return stored
    return write_fifos(workspace, graph, board, progress).structure.layout


def stored_layout(workspace: Workspace, graph: Graph, board: Board) -> Layout | None:
    """The layout of a design where it is current; nothing is chosen or written."""
    record = layout_record(workspace, graph, board)
    if not record.is_current():
        return None
    return _from_json(graph, json.loads((record.folder / LAYOUT).read_text()))


def write_fifos(workspace: Workspace, graph: Graph, board: Board, progress: Progress) -> FifoResult:
    """Chooses the layout and writes it and the reports of its FIFOs.

    Raises:
        DoesNotFit: ``ReuseFactor: auto`` finds no design within the budget.
        ToolNotFound: there is no C++ compiler.
    """
    progress.say("[cyan]fifo[/]    folds, FIFO depths")
    record = layout_record(workspace, graph, board)
    record.begin()
    found = choose_fifos(graph, board, workspace.design.hls)
    sized = found.structure.fifos
    texts = {
        LAYOUT: _json(_to_json(found.structure.layout)),
        DEPTHS: _json(found.table),
        CERTIFICATE: _json(make_certificate(sized, digest(graph))),
        SIMULATION: _json(simulation_to_json(found.simulation)),
    }
    held = occupancy(found.simulation, sized.skips)
    if sized.skips:
        name = f"{graph.name} on {board.name}"
        texts[OCCUPANCY] = occupancy_svg(held, sized.depths, name)
    texts[OCCUPANCY_DATA] = result_text(held)
    for name, text in texts.items():
        replace_file(record.folder / name, text)
    record.finish(record.folder / name for name in texts)
    return found


def simulation_to_json(run: Simulation) -> dict[str, Any]:
    """A simulation, ready for JSON; all times in cycles, waits in the last frame."""
    return {
        "first_output": run.first_output,
        "frame_ends": list(run.frame_ends),
        "interval": run.interval,
        "bottleneck": run.bottleneck.process,
        "processes": {
            item.process: {
                "busy": item.busy_cycles,
                "waits_for_pixels": item.for_pixels,
                "waits_for_slots": item.for_slots,
                "stall_share": round(item.stall_share, 4),
            }
            for item in run.activities
        },
        "peak_pixels": run.peaks,
    }


def layout_record(workspace: Workspace, graph: Graph, board: Board) -> StageRecord:
    """When the layout is that of a graph on a board.

    Args:
        graph: as it was exported.
    """
    return StageRecord(
        "fifo",
        workspace.project(board),
        digest_of(
            digest(graph), board.model_dump(mode="json"),
            workspace.design.hls.model_dump(mode="json"),
            code_digest(__name__),
        ),
    )  # fmt: skip


def _to_json(layout: Layout) -> dict[str, Any]:
    return {
        "folds": {name: asdict(fold) for name, fold in layout.folding.folds.items()},
        "strategies": layout.folding.strategies,
        "is_free": layout.folding.is_free,
        "depths": {fifo.name: fifo.depth for fifo in layout.dataflow.fifos},
    }


def _from_json(graph: Graph, stored: dict[str, Any]) -> Layout:
    folds = {name: Fold(**fold) for name, fold in stored["folds"].items()}
    return Layout(
        Folding(folds, stored["strategies"], stored["is_free"]),
        lower(graph).with_depths(stored["depths"]),
    )


def _json(data: Any) -> str:
    return json.dumps(data, indent=1) + "\n"
