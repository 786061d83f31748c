"""Verb ``bitstream``: from sources to a bitstream, by the vendor's tools or by open ones."""

from __future__ import annotations

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RTL, app
from fcn_hw.cli.csynth import show_run
from fcn_hw.cli.printers.bitstream import print_placement
from fcn_hw.cli.printers.common import print_json, progress_for
from fcn_hw.results import result_data


@app.command(
    rich_help_panel=RTL,
    epilog="Examples: fcn-hw bitstream digits_fcn8s --board pynq-z2; "
    "fcn-hw bitstream --graph mine_graph --board zcu104 --output mine_project",
)
def bitstream(
    board: options.Board,
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    output: options.Output = None,
    root: options.Root = options.HERE,
    compiler: options.Compiler = None,
    hours: options.Hours = None,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """From the emitted C++ to a bitstream, placed and routed for the board.

    Boards with a Zynq: C synthesis by Vitis HLS, or by fcn_hw's own compiler where it is not there,
    IP and block design by Vivado; .bit and .hwh.
    Boards with an ECP5: fcn_hw's own compiler, yosys, nextpnr-ecp5 and ecppack; a .bit, whose
    network is behind a serial port. No bitstream is written of a design that misses its timing;
    then the exit status is 1. Exit status 2 where a program or a licence is missing.
    """
    from fcn_hw.flow.ecp5 import Ecp5Bitstream

    chosen, progress = options.compiler_named(compiler), progress_for(as_json)
    alone = options.of_graph(design, graph, output, "bitstream")
    if alone is not None:
        run = fcn_hw.bitstream_graph(
            alone.graph, board, alone.output, compiler=chosen, hours=hours, progress=progress
        )
    else:
        run = fcn_hw.bitstream_design(
            str(design),
            board,
            root,
            compiler=chosen,
            hours=hours,
            train=not no_train,
            progress=progress,
        )
    if not isinstance(run, Ecp5Bitstream):
        show_run(run, run.folder, as_json)
        return
    if as_json:
        bit = None if run.bit is None else str(run.bit)
        print_json({**result_data(run.placement), "bitstream": bit})
    else:
        print_placement(run)
    run.check()
