"""Verb ``regression``: the last run of a vendor's tool against the one before."""

from __future__ import annotations

from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RTL, app
from fcn_hw.cli.printers.common import console, print_json
from fcn_hw.cli.printers.regression import print_regression


@app.command(
    rich_help_panel=RTL, epilog="Example: fcn-hw regression digits_fcn8s --board pynq-z2 --accept"
)
def regression(
    design: options.Design,
    board: options.Board,
    root: options.Root = options.HERE,
    accept: Annotated[
        bool, typer.Option("--accept", help="From now on compare with this run, worse or not.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Show how the last run of csynth, cosim or bitstream compares with the one before."""
    from fcn_hw.results import result_data

    if accept:
        count = fcn_hw.accept_design(design, board, root)
        if as_json:
            print_json({"accepted": count})
        else:
            text = f"the next run is compared with these {count} quantities"
            console().print(text, highlight=False)
        return
    run = fcn_hw.regression_design(design, board, root)
    if as_json:
        print_json([result_data(row) for row in run.rows])
    else:
        print_regression(run.rows)
    run.check()
