"""Verbs ``new`` and ``clean``: a design's folder, begun and tidied."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from fcn_hw.cli.application import app
from fcn_hw.cli.common import HERE, JsonOption, RootOption, print_json
from fcn_hw.cli.completion import complete_design
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


@app.command(epilog="Example: fcn-hw clean digits_fcn8s --models")
def clean(
    design: Annotated[
        str | None,
        typer.Argument(help="One design; all of them if left out.", autocompletion=complete_design),
    ] = None,
    root: RootOption = HERE,
    models: Annotated[
        bool, typer.Option("--models", help="Remove trained models and checkpoints too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove what the stages made: graphs, HLS projects, reports. Trained models stay."""
    from fcn_hw.flow.clean import clean as remove

    removed = []
    for folder in remove(root, design, models=models):
        removed.append(str(folder))
        if not as_json:
            console().print(f"removed {escape(str(folder))}", highlight=False)
    if as_json:
        print_json({"removed": removed})
