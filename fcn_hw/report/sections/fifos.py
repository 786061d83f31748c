"""Depths of the FIFOs, and what the deep ones hold over time."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw.figures.occupancy import occupancy_svg
from fcn_hw.flow.layout import StoredFifos
from fcn_hw.report.chart import chart
from fcn_hw.report.section import Section, made
from fcn_hw.report.sections.layout import no_layout
from fcn_hw.report.sources import Sources

ID, TITLE = "fifos", "FIFOs"


@dataclass(frozen=True)
class Fifo:
    """A FIFO; depths and peak in pixels."""

    name: str
    width_bits: int
    whole_frames: int
    depth: int
    peak: int
    storage: str
    bram36: float


@dataclass(frozen=True)
class FifosContext:
    """``fifos.html.j2``."""

    rows: tuple[Fifo, ...]
    picture: Markup | None
    bits: int
    whole_frame_bits: int
    bram36: float
    certificate: str
    explain: str


def fifos(sources: Sources) -> Section:
    """A row a FIFO; a panel of the picture for each that can deadlock."""
    found = sources.fifos
    if found is None:
        what = "Depths of the FIFOs, proved free of deadlock, and what they hold over time."
        return no_layout(sources, ID, TITLE, what, "fifo")
    peaks, skips = found.times.peak_pixels, list(found.occupancy.fifos)
    rows = tuple(
        Fifo(name, row.width_bits, row.initial, row.optimized, peaks[name], row.storage, row.bram36)
        for name, row in found.rows.items()
    )
    return made(
        ID,
        TITLE,
        FifosContext(
            rows=rows,
            picture=_picture(found, sources) if skips else None,
            bits=sum(row.width_bits * row.depth for row in rows),
            whole_frame_bits=sum(row.width_bits * row.whole_frames for row in rows),
            bram36=sum(row.bram36 for row in rows),
            certificate=found.certificate.digest,
            explain=f"{sources.command('fifo')} --explain {skips[0]}" if skips else "",
        ),
    )


def _picture(found: StoredFifos, sources: Sources) -> Markup:
    depths = {name: row.optimized for name, row in found.rows.items()}
    name = f"{sources.name} on {sources.board.name}"
    said = ", ".join(
        f"{fifo} at most {max(held.pixels):,} of {depths[fifo]:,} pixels"
        for fifo, held in found.occupancy.fifos.items()
    )
    return chart(
        occupancy_svg(found.occupancy, depths, name), f"Occupancy of FIFOs over time: {said}."
    )
