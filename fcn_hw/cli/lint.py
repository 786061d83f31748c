"""Verb ``lint``: the documented rules of Vitis HLS, without Vitis HLS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import PROJECT, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.lint import print_lint
from fcn_hw.errors import ConfigError


@app.command(
    rich_help_panel=PROJECT,
    epilog="Examples: fcn-hw lint digits_fcn8s --board pynq-z2; fcn-hw lint --project mine_project",
)
def lint(
    design: options.OptionalDesign = None,
    board: Annotated[
        str | None, typer.Option("--board", "-b", help=f"With a design: {options.A_BOARD}.")
    ] = None,
    project: Annotated[
        Path | None, typer.Option("--project", help="The folder of an HLS project, instead.")
    ] = None,
    root: options.Root = options.HERE,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """Check an HLS project against the documented rules of Vitis HLS (UG1399), without Vitis HLS.

    All findings are printed. Exit status 1 if there is an error among them.
    """
    if project is not None:
        options.only_one(design, "--project")
        report = fcn_hw.lint_project(project)
    elif design is not None:
        target = options.needed(board, "--board", "a design")
        report = fcn_hw.lint_design(
            design, target, root, train=not no_train, progress=progress_for(as_json)
        )
    else:
        raise ConfigError("lint needs a design or --project", hint="give one of them")
    print_result(report, print_lint, as_json)
    if report.errors:
        raise typer.Exit(1)
