"""The application that the verbs register with."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import fcn_hw

DESIGN = "Design and machine"
MODEL = "Model"
PROJECT = "Graph and HLS project"
SIZES = "Cycles, FIFOs, resources"
RTL = "RTL and bitstream"
RESULTS = "Results and hand-off"
PANELS = (DESIGN, MODEL, PROJECT, SIZES, RTL, RESULTS)
"""What ``fcn-hw --help`` groups the verbs by, in its order."""


class _Verbs(TyperGroup):
    """The verbs by panel, and by name in each."""

    def list_commands(self, ctx: Any) -> list[str]:
        panels = {
            name: getattr(item, "rich_help_panel", "") for name, item in self.commands.items()
        }
        return sorted(panels, key=lambda name: (PANELS.index(panels[name]), name))


app = typer.Typer(
    name="fcn-hw",
    cls=_Verbs,
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
