"""A design whose graph is given: the stages train and export are up to date without TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fcn_hw.fixed import from_quantized_bits, from_quantized_relu, parse_format
from fcn_hw.flow import Workspace, export, open_workspace, pipeline, training
from fcn_hw.flow.images import AGREEMENT, CLASS_MAPS
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.proofs import save_proofs
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.serialize import save
from fcn_hw.ops import Constant, Padding
from fcn_hw.train.result import TRAINING

HEIGHT, WIDTH, IMAGES = 8, 11, 3
DESIGN = f"""
name: seeded
dataset:
  {{kind: digit_scenes, height: {HEIGHT}, width: {WIDTH}, train_images: 2, val_images: {IMAGES}}}
network: {{kind: fcn32s, filters: [2, 2]}}
hls: {{ReuseFactor: 4}}
"""


def seeded_graph(seed: int = 1) -> Graph:
    """A small network on colour images of the design's size."""
    rng = np.random.default_rng(seed)
    weights = parse_format("fixed<4,1>")
    build = GraphBuilder("seeded")
    image = build.input("image", (HEIGHT, WIDTH, 3), parse_format("ufixed<8,0>"))
    build.conv2d(
        "conv1", image, Constant(rng.integers(-8, 8, (3, 3, 3, 2)), weights),
        padding=Padding(1, 1, 1, 1), fmt=from_quantized_relu(4, 2),
    )  # fmt: skip
    build.conv2d(
        "score", "conv1", Constant(rng.integers(-8, 8, (1, 1, 2, 4)), weights),
        fmt=from_quantized_bits(6, 3),
    )  # fmt: skip
    return build.finish(build.arg_max("class_map", "score"))


def seed_design(root: Path, more: str = "") -> Workspace:
    """Writes the design below ``root`` and what train and export would have left.

    Args:
        more: further sections of design.yaml.
    """
    folder = root / "hls_projects" / "seeded"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "design.yaml").write_text(DESIGN + more)
    workspace = open_workspace("seeded", root)
    trained = training.train_record(workspace.model, workspace.design)
    trained.begin()
    names = (training.MODEL, training.FLOAT_MODEL, training.DIRECT_MODEL, TRAINING)
    for name in names:
        (workspace.model / name).write_text("a model of a test\n")
    trained.finish(workspace.model / name for name in names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "export_graph", _export)
        patch.setattr(export, "compare_with_qkeras", _compare)
        pipeline.export_stage(workspace, quiet())
    return workspace


def quiet() -> Progress:
    return Progress(Console(), quiet=True)


def _export(
    model: Path, name: str, folder: Path, output_kind: str, scaling: object
) -> tuple[Graph, object]:
    graph = seeded_graph()
    save(graph, folder)
    save_proofs([], folder)
    return graph, None


def _compare(
    graph: Graph, model: object, other: Path, codes: object, folder: Path, p: Progress,
    scaling: object,
) -> None:  # fmt: skip
    (folder / AGREEMENT).write_text(json.dumps({}))
    maps = np.zeros((IMAGES, HEIGHT, WIDTH), np.uint8)
    np.savez(folder / CLASS_MAPS, quantized=maps, float=maps)
