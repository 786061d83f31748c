"""What pruning by steps of the hardware gives ``camvid_fcn8s`` by the model, untrained."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fcn_hw.backend.structure import Layout, estimate_layout, fifos_of
from fcn_hw.boards import load_board
from fcn_hw.design import Pruning
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.flow import open_workspace
from fcn_hw.flow.layout import current_layout
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.pruned_blocks import pruned_blocks
from fcn_hw.flow.untrained import untrained_graph
from fcn_hw.ops import Constant
from fcn_hw.ops.convolution import Convolution
from fcn_hw.train.pruning import choose_masks

pytestmark = [pytest.mark.slow, pytest.mark.gxx]

ROOT = Path(__file__).parents[2]


def test_frames_of_camvid_fcn8s(tmp_path: Path) -> None:
    """The numbers of docs/howto/sparsity.md: 35 % of the weights in blocks give 339 frames/s."""
    design = "hls_projects/camvid_fcn8s/design.yaml"
    (tmp_path / design).parent.mkdir(parents=True)
    shutil.copy(ROOT / design, tmp_path / design)
    quiet = Progress(Console(quiet=True), quiet=True)
    workspace = replace(open_workspace("camvid_fcn8s", tmp_path), untrained=True)
    board, hls = load_board("pynq-z2"), workspace.hls
    graph = untrained_graph(workspace, quiet)
    layout = current_layout(workspace, graph, board, quiet)
    fifos = fifos_of(layout.dataflow)
    kernels = {
        op.name: op.weight.codes.astype(np.float32)
        for op in graph.ops
        if isinstance(op, Convolution)
    }
    before = estimate_layout(graph, board, hls, layout)
    print(f"no blocks: {before.fps:.0f} frames/s, {before.resources.lut} LUT")
    frames = [before.fps]
    for part in (0.3, 0.35, 0.4, 0.5):
        blocks = pruned_blocks(graph, layout.folding.folds, part, {})
        asked = Pruning(sparsity=part, block="fold", board=board.name)
        masks = choose_masks(kernels, asked, blocks=blocks)
        ops = [
            replace(
                op,
                weight=Constant(
                    op.weight.codes * masks[op.name].astype(np.int64), op.weight.format
                ),
            )
            if isinstance(op, Convolution) and op.name in blocks
            else op
            for op in graph.ops
        ]
        pruned = graph.with_ops(ops)
        folding = choose_folding(pruned, board, hls, fifos)
        found = estimate_layout(pruned, board, hls, Layout(folding, layout.dataflow))
        print(f"{part:.0%} in blocks: {found.fps:.0f} frames/s, {found.resources.lut} LUT")
        assert found.fps >= frames[-1]
        frames.append(found.fps)
    assert frames[1] > frames[0] and frames[2] > 339
