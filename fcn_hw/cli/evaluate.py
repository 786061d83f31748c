"""Verb ``evaluate``: how good a trained design is, on its own data or on any list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import MODEL, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.evaluate import print_evaluation
from fcn_hw.errors import ConfigError


@app.command(
    rich_help_panel=MODEL,
    epilog="Examples: fcn-hw evaluate digits_fcn8s; "
    "fcn-hw evaluate streets --list night.txt --csim --board pynq-z2 --json",
)
def evaluate(
    design: options.Design,
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
    own_size: Annotated[
        bool,
        typer.Option(
            "--own-size", help="Also score class maps scaled to the sizes of the images' files."
        ),
    ] = False,
    board: options.BoardOfCsim = None,
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Measure a trained design: IoU, accuracy, boundary F1 and confusion matrix, by class.

    The float, the directly quantized and the retrained model, side by side; with --csim the emitted
    C++ too, code for code against the oracle. Images and masks are fitted to the design's frame as
    its data set fits its own. The result and a picture of the confusion matrix go to the design's
    folder evaluation/. Exit status 1 if a code of the C++ differs.
    """
    from fcn_hw.flow.evaluate import FOLDER
    from fcn_hw.flow.workspace import open_workspace

    if listed is not None and split is not None:
        raise ConfigError("both --list and --split are given", hint="give one of them")
    if board is not None and not csim:
        raise ConfigError("--board has no effect without --csim", hint="add --csim")
    result = fcn_hw.evaluate_design(
        design,
        root,
        split=split or "val",
        listed=listed,
        csim=options.needed(board, "--board", "--csim") if csim else None,
        own_size=own_size,
        progress=progress_for(as_json),
    )
    print_result(result, print_evaluation, as_json, open_workspace(design, root).folder / FOLDER)
    if not result.exact:
        raise typer.Exit(1)
