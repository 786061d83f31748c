"""What the verb ``boards`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from fcn_hw.cli.printers.common import print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.boards import Board


def print_boards(boards: Sequence[Board]) -> None:
    """A row a board."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("board", "part", "MHz", "LUT", "FF", "DSP", "BRAM36", "URAM", "DRAM MiB"):
        left = column in ("board", "part")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for board in boards:
        have = board.resources
        numbers = (have.lut, have.ff, have.dsp, have.bram36, have.uram, board.memory_mib)
        mhz = f"{1e3 / board.clock_period_ns:g}"
        table.add_row(board.name, board.part, mhz, *(f"{number:,}" for number in numbers))
    print_table(table)
