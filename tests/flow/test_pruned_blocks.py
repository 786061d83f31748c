"""What pruning by steps of the hardware gives ``camvid_fcn8s`` by the model, untrained."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

from fcn_hw.backend.structure import Layout, estimate_layout, fifos_of
from fcn_hw.boards import load_board
from fcn_hw.design import Pruning
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.flow import open_workspace
from fcn_hw.flow.layout import current_layout
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.pruned_blocks import folds_to_prune, pruned_blocks
from fcn_hw.flow.untrained import untrained_graph
from fcn_hw.ops import Constant
from fcn_hw.ops.convolution import Convolution
from fcn_hw.train.pruning import choose_masks

pytestmark = [pytest.mark.slow, pytest.mark.gxx]

ROOT = Path(__file__).parents[2]


def test_frames_of_camvid_fcn8s(tmp_path: Path) -> None:
    """The numbers of docs/howto/sparsity.md."""
    design = "hls_projects/camvid_fcn8s/design.yaml"
    (tmp_path / design).parent.mkdir(parents=True)
    shutil.copy(ROOT / design, tmp_path / design)
    quiet = Progress(Console(quiet=True), quiet=True)
    workspace = replace(open_workspace("camvid_fcn8s", tmp_path), untrained=True)
    board, hls = load_board("pynq-z2"), workspace.hls
    graph = untrained_graph(workspace, quiet)
    layout = current_layout(workspace, graph, board, quiet)
    convolutions = [op for op in graph.ops if isinstance(op, Convolution)]
    kernels = {op.name: op.weight.codes.astype(np.float32) for op in convolutions}
    before = estimate_layout(graph, board, hls, layout)
    print(f"no blocks: {before.fps:.0f} frames/s, {before.resources.lut} LUT")
    frames = []
    for part, parts in ASKED:
        folds = folds_to_prune(graph, board, hls, layout, part, parts)
        blocks = pruned_blocks(graph, folds, part, parts)
        asked = Pruning(sparsity=part, block="fold", board=board.name, layers=parts)
        masks = choose_masks(kernels, asked, blocks=blocks)
        gone = sum(int((masks[name] == 0).sum()) for name in blocks)
        masked = [
            replace(op, weight=_masked(op.weight, masks[op.name]))
            if isinstance(op, Convolution) and op.name in blocks
            else op
            for op in graph.ops
        ]
        pruned = graph.with_ops(masked)
        folding = choose_folding(pruned, board, hls, fifos_of(layout.dataflow))
        found = estimate_layout(pruned, board, hls, Layout(folding, layout.dataflow))
        zeros = gone / sum(op.weight.codes.size for op in convolutions)
        print(
            f"{part:.0%} {parts}: {zeros:.1%} zeros, {found.fps:.0f} frames/s, "
            f"{found.resources.lut} LUT"
        )
        frames.append(found.fps)
    assert before.fps > 250
    assert frames == sorted(frames) and frames[0] > before.fps and frames[1] > 345


def _masked(weight: Constant, mask: npt.NDArray[np.bool_]) -> Constant:
    return Constant(weight.codes * mask.astype(np.int64), weight.format)


ASKED: list[tuple[float, dict[str, float]]] = [
    (0.0, {"conv2_1": 0.4, "conv2_2": 0.4, "conv3_1": 0.25, "conv3_2": 0.25}),
    (0.0, {"conv2_1": 0.4, "conv2_2": 0.4, "conv3_1": 0.4, "conv3_2": 0.4}),
    (0.0, {"conv2_1": 0.45, "conv2_2": 0.45, "conv3_1": 0.4, "conv3_2": 0.4}),
    (0.0, {"conv2_1": 0.5, "conv2_2": 0.5, "conv3_1": 0.5, "conv3_2": 0.5}),
]
"""Parts of zeros: of the layers that are not named, and of those that are."""
