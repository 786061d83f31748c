"""Verb ``doctor``: what is installed, and what is missing."""

from __future__ import annotations

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import DESIGN, app
from fcn_hw.cli.printers.common import console, print_result
from fcn_hw.cli.printers.doctor import print_diagnosis


@app.command(rich_help_panel=DESIGN, epilog="Example: fcn-hw doctor")
def doctor(as_json: options.Json = False) -> None:
    """Say what is installed, what each stage needs, what is missing and how to get it.

    Exit status 1 if a stage that needs no vendor tool can't run.
    """
    found = fcn_hw.diagnose()
    print_result(found, print_diagnosis, as_json)
    if not found.sound:
        console(stderr=True).print("something is missing: see the remedies above")
        raise typer.Exit(1)
