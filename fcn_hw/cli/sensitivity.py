"""Verb ``sensitivity``: what other precisions would give."""

from __future__ import annotations

from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import MODEL, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.sensitivity import print_sensitivity


@app.command(
    rich_help_panel=MODEL,
    epilog="Examples: fcn-hw sensitivity digits_fcn8s; "
    "fcn-hw sensitivity digits_fcn8s --bits 1,t,2,3 --kind weights --retrain 2",
)
def sensitivity(
    design: options.Design,
    bits: Annotated[
        str,
        typer.Option("--bits", help="Bits, 1 to 16; of weights, 1 is binary and t is ternary."),
    ] = "2,3,4,6,8",
    kind: Annotated[
        str,
        typer.Option("--kind", metavar="weights|activations|both", help="What is quantized."),
    ] = "both",
    layers: Annotated[
        str | None, typer.Option("--layers", help="These layers only: a,b", show_default="all")
    ] = None,
    images: Annotated[
        int | None,
        typer.Option("--images", min=1, help="Score on N images of the validation split only."),
    ] = None,
    retrain: Annotated[
        int | None,
        typer.Option("--retrain", min=1, metavar="EPOCHS", help="Also retrain each point."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="Processes at a time.", show_default="one a processor"),
    ] = None,
    root: options.Root = options.HERE,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """Quantize one layer at a time, all others in float: what does the network lose?

    mIoU or accuracy on the validation split, and the quantization error, at each number of bits;
    with --retrain also after a short retraining. An interrupted run goes on where it stopped.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.studies.sensitivity.stage import parse_kinds, parse_levels

    found = fcn_hw.sensitivity_design(
        design,
        root,
        bits=parse_levels(bits),
        kinds=parse_kinds(kind),
        layers=None if layers is None else [name.strip() for name in layers.split(",")],
        images=images,
        retrain=retrain or 0,
        jobs=jobs,
        train=not no_train,
        progress=progress_for(as_json),
    )
    print_result(found, print_sensitivity, as_json, open_workspace(design, root).model)
