"""What the printers of several verbs share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from fcn_hw.terminal import Terminal

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from pathlib import Path

    from fcn_hw.flow.progress import Progress
    from fcn_hw.harness.compare import Difference


WIDEST_TABLE = 10_000
"""Columns of the terminal that a table is laid out for: more than any table has."""


def console(*, stderr: bool = False) -> Terminal:
    """Where to print; long lines are left to the terminal."""
    return Terminal(stderr=stderr, soft_wrap=True)


def progress_for(quiet: bool) -> Progress:
    """Where stages speak; with ``--json`` they don't."""
    from fcn_hw.flow.progress import Progress

    return Progress(console(stderr=quiet), quiet)


def print_json(data: object) -> None:
    """The document that ``--json`` puts on standard output, alone there."""
    typer.echo(json.dumps(data, indent=1))


def print_result(
    result: object, printer: Callable[..., None], as_json: bool, *places: Path
) -> None:
    """Prints a result for people, or with ``--json`` the document of its type.

    Args:
        places: files or folders that the printer names, beside the result.
    """
    from fcn_hw.results import result_data

    if as_json:
        print_json(result_data(result))
    else:
        printer(result, *places)


def print_table(table: Table) -> None:
    """Prints a table as wide as its cells are: a terminal wraps its lines, no number is cut."""
    Terminal(width=WIDEST_TABLE, soft_wrap=True).print(table)


def percent(value: float | None) -> str:
    """A part of 1 as a percentage; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.2f} %"


def print_difference(tensor: str, values: int, mismatches: int, first: Difference | None) -> None:
    """A line where a tensor differs; none where it does not."""
    if first is not None:
        place = ",".join(str(index) for index in first.index)
        console().print(
            f"'{tensor}': {mismatches:,} of {values:,} codes differ, "
            f"first at ({place}): expected {first.expected}, got {first.actual}",
            highlight=False,
        )
