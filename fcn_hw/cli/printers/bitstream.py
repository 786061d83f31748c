"""What the verb ``bitstream`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.implementation import Implementation


def print_implementation(routed: Implementation) -> None:
    """What the routed design takes, and its slacks."""
    table = Table(title="routed by Vivado", box=box.SIMPLE_HEAD)
    for column in ("resource", "used", "available", "share"):
        table.add_column(column, justify="left" if column == "resource" else "right")
    for name, usage in vars(routed.utilization).items():
        if usage is not None:
            table.add_row(
                name.upper(), f"{usage.used:,g}", f"{usage.available:,}", f"{usage.percent:.2f} %"
            )
    out = console()
    print_table(table)
    timing = routed.timing
    out.print(
        f"timing met: WNS {timing.setup.worst_ns:g} ns, WHS {timing.hold.worst_ns:g} ns, "
        f"{timing.setup.endpoints:,} endpoints",
        highlight=False,
    )
