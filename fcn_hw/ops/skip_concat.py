"""Concatenation of skip connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost
from fcn_hw.firing import STREAM
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.intervals import Interval, hull
from fcn_hw.ops.base import ChannelRule, Fold, Operands, Shape, pixel_process
from fcn_hw.ops.joins import Join, size_rules


@dataclass(frozen=True)
class SkipConcat(Join):
    """Channels of two or more inputs behind one another; the output format holds each exactly."""

    converts = False

    def rules(self, operands: Operands) -> Iterable[str]:
        yield from size_rules(operands)

    def shape(self, operands: Operands) -> Shape:
        return (*operands[0].shape[:2], sum(item.channels for item in operands))

    def interval(self, operands: Sequence[Interval]) -> Interval:
        return hull(operands)

    def range_rules(self, exact: Interval) -> Iterable[str]:
        fmt = self.output.format
        if exact.fraction > fmt.fraction or not exact.rescaled(fmt.fraction).within(fmt):
            yield f"output format {fmt} does not hold every input exactly"

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, C_k) to (N, H, W, sum C_k), the first input's channels first."""
        parts = [
            convert_whole(source, operand.format.fraction, self.output.format)
            for source, operand in zip(codes, operands, strict=True)
        ]
        return np.concatenate(parts, axis=3)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        return OpCost(pixel_process(self.output))

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return 0.0  # moves pixels

    @property
    def channel_rule(self) -> ChannelRule:
        return "derived"
