"""Verb ``diff``: what changed between two graphs, designs or reports."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RESULTS, app
from fcn_hw.cli.completion import complete_design
from fcn_hw.cli.printers.common import console, print_result
from fcn_hw.cli.printers.diff import print_differences


@app.command(
    rich_help_panel=RESULTS,
    epilog="Examples: fcn-hw diff old_graph new_graph; fcn-hw diff digits_fcn8s camvid_fcn8s; "
    "fcn-hw diff a/report/csim.json b/report/csim.json",
)
def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A graph folder, a report, or a design.",
            autocompletion=complete_design,
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(
            metavar="B", help="Another one of that kind.", autocompletion=complete_design
        ),
    ],
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Say what changed between two graphs, designs or reports (.json, or a folder of them).

    Measured times of reports are not compared. Exit status 1 if they differ.
    """
    found = fcn_hw.compare(before, after, root)
    for path in found.damaged:
        line = f"[yellow]warning:[/] {escape(path)} was changed after its stage wrote it"
        console(stderr=True).print(line, highlight=False)
    print_result(found, print_differences, as_json)
    if found.changes:
        raise typer.Exit(1)
