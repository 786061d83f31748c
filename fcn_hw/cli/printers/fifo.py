"""What the verb ``fifo`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.layout import FifoResult


def print_fifos(result: FifoResult) -> None:
    """A row a FIFO, and the time of a frame."""
    table = Table(title="FIFOs: pixels", box=box.SIMPLE_HEAD)
    for column in ("FIFO", "bits", "whole frames", "needed", "depth", "peak", "storage", "BRAM36"):
        left = column in ("FIFO", "storage")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    sized, times = result.structure.fifos, result.times
    for name, row in result.rows.items():
        table.add_row(
            name, str(row.width_bits), f"{row.initial:,}", f"{row.minimum:,}",
            f"{row.optimized:,}", f"{times.peak_pixels[name]:,}", row.storage, f"{row.bram36:g}",
        )  # fmt: skip
    out = console()
    print_table(table)
    out.print(
        f"{sized.bits:,} bits, {result.bram36:g} BRAM36 (whole frames: "
        f"{result.initial_bram36:g}); certificate: no order of reads and writes deadlocks",
        highlight=False,
    )
    out.print(
        f"first output after {times.first_output:,} cycles, then a frame every {times.interval:,}; "
        f"the slowest is {times.bottleneck}",
        highlight=False,
    )
    out.print(f"report: {escape(str(result.report))}", highlight=False)
