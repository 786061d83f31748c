"""Verb ``evaluate``: how good a trained design is, on its own data or on any list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fcn_hw.cli.application import app
from fcn_hw.cli.common import (
    HERE,
    DesignArgument,
    JsonOption,
    RootOption,
    needed,
    print_json,
    progress_for,
)
from fcn_hw.cli.completion import complete_board
from fcn_hw.cli.evaluated import print_evaluation
from fcn_hw.errors import ConfigError


@app.command(
    epilog="Examples: fcn-hw evaluate digits_fcn8s; "
    "fcn-hw evaluate streets --list night.txt --csim --board pynq-z2 --json"
)
def evaluate(
    design: DesignArgument,
    listed: Annotated[
        Path | None,
        typer.Option(
            "--list",
            metavar="FILE",
            help="A text file with one 'image mask' a line, relative to its folder, instead.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="val|test|train",
            help="Of the design's data set.",
            autocompletion=lambda: ["val", "test", "train"],
            show_default="val",
        ),
    ] = None,
    csim: Annotated[
        bool, typer.Option("--csim", help="Also run the emitted C++, compared with the oracle.")
    ] = False,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            "-b",
            help="With --csim: a board below constraints/.",
            autocompletion=complete_board,
        ),
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Measure a trained design: IoU, accuracy, boundary F1 and confusion matrix, by class.

    The float, the directly quantized and the retrained model, side by side; with --csim the emitted
    C++ too, code for code against the oracle. Images and masks are fitted to the design's frame as
    its data set fits its own. The result and a picture of the confusion matrix go to the design's
    folder evaluation/. Exit status 1 if a code of the C++ differs.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.evaluate import FOLDER, evaluate_stage
    from fcn_hw.flow.evaluation import evaluation_to_json
    from fcn_hw.flow.workspace import open_board

    if listed is not None and split is not None:
        raise ConfigError("both --list and --split are given", hint="give one of them")
    if board is not None and not csim:
        raise ConfigError("--board has no effect without --csim", hint="add --csim")
    target = open_board(needed(board, "--board", "--csim")) if csim else None
    workspace = open_workspace(design, root)
    result = evaluate_stage(
        workspace, progress_for(as_json), split=split or "val", listed=listed, board=target
    )
    if as_json:
        print_json(evaluation_to_json(result))
    else:
        print_evaluation(result, workspace.folder / FOLDER)
    if not result.exact:
        raise typer.Exit(1)
