"""What csynth, cosim and bitstream do: stages in a row, then the comparison of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic.dataclasses import dataclass

from fcn_hw.boards import Board
from fcn_hw.design import HlsCompiler
from fcn_hw.errors import ConfigError
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.cosim import CosimResult, cosim
from fcn_hw.flow.ecp5 import Ecp5Bitstream, ecp5_bitstream
from fcn_hw.flow.implementation import Bitstream, bitstream, impl
from fcn_hw.flow.pipeline import finished_csim
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.regression import Row, check, collect, update
from fcn_hw.flow.rtl import rtl_cosim, rtl_csynth
from fcn_hw.flow.synthesis import csynth, export_ip
from fcn_hw.flow.vendor import HOUR_S, Source, emit_source
from fcn_hw.flow.workspace import Target
from fcn_hw.results import STRICT
from fcn_hw.rtl.reports import RtlCosim, RtlSynthesis
from fcn_hw.tools.xilinx import has_hls
from fcn_hw.vendor_reports.records import CsynthReport


@dataclass(frozen=True, eq=False, config=STRICT)
class HardwareRun:
    """A command that came to its end.

    Args:
        folder: of the reports.
        csynth: of the top function.
        cosim, bitstream: None where the command does not go so far.
        rows: this run against the last that passed; empty where there was none.
    """

    folder: Path
    csynth: CsynthReport
    cosim: CosimResult | None
    bitstream: Bitstream | None
    rows: tuple[Row, ...]

    def check(self) -> None:
        """Refuses a run that is worse than the design's thresholds allow.

        Raises:
            Regression: with every quantity that is.
        """
        check(self.folder, self.rows)


def chosen_compiler(
    workspace: Target, board: Board, compiler: HlsCompiler | None
) -> Literal["vitis", "fcn_hw"]:
    """Who turns the C++ of a design into RTL.

    Args:
        compiler: None takes the design's; ``auto`` Vitis HLS where it is, else fcn_hw's own. For a
            board with an ECP5 it is always fcn_hw's.

    Raises:
        ConfigError: Vitis HLS is asked for, for an ECP5.
    """
    wanted = compiler or workspace.hls.Compiler
    if board.ecp5 is not None:
        if wanted == "vitis":
            raise ConfigError(
                f"Vitis HLS has no device of board '{board.name}', which is an ECP5",
                hint="Set hls.Compiler, or --compiler, to auto or fcn_hw.",
            )
        return "fcn_hw"
    if wanted == "auto":
        return "vitis" if has_hls() else "fcn_hw"
    return wanted


def csynth_by(
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    compiler: HlsCompiler | None = None,
    process: str | None = None,
    gates: bool = False,
    hours: float | None = None,
) -> HardwareRun | RtlSynthesis:
    """:func:`run_csynth`, or :func:`fcn_hw.flow.rtl.rtl_csynth`.

    Args:
        compiler: as :func:`chosen_compiler` has it.
        process, gates: of :func:`fcn_hw.flow.rtl.rtl_csynth`; either takes fcn_hw's compiler.
    """
    if process is None and not gates and chosen_compiler(workspace, board, compiler) == "vitis":
        return run_csynth(workspace, board, progress, hours=hours)
    return rtl_csynth(workspace, board, progress, process=process, gates=gates)


def cosim_by(
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    compiler: HlsCompiler | None = None,
    images: int | None = None,
    hours: float | None = None,
) -> HardwareRun | RtlCosim:
    """:func:`run_cosim`, or :func:`fcn_hw.flow.rtl.rtl_cosim`.

    Args:
        compiler: as :func:`chosen_compiler` has it.
    """
    if chosen_compiler(workspace, board, compiler) == "vitis":
        return run_cosim(workspace, board, progress, images=images, hours=hours)
    return rtl_cosim(workspace, board, progress, images=images)


def bitstream_by(
    workspace: Target, board: Board, progress: Progress, *, hours: float | None = None
) -> HardwareRun | Ecp5Bitstream:
    """:func:`run_bitstream`, or :func:`fcn_hw.flow.ecp5.ecp5_bitstream` on a board with an ECP5.

    Args:
        hours: time-out of each tool; None takes each stage's own.
    """
    if board.ecp5 is not None:
        return ecp5_bitstream(workspace, board, progress, hours=hours)
    return run_bitstream(workspace, board, progress, hours=hours)


@alone_in_project("csynth")
def run_csynth(
    workspace: Target, board: Board, progress: Progress, *, hours: float | None = None
) -> HardwareRun:
    """C synthesis.

    Args:
        hours: time-out of each tool; None takes each stage's own.

    Raises:
        ToolNotFound, NoLicence, ToolFailed, ReportError: of the stage that fails; what the stages
            before it left stays, and the next run goes on with it.
    """
    source = emit_source(workspace, board, progress, timeout_s=_seconds(hours))
    return _finished(source, csynth(source).run(progress))


@alone_in_project("cosim")
def run_cosim(
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    images: int | None = None,
    hours: float | None = None,
) -> HardwareRun:
    """C synthesis, then RTL cosimulation on the first ``images`` validation images.

    Raises:
        Mismatch: a code that the RTL wrote is not the C++'s; and as :func:`run_csynth`.
    """
    source = emit_source(workspace, board, progress, timeout_s=_seconds(hours))
    report = csynth(source).run(progress)
    return _finished(source, report, simulated=cosim(source, images).run(progress))


@alone_in_project("bitstream")
def run_bitstream(
    workspace: Target, board: Board, progress: Progress, *, hours: float | None = None
) -> HardwareRun:
    """From sources to ``.bit`` and ``.hwh``: C synthesis, IP, routed block design, bitstream.

    Raises:
        TimingNotMet: the routed design is too slow; and as :func:`run_csynth`.
    """
    seconds = _seconds(hours)
    source = emit_source(workspace, board, progress, needs_vivado=True, timeout_s=seconds)
    report = csynth(source).run(progress)
    export_ip(source).run(progress)
    routed = impl(source).run(progress)
    return _finished(source, report, written=bitstream(source, routed).run(progress))


def _finished(
    source: Source,
    report: CsynthReport,
    *,
    simulated: CosimResult | None = None,
    written: Bitstream | None = None,
) -> HardwareRun:
    """Compares with the last run; other stages count where they stand on these sources."""
    csim = finished_csim(source.workspace, source.board, source.graph)
    known = cosim(source).finished() if simulated is None else simulated
    routed = None if written is None else written.implementation
    now = collect(csim=csim, csynth=report, cosim=known, routed=routed)
    rows = update(source.report, now, source.workspace.regression)
    return HardwareRun(source.report, report, simulated, written, rows)


def _seconds(hours: float | None) -> float | None:
    return None if hours is None else hours * HOUR_S
