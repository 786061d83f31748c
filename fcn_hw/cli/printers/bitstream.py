"""What the verb ``bitstream`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.ecp5 import Ecp5Bitstream
    from fcn_hw.flow.implementation import Implementation


def print_implementation(routed: Implementation) -> None:
    """What the routed design takes, and its slacks."""
    table = Table(title=f"RTL of {routed.rtl}, routed by Vivado", box=box.SIMPLE_HEAD)
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


def print_placement(run: Ecp5Bitstream) -> None:
    """What a design takes of an ECP5, whose its critical path is, and its clock."""
    found = run.placement
    table = Table(
        title=f"{found.design} on {found.board}: routed by nextpnr-ecp5", box=box.SIMPLE_HEAD
    )
    for column in ("resource", "used", "available", "share", "estimate"):
        table.add_column(column, justify="left" if column == "resource" else "right")
    for row in found.resources:
        estimated = "" if row.estimated is None else f"{row.estimated:,g}"
        share = f"{100 * row.used / row.available:.2f} %"
        table.add_row(row.name, f"{row.used:,}", f"{row.available:,}", share, estimated)
    path = Table(title="critical path", box=box.SIMPLE_HEAD)
    for column in ("of", "logic ns", "routing ns"):
        path.add_column(column, justify="left" if column == "of" else "right")
    for part in found.path:
        path.add_row(part.owner, f"{part.logic_ns:.2f}", f"{part.routing_ns:.2f}")
    out = console()
    print_table(table)
    print_table(path)
    out.print(
        f"clock {found.clock_mhz:g} MHz {'met' if found.met else '[bold red]not met[/]'}: "
        f"{found.fmax_mhz:.2f} MHz by nextpnr-ecp5's delays",
        highlight=False,
    )
    if run.bit is not None:
        out.print(f"bitstream: {run.bit}", highlight=False)
    out.print(f"report: {run.report}", highlight=False)
