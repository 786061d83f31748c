"""Workspaces whose results are made up, so that a report of them costs no training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from rich.console import Console

from fcn_hw.boards import load_board
from fcn_hw.files import replace_file
from fcn_hw.fixed import from_quantized_bits, from_quantized_relu, parse_format
from fcn_hw.flow import Workspace, open_workspace
from fcn_hw.flow.csim_report import CsimResult, LayerResult
from fcn_hw.flow.export import OUTPUTS
from fcn_hw.flow.images import AGREEMENT, CLASS_MAPS
from fcn_hw.flow.layout import write_fifos
from fcn_hw.flow.pipeline import csim_record, export_record, hls_record
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.scenes import COLUMNS, SCENES, save_scenes
from fcn_hw.flow.training import FLOAT_MODEL, MODEL, train_record
from fcn_hw.frontend.proofs import save_proofs
from fcn_hw.harness.compare import Difference
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.serialize import digest, save
from fcn_hw.ops import Constant, Padding
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.input import Input
from fcn_hw.results import write_result
from fcn_hw.train.result import TRAINING, Epoch, Scores, TrainResult

BOARD = "pynq-z2"
HEIGHT, WIDTH, CLASSES = 16, 24, 3

DESIGN = f"""
name: mini
dataset: {{kind: digit_scenes, height: {HEIGHT}, width: {WIDTH}, train_images: 12, val_images: 5}}
network: {{kind: fcn8s, filters: [2, 3, 4]}}
hls: {{ReuseFactor: 100}}
"""


def skip_network(seed: int = 1) -> Graph:
    """A small network with a skip connection and arg-max, named as the design."""
    rng = np.random.default_rng(seed)
    weights, relu = parse_format("fixed<4,1>"), from_quantized_relu(4, 2)
    build = GraphBuilder("mini")

    def conv(name: str, source: str, shape: tuple[int, ...], **more: Any) -> str:
        side = shape[0] // 2
        constant = Constant(rng.integers(-8, 8, shape), weights)
        return build.conv2d(
            name, source, constant, padding=Padding(side, side, side, side), origin=name, **more
        )

    image = build.input("image", (HEIGHT, WIDTH, 3), parse_format("ufixed<8,0>"))
    conv("conv1", image, (3, 3, 3, 4), fmt=relu)
    build.max_pool2d("pool1", "conv1", (2, 2))
    conv("conv2", "pool1", (3, 3, 4, 6), fmt=relu)
    conv("score", "conv2", (1, 1, 6, CLASSES), fmt=from_quantized_bits(5, 2))
    build.upsample_bilinear("up", "score", (2, 2))
    conv("score1", "conv1", (1, 1, 4, CLASSES), fmt=from_quantized_bits(5, 2))
    build.skip_add("skip", "up", "score1")
    return build.finish(build.arg_max("class_map", "skip", origin=""))


def empty_workspace(root: Path) -> Workspace:
    """A design of which no stage has run."""
    folder = root / "hls_projects" / "mini"
    folder.mkdir(parents=True)
    (folder / "design.yaml").write_text(DESIGN)
    return open_workspace("mini", root)


def add_training(workspace: Workspace, classes: tuple[str, ...] = ("background", "a", "b")) -> None:
    """``training.json`` and the float model's kernels."""
    iou: dict[str, float | None] = {**dict.fromkeys(classes[:-1], 0.5), classes[-1]: None}
    training = TrainResult(
        float=Scores(0.8, 0.9, iou), direct=Scores(0.6, 0.9, iou), retrained=Scores(0.75, 0.9, iou),
        epochs={"float": 2, "retrain": 1}, seconds={"float": 1.0},
        history={
            "float": (Epoch(0.9, 0.4, 0.01, 0.5), Epoch(0.5, 0.8, 0.001, 0.5)),
            "retrain": (Epoch(0.4, 0.75),),
        },
        parameters=402, multiplications=123456, zeros={}, zeros_total=0.1, weight_bits=1608,
    )  # fmt: skip
    write_result(workspace.model / TRAINING, training)
    replace_file(workspace.model / MODEL, b"a model")
    rng = np.random.default_rng(2)
    with h5py.File(workspace.model / "float.h5", "w") as file:
        for op in skip_network().ops:
            if isinstance(op, Conv2D):
                values = rng.normal(0, 0.3, op.weight.codes.shape)
                file[f"model_weights/{op.name}/{op.name}/kernel:0"] = values
    record = train_record(workspace.model, workspace.design)
    record.finish(workspace.model / name for name in (MODEL, FLOAT_MODEL, TRAINING))


