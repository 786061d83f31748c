"""A port of the graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import Loop
from fcn_hw.fixed import Whole
from fcn_hw.intervals import Interval, format_interval
from fcn_hw.ops.base import ChannelRule, Fold, Op, Operands, Shape
from fcn_hw.scaling import Scaling


@dataclass(frozen=True)
class Input(Op):
    """The frame that comes in. It is no process: it costs nothing and takes no cycle.

    Args:
        scaling: what the first layer of the source model was given for a code, behind layers that
            only scale; None: ``code * step``. No op computes it: the ops that read the codes have
            it in their constants.
    """

    scaling: Scaling | None = None
    arity = (0, 0)
    converts = False

    def rules(self, operands: Operands) -> Iterable[str]:
        if self.scaling is None:
            return
        channels = self.output.channels
        for label, numbers in (("scale", self.scaling.scale), ("offset", self.scaling.offset)):
            if len(numbers) not in (1, channels):
                yield f"{label} of the input has {len(numbers)} numbers for {channels} channels"

    def shape(self, operands: Operands) -> Shape:
        return self.output.shape

    def interval(self, operands: Sequence[Interval]) -> Interval:
        return format_interval(self.output.format)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """The frames, which are given."""
        return codes[0]

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return 0

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        return ()

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return 0

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        return OpCost(Resources())

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return 0.0

    def macs(self, operands: Operands) -> int:
        return 0

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return {}

    @property
    def channel_rule(self) -> ChannelRule:
        return "given"
