"""What other precisions would give."""

from __future__ import annotations

from fcn_hw.report.section import Section, missing
from fcn_hw.report.sources import Sources

ID, TITLE = "exploration", "Sensitivity and Pareto front"


def exploration(sources: Sources) -> Section:
    """How mIoU falls with the bits of each layer, and the best trades against hardware."""
    return missing(
        ID,
        TITLE,
        "How far mIoU falls when one layer gets fewer bits, and the designs of which none is both "
        "more accurate and cheaper.",
        sources.command("sensitivity", board=False),
        sources.command("search", board=False),
    )
