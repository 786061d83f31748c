"""Verb ``bitstream``: from sources to a bitstream, by the vendor's tools."""

from __future__ import annotations

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RTL, app
from fcn_hw.cli.csynth import show_run
from fcn_hw.cli.printers.common import progress_for


@app.command(rich_help_panel=RTL, epilog="Example: fcn-hw bitstream digits_fcn8s --board pynq-z2")
def bitstream(
    design: options.Design,
    board: options.Board,
    root: options.Root = options.HERE,
    hours: options.Hours = None,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """C synthesis, IP, block design placed and routed by Vivado; its .bit and .hwh.

    No bitstream is written of a design that misses its timing; then the exit status is 1.
    """
    run = fcn_hw.bitstream_design(
        design, board, root, hours=hours, train=not no_train, progress=progress_for(as_json)
    )
    show_run(run, run.folder, as_json)
