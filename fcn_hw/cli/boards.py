"""Verb ``boards``: what the boards hold."""

from __future__ import annotations

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import DESIGN, app
from fcn_hw.cli.printers.boards import print_boards
from fcn_hw.cli.printers.common import print_json


@app.command(rich_help_panel=DESIGN, epilog="Example: fcn-hw boards --json")
def boards(as_json: options.Json = False) -> None:
    """List the boards and what they hold."""
    found = fcn_hw.list_boards()
    if as_json:
        print_json([board.model_dump(mode="json") for board in found])
    else:
        print_boards(found)
