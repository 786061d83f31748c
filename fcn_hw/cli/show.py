"""Verb ``show``: a graph as text."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RESULTS, app
from fcn_hw.cli.completion import complete_design
from fcn_hw.cli.printers.common import console, print_json


@app.command(
    rich_help_panel=RESULTS, epilog="Examples: fcn-hw show digits_fcn8s; fcn-hw show mine_graph"
)
def show(
    target: Annotated[
        str,
        typer.Argument(
            metavar="DESIGN|GRAPH",
            help="A design, or a folder that holds a graph.json.",
            autocompletion=complete_design,
        ),
    ],
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Print the typed graph: a tensor a line with its shape, format, op and fields.

    The word in front says how it is known that the tensor has QKeras' codes: exact, proved or
    measured (docs/operators.md).
    """
    from fcn_hw.flow.show import shown_to_json

    shown = fcn_hw.show_graph(target, root)
    if shown.doubt:
        line = f"[yellow]warning:[/] the graph is stale: {escape(shown.doubt)}"
        console(stderr=True).print(line, highlight=False)
    if as_json:
        print_json(shown_to_json(shown))
    else:
        typer.echo(shown.text())
