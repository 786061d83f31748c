"""What the verb ``handoff`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcn_hw.cli.printers.common import console

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.handoff import Handoff


def print_handoff(made: Handoff) -> None:
    """Where a bundle is, and what is not in it."""
    out = console()
    out.print(f"bundle: {made.path}, {made.files} files, {made.bytes:,} bytes", highlight=False)
    out.print(f"sha256: {made.sha256}", highlight=False)
    absent = [what for what, file in made.vendor.items() if file == "absent"]
    if absent:
        out.print(f"absent, their stages have not run: {', '.join(absent)}", highlight=False)
