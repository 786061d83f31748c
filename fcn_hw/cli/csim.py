"""Verb ``csim``: the HLS project, proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import PROJECT, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.csim import print_bounded, print_csim
from fcn_hw.errors import ConfigError

if TYPE_CHECKING:  # `fcn-hw --help` loads neither
    from fcn_hw.flow import BoundedResult, CsimResult


@app.command(
    rich_help_panel=PROJECT,
    epilog="Examples: fcn-hw csim digits_fcn8s --board pynq-z2 --images 8; "
    "fcn-hw csim --graph mine_graph --board zcu104 --output mine_project --images 4",
)
def csim(
    board: options.Board,
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    output: options.Output = None,
    root: options.Root = options.HERE,
    images: options.Images = None,
    data: options.Data = None,
    conv: options.Conv = None,
    sign_off: Annotated[
        bool,
        typer.Option("--sign-off", help="Compile with the official ap_types: exact, but slow."),
    ] = False,
    bounded: Annotated[
        bool, typer.Option("--bounded", help="Run the processes on FIFOs of their real depths.")
    ] = False,
    depth: Annotated[
        list[str] | None,
        typer.Option("--depth", metavar="FIFO=PIXELS", help="Another depth, with --bounded."),
    ] = None,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """Compare the compiled HLS sources with the oracle and the model, every layer, code for code.

    With --bounded, prove instead that no FIFO is too short: the processes run side by side, some
    images back to back, and the outputs are compared. With --graph, compare an exported graph with
    the oracle, on random frames or on those of --data. With --sign-off, the official ap_types stand
    in for the native integers of frames side by side; the codes are the same. Sources
    that were edited by hand are simulated as they are. A run on fewer images, or of edited sources,
    has a report of its own. Exit status 1 if a single code differs, or if processes wait for one
    another.
    """
    from fcn_hw.boards import load_board
    from fcn_hw.flow import BoundedResult, open_workspace
    from fcn_hw.flow.bounded import parse_depths

    target, chosen, progress = load_board(board), options.conv_named(conv), progress_for(as_json)
    options.data_of_graph(data, graph)
    if depth and not bounded:
        raise ConfigError("--depth has no effect without --bounded", hint="add --bounded")
    if sign_off and bounded:
        raise ConfigError(
            "--sign-off has no effect with --bounded",
            hint="it always runs on the official ap_types",
        )
    depths = parse_depths(depth or [])
    alone = options.of_graph(design, graph, output, "csim")
    found: CsimResult | BoundedResult
    if alone is not None:
        if bounded:
            found = fcn_hw.csim_bounded_graph(
                alone.graph,
                board,
                alone.output,
                images=images,
                data=data,
                depths=depths,
                progress=progress,
            )
        else:
            found = fcn_hw.csim_graph(
                alone.graph,
                board,
                alone.output,
                images=images,
                data=data,
                conv=chosen or "fcn_hw",
                sign_off=sign_off,
                progress=progress,
            )
        report = alone.output / "report"
    else:
        named, train = str(design), not no_train
        if bounded:
            found = fcn_hw.csim_bounded(
                named,
                board,
                root,
                images=images,
                depths=depths,
                conv=chosen,
                train=train,
                progress=progress,
            )
        else:
            found = fcn_hw.csim_design(
                named,
                board,
                root,
                images=images,
                conv=chosen,
                sign_off=sign_off,
                train=train,
                progress=progress,
            )
        report = open_workspace(named, root).with_conv(chosen).report(target)
    if isinstance(found, BoundedResult):
        print_result(found, print_bounded, as_json)
    else:
        print_result(found, print_csim, as_json, report)
    if found.mismatches:
        raise typer.Exit(1)
