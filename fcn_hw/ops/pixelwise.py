"""What ops share whose loop ``Pixel`` reads a pixel and writes one in each iteration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fcn_hw.firing import Loop, every_pixel
from fcn_hw.ops.base import ChannelRule, Fold, Op, Operands, Shape


class Pixelwise(Op):
    """Base of ops that compute a pixel of the output from the same pixel of each input."""

    def rules(self, operands: Operands) -> Iterable[str]:
        return ()

    def shape(self, operands: Operands) -> Shape:
        return operands[0].shape

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return self.output.pixels

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        return (every_pixel(self.output.pixels),)

    def macs(self, operands: Operands) -> int:
        return 0

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return {"height": self.output.height, "width": self.output.width}

    @property
    def channel_rule(self) -> ChannelRule:
        return "kept"
