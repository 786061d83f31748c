"""Verb ``hls``: the HLS project, and its proof."""

from __future__ import annotations

from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import PROJECT, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.csim import print_csim
from fcn_hw.cli.printers.hls import print_project


@app.command(
    rich_help_panel=PROJECT,
    epilog="Examples: fcn-hw hls digits_fcn8s --board pynq-z2; "
    "fcn-hw hls --graph mine_graph --board zcu104 --output mine_project",
)
def hls(
    board: options.Board,
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    output: options.Output = None,
    root: options.Root = options.HERE,
    conv: options.Conv = None,
    prove: Annotated[
        bool, typer.Option("--csim/--no-csim", help="Prove the project by C simulation.")
    ] = True,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Write over files that were edited by hand; keep copies in edited/."
        ),
    ] = False,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """Emit the HLS project for a board and prove it, bit for bit, by C simulation.

    Files of an earlier emission are replaced or removed, and your own files stay. Where a file of
    the emission was edited by hand the verb names it and stops, unless --overwrite is given.
    With --no-csim, a design that is not trained is emitted with placeholder weights, to a folder of
    its own. With --graph, emit an exported graph; it is proved by `fcn-hw csim --graph`.
    """
    chosen, progress = options.conv_named(conv), progress_for(as_json)
    alone = options.of_graph(design, graph, output, "hls")
    if alone is not None:
        made = fcn_hw.hls_graph(
            alone.graph,
            board,
            alone.output,
            conv=chosen or "fcn_hw",
            overwrite=overwrite,
            progress=progress,
        )
    else:
        named = str(design)
        made = fcn_hw.hls_design(
            named,
            board,
            root,
            conv=chosen,
            overwrite=overwrite,
            placeholders=not prove,
            train=not no_train,
            progress=progress,
        )
        if prove:
            result = fcn_hw.csim_design(named, board, root, conv=chosen, progress=progress)
            print_result(result, print_csim, as_json, made.project / "report")
            raise typer.Exit(0 if result.exact else 1)
    print_result(made, print_project, as_json)
