"""What the verb ``hls`` prints for people where it proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from fcn_hw.cli.printers.common import console

if TYPE_CHECKING:  # `fcn-hw --help` does not load it
    from fcn_hw.flow.emission import HlsProject


def print_project(made: HlsProject) -> None:
    """Where the project is."""
    console().print(f"project: {escape(str(made.project))}", highlight=False)
