"""Cycles of each process against what its multipliers allow, and the frame against its limit."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw.figures.estimate import cycles_svg
from fcn_hw.report.chart import chart
from fcn_hw.report.section import Section, made
from fcn_hw.report.sections.layout import no_layout
from fcn_hw.report.sources import Sources

ID, TITLE = "cycles", "Cycles against the limit of the folds"


@dataclass(frozen=True)
class CycleRow:
    """A process; ``fold`` is ``"PE x SIMD"`` or ``""``."""

    name: str
    kind: str
    fold: str
    cycles: int
    ideal: int
    efficiency: float
    is_bottleneck: bool


@dataclass(frozen=True)
class CyclesContext:
    """``cycles.html.j2``.

    Args:
        first_output: when the first pixel leaves the empty design; None where FIFOs are not sized.
        latency, latency_ms: of a frame, from its first pixel in to its last pixel out, in cycles
            and milliseconds; as ``first_output``.
        measured: tool and cycles from frame to frame.
    """

    rows: tuple[CycleRow, ...]
    interval: int
    bottleneck: str
    fps: float
    clock_mhz: float
    limit: int
    limit_fps: float
    limit_cause: str
    input_beats: int
    output_beats: int
    first_output: int | None
    latency: int | None
    latency_ms: float | None
    picture: Markup
    measured: tuple[tuple[str, int], ...]


def cycles(sources: Sources) -> Section:
    """A row a process."""
    estimate = sources.estimate
    if estimate is None:
        what = "Cycles a frame, layer by layer, beside the least that its multipliers allow."
        return no_layout(sources, ID, TITLE, what, "estimate")
    layers = [layer for layer in estimate.layers if layer.cycles > 0]
    rows = []
    for layer in layers:
        ideal = min(layer.ideal_cycles, layer.cycles)
        rows.append(
            CycleRow(
                layer.name,
                layer.kind,
                str(layer.fold or "").replace("x", "×"),
                layer.cycles,
                ideal,
                ideal / layer.cycles,
                layer.name == estimate.bottleneck,
            )
        )
    limit, times = estimate.limit, sources.fifos.times if sources.fifos else None
    return made(
        ID,
        TITLE,
        CyclesContext(
            rows=tuple(rows),
            interval=estimate.interval_cycles,
            bottleneck=estimate.bottleneck,
            fps=estimate.fps,
            clock_mhz=1e3 / estimate.clock_period_ns,
            limit=limit.cycles,
            limit_fps=estimate.limit_fps,
            limit_cause=limit.cause,
            input_beats=limit.input_beats,
            output_beats=limit.output_beats,
            first_output=times.first_output if times else None,
            latency=times.frame_latency if times else None,
            latency_ms=estimate.milliseconds(times.frame_latency) if times else None,
            picture=chart(
                cycles_svg(estimate),
                "Cycles of a frame by process, and the limit of the frame; numbers: see the table.",
            ),
            measured=tuple(
                (item.tool, int(item.values["interval_cycles"]))
                for item in sources.measured
                if "interval_cycles" in item.values
            ),
        ),
    )
