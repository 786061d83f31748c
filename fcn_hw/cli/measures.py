"""Verbs ``estimate``, ``fifo`` and ``report``: numbers without a vendor tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fcn_hw.cli.application import app
from fcn_hw.cli.common import (
    HERE,
    BoardOption,
    ConvOption,
    DesignArgument,
    JsonOption,
    RootOption,
    conv_named,
    print_json,
    progress_for,
)
from fcn_hw.tables import print_estimate, print_fifos, print_measured, print_report


@app.command(epilog="Example: fcn-hw estimate digits_fcn8s --board pynq-z2")
def estimate(
    board: BoardOption,
    design: Annotated[
        str | None, typer.Argument(help="A design, as for the other commands.")
    ] = None,
    graph: Annotated[
        Path | None, typer.Option("--graph", help="A folder that holds a graph.json, instead.")
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Resources, cycles and energy by layer, against the board and the limit of the folds: a model.

    The report's files and pictures go to the design's report folder. A design that is not trained
    is estimated with placeholder weights, in a folder of its own. With --graph alone the folds are
    chosen for the board and nothing is written. Exit status 1 if it does not fit.
    """
    from fcn_hw.estimate.reports import report_data
    from fcn_hw.flow.estimate import estimate_design

    run = estimate_design(design, graph, board, root, progress_for(as_json))
    if as_json:
        print_json({**report_data(run.estimate), "untrained": run.untrained})
    else:
        print_estimate(run.estimate)
        print_measured(run)
    run.check()


@app.command(epilog="Example: fcn-hw fifo digits_fcn8s --board pynq-z2 --explain skip_pool2")
def fifo(
    design: DesignArgument,
    board: BoardOption,
    explain: Annotated[
        str | None,
        typer.Option("--explain", help="Say why this FIFO, or this op's skip, is so deep."),
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Size the FIFOs: the smallest depths that lose no throughput and never deadlock, proved.

    The depths, a certificate and a picture of the skip FIFOs go to the design's report folder. A
    design that is not trained is sized with placeholder weights, in a folder of its own.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.fifos import explain_fifo, fifo_stage, fifo_to_json
    from fcn_hw.flow.untrained import with_shapes_at_least
    from fcn_hw.flow.workspace import open_board

    target, progress = open_board(board), progress_for(as_json)
    workspace = with_shapes_at_least(open_workspace(design, root), progress)
    result = fifo_stage(workspace, target, progress)
    found = None if explain is None else explain_fifo(result, explain)
    if as_json:
        print_json(fifo_to_json(result, found))
    elif found is not None:
        typer.echo("\n".join(found.sentences))
    else:
        print_fifos(result, workspace.report(target))


@app.command(epilog="Example: fcn-hw report digits_fcn8s --board pynq-z2")
def report(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    conv: ConvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one HTML file that shows all results of a design on a board.

    It opens from disk, without network. No stage is run: a section whose stage has not run says
    which command makes it. With --json, print what the file shows, pictures left out.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.workspace import open_board
    from fcn_hw.report import report_stage, report_to_json

    target = open_board(board)
    workspace = open_workspace(design, root).with_conv(conv_named(conv))
    made, path = report_stage(workspace, target)
    if as_json:
        print_json(report_to_json(made, path))
    else:
        print_report(made, path)
