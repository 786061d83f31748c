"""What the RTL of fcn_hw's own compiler measured, beside the dataflow model and the estimate."""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources
from fcn_hw.rtl.reports import RtlCosim

ID, TITLE = "rtl", "RTL beside the models"


@dataclass(frozen=True)
class ClockRow:
    """Clocks of a frame by source; None where a source says nothing."""

    name: str
    rtl: int | None
    modelled: int | None
    estimated: int | None


@dataclass(frozen=True)
class PeakRow:
    """A FIFO: pixels that it has room for, and the most that it held."""

    name: str
    depth: int
    rtl: int
    modelled: int | None


@dataclass(frozen=True)
class LatencyRow:
    """A process: stages of its pipeline, clocks from a read to the write that follows it."""

    name: str
    stages: int
    rtl: int
    modelled: int | None


@dataclass(frozen=True)
class GatesRow:
    """A process: what yosys counts, and what the estimate says; ``resource`` names which."""

    name: str
    resource: str
    mapped: float
    estimated: float | None


@dataclass(frozen=True)
class RtlContext:
    """``rtl.html.j2``.

    Args:
        compiled, simulated, mapped: what is there, in words; "" where it has not run.
        commands: that make what is not there.
    """

    clocks: tuple[ClockRow, ...]
    peaks: tuple[PeakRow, ...]
    latencies: tuple[LatencyRow, ...]
    gates: tuple[GatesRow, ...]
    simulated: str
    compiled: str
    commands: tuple[str, ...]


def rtl(sources: Sources) -> Section:
    """Clocks of a frame, peaks of FIFOs, latencies and resources of processes."""
    synthesis, cosim = sources.rtl_csynth, sources.rtl_cosim
    wanted = {
        f"{sources.command('csynth')} --compiler fcn_hw --gates": (
            synthesis is None or not synthesis.gates
        ),
        f"{sources.command('cosim')} --compiler fcn_hw": cosim is None,
    }
    commands = tuple(command for command, is_missing in wanted.items() if is_missing)
    if synthesis is None and cosim is None:
        what = "Cycles, latencies, FIFO peaks and resources, measured in RTL."
        return missing(ID, TITLE, what, *commands)
    latencies = synthesis.modelled_latencies if synthesis else {}
    return made(
        ID,
        TITLE,
        RtlContext(
            clocks=_clocks(cosim) if cosim else (),
            peaks=tuple(
                PeakRow(fifo.name, fifo.depth, fifo.peak, fifo.modelled_peak)
                for fifo in (cosim.fifos if cosim else ())
            ),
            latencies=tuple(
                LatencyRow(item.process, item.stages, item.latency, latencies.get(item.process))
                for item in (synthesis.processes if synthesis else ())
            ),
            gates=tuple(
                GatesRow(item.process, resource, mapped, estimated)
                for item in (synthesis.gates if synthesis else ())
                for resource, mapped, estimated in (
                    ("LUT", float(item.lut), item.estimated_lut),
                    ("FF", float(item.ff), item.estimated_ff),
                    ("DSP", float(item.dsp), item.estimated_dsp),
                    ("BRAM36", item.bram36, item.estimated_bram36),
                )
                if mapped or estimated
            ),
            simulated=(
                f"{cosim.values_compared:,} codes of {cosim.images} images in {cosim.streams} "
                "streams equal the oracle's"
                if cosim
                else ""
            ),
            compiled=(
                f"{synthesis.family} at {synthesis.period_ns:g} ns" if synthesis is not None else ""
            ),
            commands=commands,
        ),
    )


def _clocks(found: RtlCosim) -> tuple[ClockRow, ...]:
    return (
        ClockRow(
            "frame to frame", found.interval, found.modelled_interval, found.estimated_interval
        ),
        ClockRow("first frame", found.first_frame, found.modelled_first_frame, None),
    )
