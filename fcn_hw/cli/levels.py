"""Verb ``levels``: a design at several levels of precision."""

from __future__ import annotations

from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import MODEL, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.levels import print_levels


@app.command(
    rich_help_panel=MODEL,
    epilog="Examples: fcn-hw levels mnist_cnn --bits 8,4,3,2 --seeds 1,2,3; "
    "fcn-hw levels camvid_fcn8s --bits 4 --precision-of camvid_fcn8s_mixed",
)
def levels(
    design: options.Design,
    bits: Annotated[
        str, typer.Option("--bits", help="Uniform levels, beside the design's own; '-' for none.")
    ] = "8,4,3,2",
    seeds: Annotated[
        str | None, typer.Option("--seeds", show_default="the design's", help="1,2,3: of each.")
    ] = None,
    precision_of: Annotated[
        list[str] | None,
        typer.Option(
            "--precision-of",
            metavar="DESIGN",
            show_default="none",
            help="And at the bits of this design of the same network; again for more.",
        ),
    ] = None,
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Train a design at several levels of precision and from several seeds, and compare.

    A level: weights and activations of all layers have so many bits, class scores have 8. All
    levels of a seed start from one float network. What is finished is not repeated.
    """
    numbers = options.numbers
    result = fcn_hw.levels_design(
        design,
        root,
        bits=() if bits.strip() == "-" else numbers("--bits", bits, 2, 16),
        seeds=None if seeds is None else numbers("--seeds", seeds, 0, 2**31 - 1),
        precision_of=precision_of or (),
        progress=progress_for(as_json),
    )
    print_result(result, print_levels, as_json)
