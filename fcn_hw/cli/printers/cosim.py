"""What the verb ``cosim`` prints for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.rtl.reports import RtlCosim


def print_rtl_cosim(found: RtlCosim, folder: Path) -> None:
    """Codes and clocks that the RTL in Verilator gave, beside those of the dataflow model."""
    out = console()
    out.print(
        f"[bold green]exact[/]: RTL of fcn_hw's compiler = oracle on {found.images} images, "
        f"{found.streams} streams, {found.values_compared:,} codes",
        highlight=False,
    )
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("clocks", "RTL", "dataflow model", "estimate"):
        table.add_column(column, justify="left" if column == "clocks" else "right")
    interval = "" if found.interval is None else f"{found.interval:,}"
    modelled, estimated = f"{found.modelled_interval:,}", f"{found.estimated_interval:,}"
    table.add_row("frame to frame", interval, modelled, estimated)
    table.add_row("first frame", f"{found.first_frame:,}", f"{found.modelled_first_frame:,}", "")
    print_table(table)
    table = Table(title="most pixels in a FIFO", box=box.SIMPLE_HEAD)
    for column in ("FIFO", "depth", "RTL", "dataflow model"):
        table.add_column(column, justify="left" if column == "FIFO" else "right", no_wrap=True)
    for fifo in found.fifos:
        if fifo.depth > 2:
            model = "" if fifo.modelled_peak is None else f"{fifo.modelled_peak:,}"
            table.add_row(fifo.name, f"{fifo.depth:,}", f"{fifo.peak:,}", model)
    if table.rows:
        print_table(table)
    out.print(
        f"{found.clocks:,} clocks in {found.seconds:.1f} s of processor time, Verilator; "
        f"report: {folder}",
        highlight=False,
    )
