"""Verb ``fifo``: depths of the FIFOs."""

from __future__ import annotations

from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import SIZES, app
from fcn_hw.cli.printers.common import print_json, progress_for
from fcn_hw.cli.printers.fifo import print_fifos


@app.command(
    rich_help_panel=SIZES,
    epilog="Examples: fcn-hw fifo digits_fcn8s --board pynq-z2 --explain skip_pool2; "
    "fcn-hw fifo --graph mine_graph --board zcu104 --output mine_project",
)
def fifo(
    board: options.Board,
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    output: options.Output = None,
    explain: Annotated[
        str | None,
        typer.Option("--explain", help="Say why this FIFO, or this op's skip, is so deep."),
    ] = None,
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Size the FIFOs: the smallest depths that lose no throughput and never deadlock, proved.

    The depths, a certificate and a picture of the skip FIFOs go to the design's report folder. A
    design that is not trained is sized with placeholder weights, in a folder of its own. With
    --graph, an exported graph; its reports go to report/ below --output.
    """
    from fcn_hw.results import result_data

    progress, alone = progress_for(as_json), options.of_graph(design, graph, output, "fifo")
    if alone is not None:
        result = fcn_hw.fifo_graph(alone.graph, board, alone.output, progress=progress)
    else:
        result = fcn_hw.fifo_design(str(design), board, root, progress=progress)
    found = None if explain is None else fcn_hw.explain_fifo(result, explain)
    if as_json:
        print_json(result_data(result.summary() if found is None else found))
    elif found is not None:
        typer.echo("\n".join(found.sentences))
    else:
        print_fifos(result)
