"""Zeros where they save cycles: how many steps each convolution is to lose.

A frame takes as long as the slowest layer, so zeros go to the slowest layers first: steps are taken
from whatever layer takes the most cycles until a part of all weights is zero. Layers that are
faster than the interval that is reached keep all their weights. In a layer of one step every weight
is a constant of the code and each zero saves LUTs; it has no blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from fcn_hw.estimate.options import steps_kept
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Fold, Tensor
from fcn_hw.ops.convolution import Convolution
from fcn_hw.ops.pixel_steps import StepBlocks


@dataclass(frozen=True)
class _Layer:
    """A convolution of several steps, and the fewest that it may have."""

    op: Convolution
    source: Tensor
    fold: Fold
    least: int

    @property
    def every(self) -> int:
        return self.op.fold_steps(self.fold)

    @property
    def cycles(self) -> int:
        """Of a frame with all steps."""
        return self.op.cycles_of(self.source, self.fold, self.every)

    def left(self, cycles: int) -> int:
        """The most steps with which a frame takes no more cycles, or the fewest allowed."""
        fewest, most = self.least, self.every
        while fewest < most:
            middle = (fewest + most + 1) // 2
            if self.op.cycles_of(self.source, self.fold, middle) <= cycles:
                fewest = middle
            else:
                most = middle - 1
        return fewest

    def zeros(self, cycles: int) -> float:
        """Weights in the steps that are gone."""
        return self.op.weight.codes.size * (1 - self.left(cycles) / self.every)

    def blocks(self, left: int) -> StepBlocks:
        return StepBlocks(self.op.step_cells(self.fold), left)


def step_blocks(
    graph: Graph, folds: Mapping[str, Fold], part: float, parts: Mapping[str, float]
) -> dict[str, StepBlocks]:
    """The steps that are to be left of each convolution that has several.

    A layer keeps a step for each filter group, and at least half of the part of its weights that
    all layers keep together: the slowest layer must not end without weights.

    Args:
        folds: of the convolutions.
        part: of the weights of all layers that ``parts`` does not name; never more becomes zero.
        parts: by layer.
    """
    found: dict[str, StepBlocks] = {}
    shared: list[_Layer] = []
    for op in graph.ops:
        if not isinstance(op, Convolution):
            continue
        fold = folds[op.name]
        (source,), every, groups = graph.operands(op), op.fold_steps(fold), op.filters // fold.pe
        if every == 1:
            continue
        if op.name in parts:
            left = steps_kept(every, groups, parts[op.name])
            found[op.name] = _Layer(op, source, fold, left).blocks(left)
        else:
            shared.append(_Layer(op, source, fold, max(groups, ceil((1 - part) / 2 * every))))
    wanted = part * sum(layer.op.weight.codes.size for layer in shared)
    slow = max(
        (layer.op.cycles_of(layer.source, layer.fold, layer.every) for layer in shared), default=0
    )
    fast = 0
    while fast < slow:
        middle = (fast + slow) // 2
        if sum(layer.zeros(middle) for layer in shared) <= wanted:
            slow = middle
        else:
            fast = middle + 1
    return found | {layer.op.name: layer.blocks(layer.left(slow)) for layer in shared}
