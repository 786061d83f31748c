"""A small bundle for tests: one convolution and an arg-max, no training."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import yaml
from random_graphs import random_frames

from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import Layout, estimate_layout
from fcn_hw.boards import Board, load_board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.estimate.reports import report_files
from fcn_hw.fixed import from_quantized_bits, parse_format
from fcn_hw.flow.handoff import ap_types_files, board_files, licence
from fcn_hw.flow.labels import labels_of
from fcn_hw.flow.workspace import GraphWorkspace
from fcn_hw.handoff.contents import BundleParts
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.serialize import GRAPH_FILE, WEIGHTS_FILE, digest, save
from fcn_hw.ops import Constant, Padding
from fcn_hw.scaling import Scaling

HLS = Hls(ReuseFactor=4)
FRAMES = 2


def small_graph() -> Graph:
    build = GraphBuilder("tiny")
    scaling = Scaling((Fraction(1, 255),))
    image = build.input("image", (5, 7, 3), parse_format("ufixed<8,0>"), scaling=scaling)
    weights = np.random.default_rng(2).integers(-8, 8, (1, 1, 3, 4))
    constant = Constant(weights, parse_format("fixed<4,1>"))
    scores = build.conv2d("scores", image, constant, fmt=from_quantized_bits(10, 2))
    return build.finish(build.arg_max("class_map", scores))


def wide_graph() -> Graph:
    """Two inputs of codes wider than a byte, two outputs, one of them read inside as well."""
    build = GraphBuilder("wide")
    left = build.input("left", (3, 5, 2), parse_format("fixed<11,3>"))
    right = build.input("frames", (3, 5, 2), parse_format("fixed<17,3>"))
    total = build.skip_add("total", left, right, fmt=parse_format("fixed<20,9,RND_CONV,SAT>"))
    return build.finish(total, build.zero_pad2d("padded", total, Padding(1, 0, 0, 1)))


def small_parts(
    folder: Path, graph: Graph | None = None, board: Board | None = None
) -> BundleParts:
    """The parts of a bundle.

    Args:
        folder: for the graph's files.
        graph: the small one by default.
        board: the PYNQ-Z2 by default.
    """
    graph, board = graph or small_graph(), board or load_board("pynq-z2")
    layout = Layout(choose_folding(graph, board, HLS), lower(graph))
    save(graph, folder)
    labels = labels_of(GraphWorkspace(folder, folder), graph)
    return BundleParts(
        graph=graph,
        board=board,
        part=board.part,
        project=plan_project(graph, board, HLS, layout, labels),
        inputs=random_frames(graph, 4, FRAMES),
        layout=layout,
        clock_period_ns=board.clock_period_ns,
        board_files={**board_files(board), f"{board.name}.yaml": _yaml(board)},
        graph_files={name: (folder / name).read_bytes() for name in (GRAPH_FILE, WEIGHTS_FILE)},
        ap_types=ap_types_files(),
        licence=licence(),
        reports=_reports(graph, board, layout),
        verilog={},
        vendor={"bitstream": None, "timing": ("reports/vendor/timing_summary.rpt", b"WNS\n")},
        routed_rtl="",
        git_commit="unknown",
        tools={"fcn_hw": "0"},
        labels=labels,
    )


def _yaml(board: Board) -> bytes:
    return yaml.safe_dump(board.model_dump(mode="json")).encode()


def _reports(graph: Graph, board: Board, layout: Layout) -> dict[str, bytes]:
    found = report_files(estimate_layout(graph, board, HLS, layout))
    csim = {"graph": digest(graph), "mismatches": 0, "argmax_flips": 0}
    depths = {fifo.name: {"initial": 9, "optimized": fifo.depth} for fifo in layout.dataflow.fifos}
    return {name: text.encode() for name, text in found.items()} | {
        "csim.json": json.dumps(csim).encode(), "fifo_depths.json": json.dumps(depths).encode()
    }  # fmt: skip
