"""What sections say that stand on folds and FIFOs, where there are none."""

from __future__ import annotations

from fcn_hw.report.section import Section, missing
from fcn_hw.report.sources import Sources

_HLS4ML = "hls4ml's convolutions: their cycles are not known. Set hls.Conv to fcn_hw, then:"


def no_layout(sources: Sources, section_id: str, title: str, what: str, verb: str) -> Section:
    """A section without folds and FIFOs.

    Args:
        what, verb: what will be here, and the command that makes it with fcn_hw's convolutions.
    """
    ours = sources.workspace.hls.Conv == "fcn_hw"
    return missing(section_id, title, what if ours else _HLS4ML, sources.command(verb))
