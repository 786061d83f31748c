"""What the verb ``export`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.agreement import Agreement


def print_agreement(result: Agreement) -> None:
    """A row a layer: how it is known that the graph has its codes, and what was compared."""
    compared = result.frames > 0
    title = f"model = graph, {result.frames} frames" if compared else "model = graph"
    table = Table(title=title, box=box.SIMPLE_HEAD)
    columns = ["layer", "format", "status", "as", "near ties"]
    columns += ["codes", "differ", "by at most"] if compared else []
    for column in columns:
        right = column in ("near ties", "codes", "differ", "by at most")
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    for row in result.layers:
        most = f"{row.most_steps:.3g} steps" if row.differ else ""
        counts = [f"{row.values:,}", f"{row.differ:,}", most] if compared else []
        near = f"{row.near_ties:,}" if row.form else ""
        table.add_row(escape(row.layer), row.format, row.status, row.form, near, *counts)
    out = console()
    print_table(table)
    for row in result.layers:
        if row.form:
            out.print(f"{escape(row.layer)}: {row.how}", highlight=False)
    if result.class_pixels:
        share = 100 * result.class_differ / result.class_pixels
        out.print(
            f"class maps: {result.class_differ:,} of {result.class_pixels:,} pixels differ "
            f"({share:.3f} %)",
            highlight=False,
        )
    if not result.holds:
        out.print("[bold red]NOT equal[/] where it must be", highlight=False)
