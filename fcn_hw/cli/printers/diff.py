"""What the verb ``diff`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.differences import Differences


def print_differences(found: Differences) -> None:
    """A row a change; one line where there is none."""
    out = console()
    if not found.changes:
        out.print(f"the two {found.kind} are the same", highlight=False)
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("where", "what", found.before, found.after):
        table.add_column(escape(column), overflow="fold")
    for change in found.changes:
        cells = (change.where, change.what, change.before or "-", change.after or "-")
        table.add_row(*(escape(cell) for cell in cells))
    print_table(table)
    count = len(found.changes)
    out.print(f"{count} {'difference' if count == 1 else 'differences'}", highlight=False)
