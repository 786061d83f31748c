"""What the design takes of the board: estimated, and measured where tools have run."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw.costs.resources import Resources
from fcn_hw.estimate.compare import by_name
from fcn_hw.estimate.network import Estimate
from fcn_hw.figures.estimate import resources_svg
from fcn_hw.report.chart import chart
from fcn_hw.report.section import Section, made
from fcn_hw.report.sections.layout import no_layout
from fcn_hw.report.sources import Sources

ID, TITLE = "resources", "Resources against the board"


@dataclass(frozen=True)
class UseRow:
    """A resource by one source; ``share`` of 1."""

    resource: str
    source: str
    used: float
    available: float
    share: float


@dataclass(frozen=True)
class LayerRow:
    """What a process takes, estimated."""

    name: str
    kind: str
    strategy: str
    lut: int
    ff: int
    dsp: int
    bram36: float
    weight_bits: int
    activation_bits: int
    energy_uj: float


@dataclass(frozen=True)
class ResourcesContext:
    """``resources.html.j2``.

    Args:
        over: names of what does not fit.
        notes: what tools say besides, by tool.
        commands: that measure.
    """

    board: str
    part: str
    rows: tuple[UseRow, ...]
    layers: tuple[LayerRow, ...]
    over: tuple[str, ...]
    energy_uj: float
    notes: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]
    picture: Markup


def resources(sources: Sources) -> Section:
    """A row a resource, a row a process."""
    estimate, board = sources.estimate, sources.board
    if estimate is None:
        what = "LUT, flip-flops, DSP slices and block RAM against what the board has."
        return no_layout(sources, ID, TITLE, what, "estimate")
    rows = _rows(sources, estimate)
    return made(
        ID,
        TITLE,
        ResourcesContext(
            board=board.description,
            part=board.part,
            rows=rows,
            layers=tuple(
                LayerRow(
                    layer.name, layer.kind, layer.strategy, layer.resources.lut, layer.resources.ff,
                    layer.resources.dsp, layer.resources.bram36, layer.weight_bits,
                    layer.activation_bits, layer.energy_pj / 1e6,
                )
                for layer in estimate.layers
            ),
            over=tuple(f"{row.resource} ({row.source})" for row in rows if row.share > 1),
            energy_uj=estimate.energy_pj / 1e6,
            notes=tuple((item.tool, item.note) for item in sources.measured if item.note),
            commands=() if sources.measured else (sources.command("csynth"),),
            picture=chart(
                resources_svg(estimate),
                "Estimated use of the board by resource and layer; the tables have the numbers.",
            ),
        ),
    )  # fmt: skip


def _rows(sources: Sources, estimate: Estimate) -> tuple[UseRow, ...]:
    have = by_name(estimate.available)
    said = [("estimate", by_name(estimate.resources))]
    said += [(item.tool, dict(item.values)) for item in sources.measured]
    rows = []
    for resource in by_name(Resources()):
        for source, values in said:
            if resource not in values:
                continue
            used, most = values[resource], have[resource]
            share = used / most if most else (0.0 if used == 0 else float("inf"))
            rows.append(UseRow(resource, source, used, most, share))
    return tuple(rows)
