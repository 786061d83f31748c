"""Verb ``predict``: class pictures of images without masks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import PROJECT, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.predict import print_predictions
from fcn_hw.errors import ConfigError


@app.command(
    rich_help_panel=PROJECT,
    epilog="Examples: fcn-hw predict digits_fcn8s --images photos --output seen; "
    "fcn-hw predict --graph mine_graph --images clip.mp4 --output seen --csim --board zcu104 "
    "--project mine_project",
)
def predict(
    images: Annotated[
        Path,
        typer.Option(
            "--images",
            help="A folder of images, a list, an image, an animation (GIF, APNG, WebP), a TIFF of "
            "pages or a video, which ffmpeg decodes; for several inputs a folder that holds one of "
            "these for each, by its name.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", help="Folder of the class pictures.")],
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    csim: Annotated[
        bool, typer.Option("--csim", help="By the emitted C++, compared with the oracle.")
    ] = False,
    board: options.BoardOfCsim = None,
    project: Annotated[
        Path | None,
        typer.Option("--project", help="With --graph and --csim: folder of the HLS project."),
    ] = None,
    root: options.Root = options.HERE,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """Segment images without masks: for each a picture of its classes, and one over the image.

    By the integer oracle, whose codes are the hardware's; with --csim by the emitted C++, whose
    every code is compared with the oracle's. Images are fitted to the network's frame as the
    design's data set fits its own; those of a graph without a design are stretched.
    IMAGE.classes.png holds class numbers in a palette, IMAGE.overlay.png shows the frame,
    predictions.json names the colours. Exit status 1 if a code of the C++ differs.
    """
    if not csim and (board is not None or project is not None):
        raise ConfigError("--board and --project have no effect without --csim", hint="add --csim")
    target = options.needed(board, "--board", "--csim") if csim else None
    progress = progress_for(as_json)
    if graph is not None:
        options.only_one(design, "--graph")
        if csim:
            options.needed(project, "--project", "--csim with --graph")
        found = fcn_hw.predict_graph(
            graph, images, output, csim=target, project=project, progress=progress
        )
    else:
        if project is not None:
            raise ConfigError("--project has no effect without --graph")
        found = fcn_hw.predict_design(
            options.needed(design, "DESIGN or --graph", "predict"),
            images,
            output,
            root,
            csim=target,
            train=not no_train,
            progress=progress,
        )
    print_result(found, print_predictions, as_json, output)
    if found.mismatches:
        raise typer.Exit(1)
