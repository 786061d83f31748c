"""Verb ``clean``."""

from __future__ import annotations

from typing import Annotated

import typer

from fcn_hw.cli.application import app
from fcn_hw.cli.common import HERE, RootOption
from fcn_hw.tables import console


@app.command(epilog="Example: fcn-hw clean digits_fcn8s --models")
def clean(
    design: Annotated[
        str | None, typer.Argument(help="One design; all of them if left out.")
    ] = None,
    root: RootOption = HERE,
    models: Annotated[
        bool, typer.Option("--models", help="Remove trained models and checkpoints too.")
    ] = False,
) -> None:
    """Remove what the stages made: graphs, HLS projects, reports. Trained models stay."""
    from fcn_hw.flow.clean import clean as remove

    for folder in remove(root, design, models=models):
        console().print(f"removed {folder}", highlight=False)
