"""What vendor tools said of a design, where they have run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.backend.block_design import TIMING, UTILIZATION
from fcn_hw.backend.hls_scripts import hls_layout
from fcn_hw.boards import Board
from fcn_hw.flow.rtl import COSIM as RTL_COSIM
from fcn_hw.flow.vendor import rtl_of, synthesis_doubt
from fcn_hw.results import read_result
from fcn_hw.rtl.reports import RtlCosim
from fcn_hw.vendor_reports.cosim import read_cosim
from fcn_hw.vendor_reports.csynth import read_csynth
from fcn_hw.vendor_reports.timing import read_timing
from fcn_hw.vendor_reports.utilization import read_utilization


@dataclass(frozen=True)
class Measured:
    """One tool's numbers.

    Args:
        tool: what to call it.
        values: by the names of ``estimate.compare.QUANTITIES``.
        note: what else it says, a sentence, or "".
    """

    tool: str
    values: Mapping[str, float]
    note: str = ""


def read_csynth_values(project: Path, name: str) -> Measured | None:
    """C synthesis, None where it has not run.

    Args:
        project: folder of the HLS project.
        name: of the graph.

    Raises:
        ReportError: its report is malformed.
    """
    path = project / hls_layout(name).csynth_xml
    if not path.is_file():
        return None
    report = read_csynth(path)
    clock = report.clock
    note = f"estimated clock {clock.estimated_ns:g} ns of {clock.target_ns:g} ns"
    return Measured("C synthesis", report.measured(), _aged(project, "csynth", note))


def read_cosim_values(project: Path, name: str) -> Measured | None:
    """RTL cosimulation, None where it has not run.

    Raises:
        ReportError: its report is malformed.
    """
    path = project / hls_layout(name).cosim_rpt
    if not path.is_file():
        return None
    report = read_cosim(path)
    intervals = [item.interval.max for item in report.languages if item.interval]
    values = {"interval_cycles": float(max(intervals))} if intervals else {}
    said = [f"{item.language} {'passed' if item.passed else 'FAILED'}" for item in report.languages]
    note = _aged(project, "cosim", ", ".join(said))
    return Measured("RTL cosimulation", values, note)


def read_rtl_values(project: Path) -> Measured | None:
    """The RTL of fcn_hw's own compiler in Verilator, None where it has not run.

    Raises:
        ConfigError: its result can't be read.
    """
    path = project / "report" / RTL_COSIM
    if not path.is_file():
        return None
    found = read_result(path, RtlCosim)
    values = {} if found.interval is None else {"interval_cycles": float(found.interval)}
    note = (
        f"{found.values_compared:,} codes of {found.images} images equal the oracle's; the first "
        f"frame took {found.first_frame:,} clocks, the dataflow model says "
        f"{found.modelled_first_frame:,}"
    )
    return Measured("RTL of fcn_hw's compiler, in Verilator", values, note)


def read_routed_values(project: Path, board: Board) -> Measured | None:
    """The routed design, DMA and interconnect included; None where Vivado has not run.

    Raises:
        ReportError: one of its reports is malformed.
    """
    if not (project / UTILIZATION).is_file():
        return None
    used = read_utilization(project / UTILIZATION, board.family, has_uram=board.resources.uram > 0)
    note = ""
    if (project / TIMING).is_file():
        timing = read_timing(project / TIMING)
        verdict = "timing met" if timing.met else "timing NOT met"
        note = f"{verdict}, worst setup slack {timing.setup.worst_ns:g} ns"
    values = {
        "LUT": used.lut.used, "FF": used.ff.used, "DSP": used.dsp.used, "BRAM36": used.bram36.used,
    }  # fmt: skip
    note = _aged(project, "impl", note)
    whose = rtl_of(project, "impl")
    return Measured(
        f"routed, with DMA and interconnect{whose and f', RTL of {whose}'}", values, note
    )


def _aged(project: Path, stage: str, note: str) -> str:
    """The note, and whether the stage ran on other sources than those of the project now."""
    doubt = synthesis_doubt(project, stage)
    return "; ".join(text for text in (note, doubt and f"STALE, {doubt}") if text)
