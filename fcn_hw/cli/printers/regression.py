"""What the verb ``regression`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from fcn_hw.cli.printers.common import print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.regression import Row


def print_regression(rows: Sequence[Row]) -> None:
    """This run against the last; nothing where there was none."""
    if not rows:
        return
    table = Table(title="against the last run", box=box.SIMPLE_HEAD)
    for column in ("quantity", "last", "now", "allowed", ""):
        left = column in ("quantity", "")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.quantity, f"{row.before:,.10g}", f"{row.now:,.10g}", f"{row.allowed:,.10g}",
            "[bold red]worse[/]" if row.worse else "",
        )  # fmt: skip
    print_table(table)
