"""Verb ``handoff``: the bundle, packed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RESULTS, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.handoff import print_handoff


@app.command(
    rich_help_panel=RESULTS,
    epilog="Examples: fcn-hw handoff digits_fcn8s --board pynq-z2; "
    "fcn-hw handoff --graph mine_graph --board zcu104 --project mine_project",
)
def handoff(
    board: options.Board,
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    project: Annotated[
        Path | None, typer.Option("--project", help="With --graph: folder of the HLS project.")
    ] = None,
    data: options.Data = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder of the bundle; handoff/ by default.")
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="Golden frames; 3 by default.")
    ] = None,
    root: options.Root = options.HERE,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """Pack a proved design for the engineer who builds the bitstream.

    Sources, scripts, constraints, driver, golden vectors, expected numbers and what vendor tools
    left, in handoff/DESIGN-BOARD.tar.gz. The same input gives the same bytes. Check it anywhere by
    `fcn-hw verify`.
    """
    options.data_of_graph(data, graph)
    progress = progress_for(as_json)
    if graph is not None:
        options.only_one(design, "--graph")
        made = fcn_hw.handoff_graph(
            graph,
            board,
            options.needed(project, "--project", "--graph"),
            output=output or root / "handoff",
            images=images,
            data=data,
            progress=progress,
        )
    else:
        made = fcn_hw.handoff_design(
            options.needed(design, "DESIGN or --graph", "handoff"),
            board,
            root,
            output=output,
            images=images,
            train=not no_train,
            progress=progress,
        )
    print_result(made, print_handoff, as_json)
