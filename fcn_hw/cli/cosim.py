"""Verb ``cosim``: the RTL, simulated."""

from __future__ import annotations

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import app
from fcn_hw.cli.csynth import show_run
from fcn_hw.cli.printers.common import progress_for


@app.command(epilog="Example: fcn-hw cosim digits_fcn8s --board pynq-z2 --images 2")
def cosim(
    design: options.Design,
    board: options.Board,
    root: options.Root = options.HERE,
    compiler: options.Compiler = None,
    images: options.Images = None,
    hours: options.Hours = None,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """RTL cosimulation: the RTL's codes on validation images, each one compared.

    The RTL is Vitis HLS' in its own simulator, against the C++; or that of fcn_hw's compiler in
    Verilator, every stream against the integer oracle. Two images where no number is given. Exit
    status 1 at a single code that differs.
    """
    from fcn_hw.boards import load_board
    from fcn_hw.flow import open_workspace

    found = fcn_hw.cosim_design(
        design,
        board,
        root,
        compiler=options.compiler_named(compiler),
        images=images,
        hours=hours,
        train=not no_train,
        progress=progress_for(as_json),
    )
    show_run(found, open_workspace(design, root).report(load_board(board)), as_json)
