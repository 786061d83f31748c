"""What the verb ``clean`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from fcn_hw.cli.printers.common import console

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.clean import Generated


def print_generated(found: Sequence[Generated]) -> None:
    """A line a folder of what is removed, then what stays in it."""
    out = console()
    for item in found:
        size = f"{len(item.files):,} files, {item.bytes / 1e6:,.1f} MB"
        out.print(f"remove {escape(str(item.folder))}: {size}", highlight=False)
        for path in item.kept:
            out.print(f"  stays, not made by a stage: {escape(str(path))}", highlight=False)
    if not found:
        out.print("nothing to remove", highlight=False)
