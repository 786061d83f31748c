"""Verb ``csynth``: C synthesis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RTL, app
from fcn_hw.cli.printers.common import print_json, progress_for
from fcn_hw.cli.printers.cosim import print_rtl_cosim
from fcn_hw.cli.printers.csynth import print_hardware, print_rtl_csynth

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.hardware import HardwareRun
    from fcn_hw.rtl.reports import RtlCosim, RtlSynthesis


@app.command(
    rich_help_panel=RTL,
    epilog="Examples: fcn-hw csynth digits_fcn8s --board pynq-z2; "
    "fcn-hw csynth --graph mine_graph --board zcu104 --output mine_project",
)
def csynth(
    board: options.Board,
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    output: options.Output = None,
    root: options.Root = options.HERE,
    compiler: options.Compiler = None,
    process: Annotated[
        str | None,
        typer.Option("--process", metavar="NAME", help="One process alone, by fcn_hw's compiler."),
    ] = None,
    gates: Annotated[
        bool,
        typer.Option("--gates", help="LUT, FF, DSP and block RAM of our RTL by yosys, too."),
    ] = False,
    hours: options.Hours = None,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """C synthesis: by Vitis HLS (or Vivado HLS), or by fcn_hw's own compiler where it is not there.

    Vitis HLS takes the network with its AXI ports, and is compared with the last run: exit status 1
    if it is worse than section 'regression' of the design allows. Ours takes the network's
    processes and says of each its stages, its slowest recurrence and its memories. With --graph,
    an exported graph. Exit status 2 where a program or a licence is missing.
    """
    chosen, progress = options.compiler_named(compiler), progress_for(as_json)
    alone = options.of_graph(design, graph, output, "csynth")
    if alone is not None:
        found = fcn_hw.csynth_graph(
            alone.graph,
            board,
            alone.output,
            compiler=chosen,
            process=process,
            gates=gates,
            hours=hours,
            progress=progress,
        )
    else:
        found = fcn_hw.csynth_design(
            str(design),
            board,
            root,
            compiler=chosen,
            process=process,
            gates=gates,
            hours=hours,
            train=not no_train,
            progress=progress,
        )
    show_run(found, options.report_folder(alone, design, root, board), as_json)


def show_run(found: HardwareRun | RtlSynthesis | RtlCosim, folder: Path, as_json: bool) -> None:
    """Prints the vendor's run, or what fcn_hw's compiler made; checks a vendor's run."""
    from fcn_hw.flow.hardware import HardwareRun
    from fcn_hw.results import result_data
    from fcn_hw.rtl.reports import RtlSynthesis

    if as_json:
        print_json(result_data(found))
    elif isinstance(found, HardwareRun):
        print_hardware(found)
    elif isinstance(found, RtlSynthesis):
        print_rtl_csynth(found, folder)
    else:
        print_rtl_cosim(found, folder)
    if isinstance(found, HardwareRun):
        found.check()
