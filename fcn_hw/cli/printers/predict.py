"""What the verb ``predict`` prints for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from fcn_hw.cli.printers.common import console, percent, print_difference

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.predict import Predictions


def print_predictions(found: Predictions, output: Path) -> None:
    """A line an image with its classes, largest first, and what the C++ computed.

    Args:
        output: folder of the pictures.
    """
    out = console()
    for image in found.images:
        for output_name, drawn in image.maps.items():
            shares = sorted(drawn.shares.items(), key=lambda item: -item[1])
            told = ", ".join(f"{name} {percent(share)}" for name, share in shares)
            what = f"{image.name}, {output_name}" if len(image.maps) > 1 else image.name
            out.print(f"{escape(what)}: {escape(told)}", highlight=False)
    for row in found.layers:
        print_difference(row.layer, row.values, row.mismatches, row.first)
    if found.board is not None:
        verdict = "[bold red]NOT exact[/]" if found.mismatches else "[bold green]exact[/]"
        out.print(
            f"{verdict}: C++ for {found.board} = integer oracle: {found.values_compared:,} values, "
            f"{found.mismatches:,} mismatches",
            highlight=False,
        )
    pictures = f"{len(found.images)} images, a .classes.png and an .overlay.png of each"
    out.print(f"{escape(str(output))}: {pictures}", highlight=False)
