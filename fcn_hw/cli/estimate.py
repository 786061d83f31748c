"""Verb ``estimate``: resources, cycles and energy without a vendor tool."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import SIZES, app
from fcn_hw.cli.printers.common import print_json, progress_for
from fcn_hw.cli.printers.estimate import print_estimate, print_measured, print_next
from fcn_hw.errors import ConfigError


@app.command(rich_help_panel=SIZES, epilog="Example: fcn-hw estimate digits_fcn8s --board pynq-z2")
def estimate(
    board: options.Board,
    design: Annotated[
        str | None, typer.Argument(help="A design, as for the other commands.")
    ] = None,
    graph: Annotated[
        Path | None, typer.Option("--graph", help="A folder that holds a graph.json, instead.")
    ] = None,
    output: options.Output = None,
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Resources, cycles and energy by layer, against the board and the limit of the folds: a model.

    The report's files and pictures go to the design's report folder. A design that is not trained
    is estimated with placeholder weights, in a folder of its own. With --graph alone the folds are
    chosen for the board and kept in the user's cache, and no files are written unless --output is
    given. Exit status 1 if it does not fit.
    """
    from fcn_hw.estimate.reports import report_data

    progress = progress_for(as_json)
    if graph is not None:
        run = fcn_hw.estimate_graph(
            graph, board, root, design=design, output=output, progress=progress
        )
    elif design is not None:
        run = fcn_hw.estimate_design(design, board, root, progress=progress)
    else:
        raise ConfigError("nothing to estimate", hint="Name a design, or give --graph DIR.")
    if as_json:
        following = run.next_folds and asdict(run.next_folds)
        print_json(
            {
                **report_data(run.estimate),
                "frame_latency_cycles": run.frame_latency_cycles,
                "next_folds": following,
                "untrained": run.untrained,
            }
        )
    else:
        print_estimate(run)
        print_next(run.next_folds)
        print_measured(run)
    run.check()
