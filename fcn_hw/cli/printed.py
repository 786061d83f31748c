"""What the verbs of ``looking.py`` print for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.tables import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.boards import Board
    from fcn_hw.flow.clean import Generated
    from fcn_hw.flow.differences import Differences
    from fcn_hw.flow.doctor import Diagnosis, StageState


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


def print_generated(found: Sequence[Generated]) -> None:
    """A line a folder of what is removed, then what stays in it."""
    out = console()
    for item in found:
        size = f"{len(item.files):,} files, {item.bytes / 1e6:,.1f} MB"
        out.print(f"remove {escape(str(item.folder))}: {size}", highlight=False)
        for path in item.kept:
            out.print(f"  stays, not made by a stage: {escape(str(path))}", highlight=False)
    if not found:
        out.print("nothing to remove", highlight=False)


def print_diagnosis(found: Diagnosis) -> None:
    """What is there, then a line a stage, then remedies."""
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
        if item.problem:
            out.print(f"{escape(item.name)}: {escape(item.remedy)}", highlight=False)


def _stage(state: StageState) -> str:
    if not state.missing:
        return "[green]ready[/]"
    kind = "needs a vendor's" if state.licensed else "[red]misses[/]"
    return f"{kind} {escape(', '.join(state.missing))}"
