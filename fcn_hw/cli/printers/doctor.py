"""What the verb ``doctor`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.doctor import Diagnosis, StageState


def print_diagnosis(found: Diagnosis) -> None:
    """What is there, then a line a stage, then remedies and notes."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("installed", "version", "asked for", "where"):
        table.add_column(column, overflow="fold")
    for item in found.items:
        version = f"[red]{escape(item.problem)}[/]" if item.problem else item.version
        table.add_row(escape(item.name), version, escape(item.wanted), escape(item.path))
    print_table(table)
    out = console()
    for state in found.stages:
        out.print(f"{state.stage:<10} {_stage(state)}", highlight=False)
    data = escape(found.data) or "not set: data sets of photographs are looked for where you are"
    wrong = f" [red]{found.data_problem}[/]" if found.data_problem else ""
    out.print(f"\nFCN_HW_DATA: {data}{wrong}; {found.cores} cores", highlight=False)
    gpus = ", ".join(found.gpus) or "none: training runs on the cores"
    wrong = f"; {found.gpus_problem}" if found.gpus_problem else ""
    out.print(f"GPUs: {escape(gpus + wrong)}", highlight=False)
    for item in found.items:
        said = item.remedy if item.problem else item.note
        if said:
            out.print(f"{escape(item.name)}: {escape(said)}", highlight=False)


def _stage(state: StageState) -> str:
    if not state.missing:
        return "[green]ready[/]"
    kind = "needs a vendor's" if state.licensed else "[red]misses[/]"
    return f"{kind} {escape(', '.join(state.missing))}"
