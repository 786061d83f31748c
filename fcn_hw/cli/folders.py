"""Verbs ``new`` and ``clean``: a design's folder, begun and tidied."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from fcn_hw.cli.application import app
from fcn_hw.cli.common import HERE, JsonOption, RootOption, print_json
from fcn_hw.cli.completion import complete_design
from fcn_hw.cli.printed import print_generated
from fcn_hw.tables import console

DATASETS = ("digit_scenes", "mnist", "camvid", "voc", "list")
NETWORKS = ("fcn32s", "fcn16s", "fcn8s", "unet", "cnn")


@app.command(epilog="Examples: fcn-hw new mine; fcn-hw new streets --dataset camvid --network unet")
def new(
    name: Annotated[str, typer.Argument(help="Of the design, and of its HLS project.")],
    dataset: Annotated[
        str,
        typer.Option(
            "--dataset",
            metavar="digit_scenes|mnist|camvid|voc|list",
            help="The data set.",
            autocompletion=lambda: list(DATASETS),
        ),
    ] = DATASETS[0],
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            metavar="fcn32s|fcn16s|fcn8s|unet|cnn",
            help="The network.",
            autocompletion=lambda: list(NETWORKS),
            show_default="fcn8s; cnn for mnist",
        ),
    ] = None,
    upsampling: Annotated[
        str, typer.Option("--upsampling", metavar="nearest|bilinear|transposed", help="Of the FCN.")
    ] = "bilinear",
    skip: Annotated[
        str, typer.Option("--skip", metavar="add|concat", help="How skips are joined.")
    ] = "add",
    height: Annotated[
        int | None, typer.Option("--height", help="Pixels; a size that suits the data set.")
    ] = None,
    width: Annotated[int | None, typer.Option("--width", help="Pixels.")] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a commented design.yaml, valid as it stands. What is there is never overwritten."""
    from fcn_hw.flow.scaffold import new_design

    path = new_design(
        name,
        root,
        dataset=dataset,
        network=network,
        upsampling=upsampling,
        skip=skip,
        height=height,
        width=width,
    )
    if as_json:
        print_json({"design": name, "path": str(path)})
    else:
        console().print(f"design: {escape(str(path))}", highlight=False)


@app.command(epilog="Examples: fcn-hw clean digits_fcn8s --models; fcn-hw clean --all --dry-run")
def clean(
    design: Annotated[
        str | None, typer.Argument(help="The design.", autocompletion=complete_design)
    ] = None,
    root: RootOption = HERE,
    models: Annotated[
        bool, typer.Option("--models", help="Remove trained models, checkpoints and searches too.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Every design, in place of one.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be removed; remove nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove what the stages made: graphs, HLS projects, reports. Trained models stay.

    The files are listed first, by folder. Files that no stage wrote stay and are named: notes, a
    Vivado project of yours, sources that were edited by hand and their copies.
    """
    from fcn_hw.flow.clean import find_generated, remove

    found = find_generated(root, design, models=models, every=every)
    if not as_json:
        print_generated(found)
    if not dry_run:
        for item in found:
            remove(item)
    if as_json:
        print_json(
            {
                "removed": [str(item.folder) for item in found if not item.kept],
                "files": sum(len(item.files) for item in found),
                "kept": [str(path) for item in found for path in item.kept],
            }
        )
