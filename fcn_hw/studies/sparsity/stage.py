"""Zeros of a trained design: by step, by pruning, and what they are worth at the chosen folds.

model/sparsity.json   what the last run found
model/sparsity.svg    the same as pictures
model/sparsity/       scores and pruned networks, kept from run to run
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from fcn_hw.backend.structure import Layout, estimate_layout, fifos_of
from fcn_hw.backend.zero_worth import NetworkWorth, network_worth
from fcn_hw.boards import Board
from fcn_hw.design import Hls, PruningBlock, PruningScope
from fcn_hw.errors import ConfigError
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.estimate.network import Estimate
from fcn_hw.files import replace_file
from fcn_hw.fixed import Codes
from fcn_hw.flow.hls4ml_conv import refuse_hls4ml
from fcn_hw.flow.layout import current_layout
from fcn_hw.flow.pipeline import export_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.pruned_blocks import folds_to_prune, pruned_blocks
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.flow.train import train_stage
from fcn_hw.flow.workspace import Workspace
from fcn_hw.ir import Graph
from fcn_hw.locks import locked
from fcn_hw.ops import Constant
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.convolution import Convolution
from fcn_hw.ops.pixel_steps import StepBlocks
from fcn_hw.results import read_result, result_data, write_result
from fcn_hw.studies.sparsity.pictures import sparsity_svg
from fcn_hw.studies.sparsity.result import LevelResult, SparsityRun
from fcn_hw.studies.sparsity.sweep import (
    PRECISIONS,
    LayerScorer,
    PrunedLevel,
    PruningSweep,
    StepZeros,
    check_levels,
    precision_name,
    zeros_by_step,
)
from fcn_hw.train.datasets import load_dataset
from fcn_hw.train.loop import Step
from fcn_hw.train.precision import PrecisionTable
from fcn_hw.train.result import TRAINING, TrainResult
from fcn_hw.train.run import PRECISION_FILE
from fcn_hw.train.study import Study

RESULT, PICTURE, KEPT = "sparsity.json", "sparsity.svg", "sparsity"
"""Below ``model/``."""
SCORES = "scores.json"
"""Below ``model/sparsity/``."""


def sparsity_stage(
    workspace: Workspace,
    progress: Progress,
    *,
    board: Board | None = None,
    scored: bool = False,
    levels: Sequence[float] = (),
    epochs: int | None = None,
    scope: PruningScope | None = None,
    blocks: Sequence[PruningBlock] = (),
) -> SparsityRun:
    """What the command ``sparsity`` does; trains and exports first what is not there.

    Args:
        board: at whose folds the zeros are valued.
        scored: score the network on every grid.
        levels: parts of zeros to prune to.
        epochs: of each retraining; None takes the design's.
        scope: a part of zeros of each layer, or of all; None takes the design's.
        blocks: what becomes zero together, each in retrainings of its own; none takes the design's.

    Raises:
        ConfigError: a wrong level, blocks of folds without a board, or a retraining too short for
            it.
    """
    asked = check_levels(levels)
    pruning = workspace.design.training.pruning
    kinds = tuple(blocks) or (("weight",) if pruning is None else (pruning.block,))
    if "fold" in kinds and asked and board is None:
        raise ConfigError("--block fold needs --board, the one whose folds are meant")
    if board is None:
        train_stage(workspace, progress)
    valued = None if board is None else _Valued.of(workspace, board, progress)
    design, folder = workspace.design, workspace.model
    with locked(folder / KEPT, "fcn-hw sparsity"):
        progress.say("[cyan]sparsity[/] zeros by step")
        study = Study.of_trained(design, load_dataset(design.dataset), folder)
        table = read_result(folder / PRECISION_FILE, PrecisionTable)
        names = {name: precision_name(row.weight) for name, row in table.layers.items()}
        found: tuple[PrunedLevel, ...] = ()
        if asked:
            name, together = (None, None) if valued is None else (valued.board.name, valued.blocks)
            sweep = PruningSweep(study, table, folder / KEPT, epochs, scope, name, together)
            found = _prune(sweep, asked, kinds, progress)
        scored_float = read_result(folder / TRAINING, TrainResult).float
        run = SparsityRun(
            design=design.name,
            metric=scored_float.metric,
            float_score=scored_float.value,
            precisions=names,
            steps=_steps(study, names, folder, progress, scored=scored),
            levels=tuple(
                _level_result(level, valued) for level in found
            ),
            hardware=None if valued is None else valued.worth(),
            fps=None if valued is None else valued.estimate.fps,
            lut=None if valued is None else valued.estimate.resources.lut,
        )  # fmt: skip
        write_result(folder / RESULT, run)
        replace_file(folder / PICTURE, sparsity_svg(run))
        record = StageRecord("sparsity", folder, digest_of(result_data(run)))
        record.finish(folder / name for name in (RESULT, PICTURE))
    return run


@dataclass(frozen=True, eq=False)
class _Valued:
    """A design on a board, ready to value weights of any zeros."""

    graph: Graph
    board: Board
    hls: Hls
    layout: Layout
    estimate: Estimate

    @staticmethod
    def of(workspace: Workspace, board: Board, progress: Progress) -> _Valued:
        hls = workspace.design.hls
        refuse_hls4ml(hls, "sparsity")
        with locked(workspace.project(board), "fcn-hw sparsity"):
            graph = export_stage(workspace, progress)
            layout = current_layout(workspace, graph, board, progress)
        return _Valued(graph, board, hls, layout, estimate_layout(graph, board, hls, layout))

    def worth(self, level: PrunedLevel | None = None) -> NetworkWorth:
        """Of the design's own weights, or of a pruned network's."""
        kernels = None if level is None else kernels_of(self.graph, level.retrained.codes)
        return network_worth(self.graph, self.board, self.estimate, kernels)

    def blocks(self, part: float) -> dict[str, StepBlocks]:
        """The weights that become zero together."""
        folds = folds_to_prune(self.graph, self.board, self.hls, self.layout, part, {})
        return pruned_blocks(self.graph, folds, part, {})

    def folded(self, level: PrunedLevel) -> Estimate:
        """With folds that are chosen for the weights of a pruned network, and the FIFOs of the
        trained design."""
        kernels = kernels_of(self.graph, level.retrained.codes)
        graph = self.graph.with_ops(
            [
                replace(op, weight=kernels[op.name]) if isinstance(op, Convolution) else op
                for op in self.graph.ops
            ]
        )
        folding = choose_folding(graph, self.board, self.hls, fifos_of(self.layout.dataflow))
        layout = Layout(folding, self.layout.dataflow)
        return estimate_layout(graph, self.board, self.hls, layout)


def _level_result(level: PrunedLevel, valued: _Valued | None) -> LevelResult:
    direct, retrained = level.direct.scores(), level.retrained.scores()
    found = LevelResult(level.sparsity, level.block, direct, retrained)
    if valued is None:
        return found
    folded = valued.folded(level)
    return replace(found, hardware=valued.worth(level), fps=folded.fps, lut=folded.resources.lut)


def kernels_of(graph: Graph, codes: Mapping[str, Codes]) -> dict[str, Constant]:
    """Codes as Keras has them, as the graph has them: by op, channels in before channels out."""
    return {
        op.name: replace(
            op.weight,
            codes=codes[op.name].transpose(0, 1, 3, 2)
            if isinstance(op, ConvTranspose2D)
            else codes[op.name],
        )
        for op in graph.ops
        if isinstance(op, Convolution)
    }


def _steps(
    study: Study, own: Mapping[str, str], folder: Path, progress: Progress, *, scored: bool
) -> tuple[StepZeros, ...]:
    """Of every layer: the grids of :data:`PRECISIONS`, and of its own bits."""
    rows: list[StepZeros] = []
    for name, (kernel, _) in study.weights.items():
        known = [precision for precision in PRECISIONS if str(precision) == own[name]]
        more = () if known else (int(own[name]),)
        for precision in (*PRECISIONS, *more):
            rows += zeros_by_step(name, kernel, precision)
    if not scored:
        return tuple(rows)
    scorer = LayerScorer(study, folder / KEPT / SCORES)
    progress.say(f"[cyan]sparsity[/] scores of {len(rows)} grids")
    return tuple(
        replace(row, score=scorer(row.layer, row.quantizer))
        for row in progress.over(rows, "one layer quantized")
    )


def _prune(
    sweep: PruningSweep, levels: Sequence[float], blocks: Sequence[PruningBlock], progress: Progress
) -> tuple[PrunedLevel, ...]:
    """Every level with every kind of block; what is finished is not done again."""
    found = []
    for block in blocks:
        for level in levels:
            if level == 0 and block != blocks[0]:
                continue  # no zeros are the same network
            progress.say(f"[cyan]sparsity[/] pruning {level:.0%}, block: {block}")
            with progress.counter(f"retraining, {level:.0%} zeros", sweep.steps) as update:
                found.append(sweep.level(level, partial(_report, update), block))
    return tuple(found)


def _report(update: Callable[[int], None], step: Step) -> None:
    update((step.epoch - 1) * step.steps + step.step)
