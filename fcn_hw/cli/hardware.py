"""Verbs ``csynth``, ``cosim``, ``bitstream`` and ``regression``: the vendor's tools, or our
compiler."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcn_hw.cli.application import app
from fcn_hw.cli.common import (
    HERE,
    BoardOption,
    CompilerOption,
    DesignArgument,
    HoursOption,
    ImagesOption,
    JsonOption,
    NoTrainOption,
    RootOption,
    compiler_named,
    print_json,
    progress_for,
)
from fcn_hw.tables import (
    console,
    print_hardware,
    print_regression,
    print_rtl_cosim,
    print_rtl_csynth,
)

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.boards import Board
    from fcn_hw.flow import Workspace
    from fcn_hw.flow.hardware import HardwareRun
    from fcn_hw.rtl.reports import RtlCosim, RtlSynthesis


@app.command(epilog="Example: fcn-hw csynth digits_fcn8s --board pynq-z2")
def csynth(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    compiler: CompilerOption = None,
    process: Annotated[
        str | None,
        typer.Option("--process", metavar="NAME", help="One process alone, by fcn_hw's compiler."),
    ] = None,
    gates: Annotated[
        bool,
        typer.Option("--gates", help="LUT, FF, DSP and block RAM of our RTL by yosys, too."),
    ] = False,
    hours: HoursOption = None,
    no_train: NoTrainOption = False,
    as_json: JsonOption = False,
) -> None:
    """C synthesis: by Vitis HLS (or Vivado HLS), or by fcn_hw's own compiler where it is not there.

    Vitis HLS takes the network with its AXI ports, and is compared with the last run: exit status 1
    if it is worse than section 'regression' of the design allows. Ours takes the network's
    processes and says of each its stages, its slowest recurrence and its memories. Exit status 2
    where a program or a licence is missing.
    """
    from fcn_hw.flow.hardware import csynth_by

    workspace, target = _open(design, board, root, no_train)
    found = csynth_by(
        workspace, target, progress_for(as_json), compiler=compiler_named(compiler),
        process=process, gates=gates, hours=hours,
    )  # fmt: skip
    _show(found, workspace.report(target), as_json)


@app.command(epilog="Example: fcn-hw cosim digits_fcn8s --board pynq-z2 --images 2")
def cosim(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    compiler: CompilerOption = None,
    images: ImagesOption = None,
    hours: HoursOption = None,
    no_train: NoTrainOption = False,
    as_json: JsonOption = False,
) -> None:
    """RTL cosimulation: the RTL's codes on validation images, each one compared.

    The RTL is Vitis HLS' in its own simulator, against the C++; or that of fcn_hw's compiler in
    Verilator, every stream against the integer oracle. Two images where no number is given. Exit
    status 1 at a single code that differs.
    """
    from fcn_hw.flow.hardware import cosim_by

    workspace, target = _open(design, board, root, no_train)
    found = cosim_by(
        workspace, target, progress_for(as_json), compiler=compiler_named(compiler),
        images=images, hours=hours,
    )  # fmt: skip
    _show(found, workspace.report(target), as_json)


@app.command(epilog="Example: fcn-hw bitstream digits_fcn8s --board pynq-z2")
def bitstream(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    hours: HoursOption = None,
    no_train: NoTrainOption = False,
    as_json: JsonOption = False,
) -> None:
    """C synthesis, IP, block design placed and routed by Vivado; its .bit and .hwh.

    No bitstream is written of a design that misses its timing; then the exit status is 1.
    """
    from fcn_hw.flow.hardware import run_bitstream

    workspace, target = _open(design, board, root, no_train)
    _hardware(run_bitstream(workspace, target, progress_for(as_json), hours=hours), as_json)


@app.command(epilog="Example: fcn-hw regression digits_fcn8s --board pynq-z2 --accept")
def regression(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    accept: Annotated[
        bool, typer.Option("--accept", help="From now on compare with this run, worse or not.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how the last run of csynth, cosim or bitstream compares with the one before."""
    from fcn_hw.flow.regression import accept_stage, check, last_rows

    workspace, target = _open(design, board, root)
    folder = workspace.report(target)
    if accept:
        count = len(accept_stage(workspace, target))
        if as_json:
            print_json({"accepted": count})
        else:
            text = f"the next run is compared with these {count} quantities"
            console().print(text, highlight=False)
        return
    rows = last_rows(folder)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        print_regression(rows)
    check(folder, rows)


def _open(design: str, board: str, root: Path, no_train: bool = False) -> tuple[Workspace, Board]:
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.workspace import open_board

    target = open_board(board)
    return open_workspace(design, root, may_train=not no_train), target


def _show(found: HardwareRun | RtlSynthesis | RtlCosim, folder: Path, as_json: bool) -> None:
    """Prints the vendor's run, or what fcn_hw's compiler made."""
    from fcn_hw.flow.hardware import HardwareRun
    from fcn_hw.results import result_data
    from fcn_hw.rtl.reports import RtlSynthesis

    if isinstance(found, HardwareRun):
        _hardware(found, as_json)
    elif as_json:
        print_json(result_data(found))
    elif isinstance(found, RtlSynthesis):
        print_rtl_csynth(found, folder)
    else:
        print_rtl_cosim(found, folder)


def _hardware(run: HardwareRun, as_json: bool) -> None:
    from fcn_hw.flow.hardware import run_to_json

    if as_json:
        print_json(run_to_json(run))
    else:
        print_hardware(run)
    run.check()
