"""Verb ``new``: a design is begun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import DESIGN, app
from fcn_hw.cli.printers.common import console, print_json


def _datasets() -> list[str]:
    from fcn_hw.flow.scaffold import datasets  # `fcn-hw --help` does not load it

    return list(datasets())


def _networks() -> list[str]:
    from fcn_hw.flow.scaffold import choices

    return list(choices("kind"))


@app.command(
    rich_help_panel=DESIGN,
    epilog="Examples: fcn-hw new mine; fcn-hw new streets --dataset camvid --network unet; "
    "fcn-hw new mine --from model.h5",
)
def new(
    name: Annotated[str, typer.Argument(help="Of the design, and of its HLS project.")],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            metavar="KIND",
            help="The data set, as dataset.kind in design.yaml.",
            autocompletion=_datasets,
            show_default="digit_scenes; list with --from",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            metavar="fcn32s|fcn16s|fcn8s|unet|cnn",
            help="The network.",
            autocompletion=_networks,
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
    model: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A float model of Keras 2 or Keras 3, .h5 or .keras: it is the network, and every "
            "layer is named with its shape and a first choice of bits.",
        ),
    ] = None,
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Write a commented design.yaml, valid as it stands. What is there is never overwritten."""
    path = fcn_hw.new_design(
        name,
        root,
        dataset=dataset,
        network=network,
        upsampling=upsampling,
        skip=skip,
        height=height,
        width=width,
        model=model,
    )
    if as_json:
        print_json({"design": name, "path": str(path)})
    else:
        console().print(f"design: {escape(str(path))}", highlight=False)
