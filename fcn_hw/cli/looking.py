"""Verbs ``show``, ``diff``, ``boards`` and ``doctor``: they look, and write nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from fcn_hw.cli.application import app
from fcn_hw.cli.common import HERE, JsonOption, RootOption, print_json
from fcn_hw.cli.completion import complete_design
from fcn_hw.cli.printed import print_boards, print_diagnosis, print_differences
from fcn_hw.tables import console


@app.command(epilog="Examples: fcn-hw show digits_fcn8s; fcn-hw show mine_graph")
def show(
    target: Annotated[
        str,
        typer.Argument(
            metavar="DESIGN|GRAPH",
            help="A design, or a folder that holds a graph.json.",
            autocompletion=complete_design,
        ),
    ],
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Print the typed graph: a tensor a line with its shape, format, op and fields.

    The word in front says how it is known that the tensor has QKeras' codes: exact, proved or
    measured (docs/operators.md).
    """
    from fcn_hw.flow.show import show as read
    from fcn_hw.flow.show import shown_to_json

    shown = read(target, root)
    if shown.doubt:
        line = f"[yellow]warning:[/] the graph is stale: {escape(shown.doubt)}"
        console(stderr=True).print(line, highlight=False)
    if as_json:
        print_json(shown_to_json(shown))
    else:
        typer.echo(shown.text())


@app.command(
    epilog="Examples: fcn-hw diff old_graph new_graph; fcn-hw diff digits_fcn8s camvid_fcn8s; "
    "fcn-hw diff a/report/csim.json b/report/csim.json"
)
def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A graph folder, a report, or a design.",
            autocompletion=complete_design,
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(
            metavar="B", help="Another one of that kind.", autocompletion=complete_design
        ),
    ],
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Say what changed between two graphs, designs or reports (.json, or a folder of them).

    Measured times of reports are not compared. Exit status 1 if they differ.
    """
    from fcn_hw.flow.differences import compare, differences_to_json

    found = compare(before, after, root)
    for path in found.damaged:
        line = f"[yellow]warning:[/] {escape(path)} was changed after its stage wrote it"
        console(stderr=True).print(line, highlight=False)
    if as_json:
        print_json(differences_to_json(found))
    else:
        print_differences(found)
    if found.changes:
        raise typer.Exit(1)


@app.command(epilog="Example: fcn-hw boards --json")
def boards(as_json: JsonOption = False) -> None:
    """List the boards and what they hold."""
    from fcn_hw.boards import board_names, load_board

    found = [load_board(name) for name in board_names()]
    if as_json:
        print_json([board.model_dump(mode="json") for board in found])
    else:
        print_boards(found)


@app.command(epilog="Example: fcn-hw doctor")
def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed, what each stage needs, what is missing and how to get it.

    Exit status 1 if a stage that needs no vendor tool can't run.
    """
    from fcn_hw.flow.doctor import diagnose

    found = diagnose()
    if as_json:
        print_json({**asdict(found), "sound": found.sound})
    else:
        print_diagnosis(found)
    if not found.sound:
        console(stderr=True).print("something is missing: see the remedies above")
        raise typer.Exit(1)