def add_graph(workspace: Workspace, graph: Graph) -> None:
    """The graph, its proofs and its comparison with QKeras."""
    save(graph, workspace.graph)
    save_proofs([], workspace.graph)
    rows = {
        op.name: {
            "status": "exact",
            "tensor": op.name,
            "values": 1000,
            "mismatches": 0,
            "first": None,
            "most_steps": 0.0,
        }
        for op in graph.ops
        if op.origin
    }
    replace_file(workspace.graph / AGREEMENT, json.dumps(rows))
    maps = np.zeros((5, HEIGHT, WIDTH), np.uint8)
    np.savez(workspace.graph / CLASS_MAPS, quantized=maps, float=maps)
    if (workspace.model / MODEL).is_file():  # a graph without models: nobody can say what it is of
        export_record(workspace).finish(workspace.graph / name for name in OUTPUTS)


def csim_result(graph: Graph, *, mismatches: int = 0) -> CsimResult:
    """A simulation of 5 images; with mismatches, the first tensor has them."""
    rows = []
    for op in graph.ops:
        if isinstance(op, Input):
            continue
        wrong = mismatches if not rows else 0
        first = Difference((0, 1, 2, 3), 4, -5) if wrong else None
        models, values = ("Q=O=C", 2000) if op.origin else ("O=C", 1500)
        row = LayerResult(op.name, op.origin, str(op.output.format), models, values, wrong, first)
        rows.append(row)
    total = sum(row.values for row in rows)
    return CsimResult(
        5, total, mismatches, mismatches, 0.8, 0.75, 0.75, 1.0, 10.0, tuple(rows),
        graph=digest(graph),
    )  # fmt: skip


def add_csim(workspace: Workspace, graph: Graph, *, mismatches: int = 0) -> None:
    """An emission, ``csim.json`` and the scenes; of ``graph``, whatever the design's is."""
    board = load_board(BOARD)
    report, project = workspace.report(board), workspace.project(board)
    write_result(report / "csim.json", csim_result(graph, mismatches=mismatches))
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (2, HEIGHT, WIDTH, 3), dtype=np.uint8)
    maps = {name: rng.integers(0, CLASSES, (2, HEIGHT, WIDTH), dtype=np.uint8) for name in COLUMNS}
    maps["C simulation"] = maps["quantized"].copy()
    maps["C simulation"][1, 0, :4] ^= 1
    save_scenes(report / SCENES, images, maps, None)
    replace_file(project / "graph.txt", "an emission\n")
    hls_record(workspace, board, graph).finish([project / "graph.txt"])
    record_csim(workspace, graph)


def record_csim(workspace: Workspace, graph: Graph) -> None:
    """Takes the reports as they lie there for those of csim."""
    record = csim_record(workspace, load_board(BOARD), graph)
    record.finish(record.folder / name for name in ("csim.json", SCENES))


def add_layout(workspace: Workspace, graph: Graph) -> None:
    """Folds and FIFOs, by their own stage; needs g++."""
    write_fifos(workspace, graph, load_board(BOARD), Progress(Console(quiet=True), True))


def full_workspace(root: Path) -> Workspace:
    """A design of which every stage that needs no vendor tool has run."""
    workspace, graph = empty_workspace(root), skip_network()
    add_training(workspace)
    add_graph(workspace, graph)
    add_layout(workspace, graph)
    add_csim(workspace, graph)
    return workspace
