"""What csynth, cosim and bitstream do: stages in a row, then the comparison of runs."""

from __future__ import annotations

from pathlib import Path

from pydantic.dataclasses import dataclass

from fcn_hw.boards import Board
from fcn_hw.design import HlsCompiler, RtlCompiler
from fcn_hw.errors import ConfigError
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.cosim import CosimResult, cosim
from fcn_hw.flow.ecp5 import Ecp5Bitstream, ecp5_bitstream
from fcn_hw.flow.implementation import Bitstream, bitstream, impl
from fcn_hw.flow.pipeline import finished_csim
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.regression import Row, check, collect, update
from fcn_hw.flow.rtl import compile_emitted, rtl_cosim, rtl_csynth
from fcn_hw.flow.stage import digest_of
from fcn_hw.flow.synthesis import check_part, csynth, export_ip, package_ip
from fcn_hw.flow.vendor import HOUR_S, Rtl, Source, emit_source, hls_rtl
from fcn_hw.flow.workspace import Target
from fcn_hw.results import STRICT
from fcn_hw.rtl.reports import MADE_BY, RtlCosim, RtlSynthesis
from fcn_hw.tools.xilinx import has_hls
from fcn_hw.vendor_reports.records import CsynthReport


@dataclass(frozen=True, eq=False, config=STRICT)
class HardwareRun:
    """A command that came to its end.

    Args:
        folder: of the reports.
        csynth: of the top function, or what fcn_hw's compiler made of each process.
        cosim, bitstream: None where the command does not go so far.
        rows: this run against the last that passed; empty where there was none, and of RTL of
            fcn_hw's compiler, which is not compared.
    """

    folder: Path
    csynth: CsynthReport | RtlSynthesis
    cosim: CosimResult | None
    bitstream: Bitstream | None
    rows: tuple[Row, ...]

    def check(self) -> None:
        """Refuses a run that is worse than the design's thresholds allow.

        Raises:
            Regression: with every quantity that is.
        """
        check(self.folder, self.rows)


def chosen_compiler(workspace: Target, board: Board, compiler: HlsCompiler | None) -> RtlCompiler:
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
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    compiler: HlsCompiler | None = None,
    hours: float | None = None,
) -> HardwareRun | Ecp5Bitstream:
    """:func:`run_bitstream`, or :func:`fcn_hw.flow.ecp5.ecp5_bitstream` on a board with an ECP5.

    Args:
        compiler: as :func:`chosen_compiler` has it.
        hours: time-out of each tool; None takes each stage's own.
    """
    chosen = chosen_compiler(workspace, board, compiler)
    if board.ecp5 is not None:
        return ecp5_bitstream(workspace, board, progress, hours=hours)
    return run_bitstream(workspace, board, progress, compiler=chosen, hours=hours)


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
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    compiler: RtlCompiler = "vitis",
    hours: float | None = None,
) -> HardwareRun:
    """From sources to ``.bit`` and ``.hwh``: C synthesis, IP, routed block design, bitstream.

    Args:
        compiler: who does the C synthesis.

    Raises:
        NotSynthesizable: of fcn_hw's compiler.
        TimingNotMet: the routed design is too slow; and as :func:`run_csynth`.
    """
    seconds = _seconds(hours)
    source = emit_source(
        workspace, board, progress, compiler=compiler, needs_vivado=True, timeout_s=seconds
    )
    if compiler == "fcn_hw":
        check_part(source)
        made, verilog = compile_emitted(workspace, board, source.graph, source.base, progress)
        rtl = Rtl(MADE_BY, digest_of(verilog))
        package_ip(source, rtl).run(progress)
        routed = impl(source, rtl).run(progress)
        written = bitstream(source, rtl, routed).run(progress)
        return HardwareRun(source.report, made, None, written, ())
    report, rtl = csynth(source).run(progress), hls_rtl(source)
    export_ip(source).run(progress)
    routed = impl(source, rtl).run(progress)
    return _finished(source, report, written=bitstream(source, rtl, routed).run(progress))


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
