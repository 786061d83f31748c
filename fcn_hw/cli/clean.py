"""Verb ``clean``: what the stages made is removed."""

from __future__ import annotations

from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import DESIGN, app
from fcn_hw.cli.completion import complete_design
from fcn_hw.cli.printers.clean import print_generated
from fcn_hw.cli.printers.common import print_json


@app.command(
    rich_help_panel=DESIGN,
    epilog="Examples: fcn-hw clean digits_fcn8s --models; fcn-hw clean --all --dry-run",
)
def clean(
    design: Annotated[
        str | None, typer.Argument(help="The design.", autocompletion=complete_design)
    ] = None,
    root: options.Root = options.HERE,
    models: Annotated[
        bool, typer.Option("--models", help="Remove trained models, checkpoints and searches too.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Every design, in place of one.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be removed; remove nothing.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Remove what the stages made: graphs, HLS projects, reports. Trained models stay.

    The files are listed first, by folder. Files that no stage wrote stay and are named: notes, a
    Vivado project of yours, sources that were edited by hand and their copies.
    """
    found = fcn_hw.clean_design(design, root, models=models, every=every, dry_run=True)
    if not as_json:
        print_generated(found)
    if not dry_run:
        fcn_hw.clean_design(design, root, models=models, every=every)
    if as_json:
        print_json(
            {
                "removed": [str(item.folder) for item in found if not item.kept],
                "files": sum(len(item.files) for item in found),
                "kept": [str(path) for item in found for path in item.kept],
            }
        )
