"""What the verb ``search`` prints for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.studies.search.front import SearchResult


def print_search(result: SearchResult, folder: Path) -> None:
    """The Pareto front, a row a point; the design as it stands below it.

    Args:
        folder: of the design.
    """
    out = console()
    table = Table(
        title=f"Pareto front of {len(result.points)} trials, validation split", box=box.SIMPLE_HEAD
    )
    table.add_column("", no_wrap=True)
    for column in (result.metric, "LUT", "DSP", "BRAM36", "nJ/frame", "weight bits", "bits/weight"):
        table.add_column(column, justify="right", no_wrap=True)
    for point in result.front:
        table.add_row(
            point.name,
            f"{100 * point.metric:.2f} %",
            *_costs(point.costs),
            f"{point.average_bits:.2f}",
        )
    table.add_section()
    table.add_row(
        "the design, retrained",
        f"{100 * result.metric_as_designed:.2f} %",
        *_costs(result.as_designed),
        f"{result.average_bits_as_designed:.2f}",
    )
    print_table(table)
    for point in result.front:
        assert point.design is not None, "every point of the front has a design"
        place = (folder / point.design).parent
        out.print(f"make hls DESIGN={escape(str(place))}", highlight=False)
    for point in result.points:
        if not point.fits:
            out.print(f"{point.name} needs more than {result.board} has", highlight=False)
    for name, reason in result.failed.items():
        out.print(f"{name} has no value: {escape(reason)}", highlight=False)


def _costs(costs: object) -> tuple[str, ...]:
    names = ("lut", "dsp", "bram", "energy", "weight_bits")
    return tuple(f"{round(getattr(costs, name), 1):,.10g}" for name in names)
