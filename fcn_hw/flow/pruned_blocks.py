"""The weights of a design that ``training.pruning.block: fold`` prunes together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fcn_hw.backend.structure import Layout, fifos_of
from fcn_hw.boards import Board, load_board
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.estimate.step_blocks import step_blocks
from fcn_hw.flow.hls4ml_conv import refuse_hls4ml
from fcn_hw.flow.layout import current_layout
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.untrained import untrained_graph
from fcn_hw.flow.workspace import Workspace
from fcn_hw.ir import Graph
from fcn_hw.locks import locked
from fcn_hw.ops import Fold
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.convolution import Convolution
from fcn_hw.ops.pixel_steps import StepBlocks


def blocks_of_design(workspace: Workspace, progress: Progress) -> dict[str, StepBlocks]:
    """At the folds that the board has for the design if what pruning makes zero is left out.

    Args:
        workspace: of a design with ``block: fold``.

    Raises:
        ConfigError: there is no such board; its convolutions are hls4ml's.
        DoesNotFit: the board is too small for the design.
    """
    pruning = workspace.design.training.pruning
    assert pruning is not None and pruning.board is not None, "checked by the design"
    refuse_hls4ml(workspace.hls, "training.pruning.block: fold")
    board, shapes = load_board(pruning.board), replace(workspace, untrained=True)
    graph = untrained_graph(shapes, progress)
    with locked(shapes.project(board), "fcn-hw train"):
        layout = current_layout(shapes, graph, board, progress)
    folds = folds_to_prune(graph, board, shapes.hls, layout, pruning.sparsity, pruning.layers)
    return pruned_blocks(graph, folds, pruning.sparsity, pruning.layers)


def folds_to_prune(
    graph: Graph,
    board: Board,
    hls: Hls,
    layout: Layout,
    part: float,
    parts: Mapping[str, float],
) -> Mapping[str, Fold]:
    """The folds whose steps pruning makes zero: those that would be chosen if each convolution had
    its part of zeros whatever its fold.

    The folds of the weights without zeros may have one step for each filter group, and each group
    keeps a step.

    Args:
        layout: without zeros; its FIFOs count as used.
        part: of the steps of the layers that ``parts`` does not name.
    """
    convolutions = [op.name for op in graph.ops if isinstance(op, Convolution)]
    zeros = {name: parts.get(name, part) for name in convolutions}
    if not layout.folding.is_free or not any(zeros.values()):
        return layout.folding.folds
    return choose_folding(graph, board, hls, fifos_of(layout.dataflow), zeros).folds


def pruned_blocks(
    graph: Graph, folds: Mapping[str, Fold], part: float, parts: Mapping[str, float]
) -> dict[str, StepBlocks]:
    """:func:`fcn_hw.estimate.step_blocks.step_blocks` with the indices of Keras' kernels.

    Keras has the channels out of a transposed convolution before the channels in.
    """
    found = step_blocks(graph, folds, part, parts)
    for name, blocks in found.items():
        op = graph[name]
        if isinstance(op, ConvTranspose2D):
            height, width, n_chan, n_filt = op.weight.codes.shape
            numbers = np.arange(op.weight.codes.size).reshape(height, width, n_filt, n_chan)
            places = np.append(numbers.transpose(0, 1, 3, 2).ravel(), -1)  # -1 is the last
            found[name] = replace(blocks, cells=places[blocks.cells])
    return found
