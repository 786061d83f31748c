"""A table for every code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fcn_hw.costs.energy import MEMORY_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import lut_rom
from fcn_hw.costs.resources import OpCost
from fcn_hw.firing import MEMORY, STREAM
from fcn_hw.fixed import Whole
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import Constant, Fold, Operands, Rom, pixel_process
from fcn_hw.ops.pixelwise import Pixelwise

MAX_LOOKUP_BITS = 12
"""Input bits of a lookup: each channel has a table of its own, of 2 ** bits codes, in LUTs."""


@dataclass(frozen=True)
class Lookup(Pixelwise):
    """Any function of a value: ``y = table[x]``, all channels alike.

    Args:
        table: output codes of shape (2 ** input width,), from the input's least code upwards.
    """

    table: Constant
    converts = False
    stands_for_floats = True

    def rules(self, operands: Operands) -> Iterable[str]:
        width = operands[0].format.width
        if width > MAX_LOOKUP_BITS:
            yield f"an input of {width} bits is more than the {MAX_LOOKUP_BITS} of a lookup"
            return
        yield from self.table.rules("table", (1 << width,))
        if self.table.format.fraction != self.output.format.fraction:
            yield f"table format {self.table.format} has another binary point than the output"

    def interval(self, operands: Sequence[Interval]) -> Interval:
        codes = self.table.codes
        return Interval(int(codes.min()), int(codes.max()), self.table.format.fraction)

    def range_rules(self, exact: Interval) -> Iterable[str]:
        if not exact.within(self.output.format):
            yield f"output format {self.output.format} can't hold codes {exact.low} to {exact.high}"

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        fmt = operands[0].format
        low = -(1 << (fmt.width - 1)) if fmt.signed else 0
        return np.take(self.table.codes, codes[0].astype(np.int64) - low)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + MEMORY

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        entries, bits = len(self.table.codes), self.table.format.signed_width
        channels = self.output.channels
        # In front of the FIFO without a register.
        tables = replace(lut_rom(entries, bits, family), ff=0) * channels
        return OpCost(pixel_process(self.output) + tables, weight_bits=entries * bits * channels)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return self.output.size * self.table.format.width * MEMORY_PJ_A_BIT

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands) | {
            "entries": len(self.table.codes),
            "table_width": self.table.format.signed_width,
        }

    def roms(self, operands: Operands, fold: Fold | None, strategy: str) -> tuple[Rom, ...]:
        fmt, codes = self.table.format, self.table.codes
        return (
            Rom(
                "table", "table", str(fmt), f"[code of the input {len(codes)}]", fmt.signed_width,
                codes, ports="rom_np", storage="lutram",  # a port for each channel
            ),
        )  # fmt: skip
