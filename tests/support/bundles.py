"""A small bundle for tests, made without training and without hls4ml's front end."""

from __future__ import annotations

from pathlib import Path

from random_graphs import random_frames
from sample_graphs import tiny_graph

from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import estimate_layout
from fcn_hw.backend.structure import Layout
from fcn_hw.boards import load_board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.flow.handoff import ap_types_files, board_files, licence
from fcn_hw.handoff.contents import BundleParts
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import GRAPH_FILE, WEIGHTS_FILE, save

HLS = Hls(ReuseFactor=4)


def tiny_parts(folder: Path, graph: Graph | None = None) -> BundleParts:
    """The parts of a bundle.

    Args:
        folder: for the graph's files.
    """
    graph, board = graph or tiny_graph(), load_board("pynq-z2")
    layout = Layout(choose_folding(graph, board, HLS), lower(graph))
    save(graph, folder)
    return BundleParts(
        graph=graph,
        board=board,
        part=board.part,
        project=plan_project(graph, board, HLS, layout),
        inputs=random_frames(graph, 4, 2),
        estimate=estimate_layout(graph, board, HLS, layout),
        board_files=board_files(board),
        graph_files={name: (folder / name).read_bytes() for name in (GRAPH_FILE, WEIGHTS_FILE)},
        ap_types=ap_types_files(),
        licence=licence(),
        reports={"csim.json": b"{}\n"},
        vendor={"bitstream": None, "timing": ("reports/vendor/timing_summary.rpt", b"WNS\n")},
        git_commit="unknown",
        tools={"fcn_hw": "0"},
    )
