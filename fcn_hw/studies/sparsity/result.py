"""What is known of the zeros of a design: ``model/sparsity.json``."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from fcn_hw.backend.zero_worth import NetworkWorth
from fcn_hw.design import PruningBlock
from fcn_hw.results import STRICT
from fcn_hw.studies.sparsity.sweep import PrunedScores, StepZeros


@dataclass(frozen=True, config=STRICT)
class LevelResult:
    """A part of zeros that was asked for.

    Args:
        sparsity: of each layer, or with ``scope: global`` or ``block: fold`` of all.
        block: ``weight``, single ones, or ``fold``, those of a step of the hardware together.
        direct: the float network, pruned and quantized at once.
        retrained: pruned step by step while the quantized network is retrained.
        hardware: what the zeros of the retrained network are worth, at the folds of the trained
            design; None without a board.
        fps, lut: frames a second and LUTs with the folds that the board allows for these weights;
            None without a board.
    """

    sparsity: float
    block: PruningBlock
    direct: PrunedScores
    retrained: PrunedScores
    hardware: NetworkWorth | None = None
    fps: float | None = None
    lut: int | None = None


@dataclass(frozen=True, config=STRICT)
class SparsityRun:
    """What is known of the zeros of a design.

    Args:
        design: its name.
        metric: of the scores, which are 0 to 1 and on the validation split.
        float_score: of the float network.
        precisions: the design's bits of a weight, or their name, by layer.
        steps: grids around those of least error, layer by layer.
        levels: of pruning, ascending.
        hardware: what the trained design's zeros are worth; None without a board.
        fps, lut: frames a second and LUTs of the trained design; None without a board.
    """

    design: str
    metric: str
    float_score: float
    precisions: dict[str, str]
    steps: tuple[StepZeros, ...]
    levels: tuple[LevelResult, ...] = ()
    hardware: NetworkWorth | None = None
    fps: float | None = None
    lut: int | None = None
