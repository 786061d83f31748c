"""The application that the verbs register with."""

from __future__ import annotations

from typing import Annotated

import typer

import fcn_hw

app = typer.Typer(
    name="fcn-hw",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="From a quantized segmentation network to a verified FPGA hand-off.",
    epilog="Exit status: 0 done, 1 a check or a tool failed, or another run is at work, "
    "2 a mistake in what was given, 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fcn-hw {fcn_hw.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From a quantized segmentation network to a verified FPGA hand-off."""
