"""The stage cosim: the RTL on validation images, its codes against those of the C++."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.hls_scripts import COSIM_BENCH
from fcn_hw.errors import ReportError
from fcn_hw.fixed import Codes
from fcn_hw.flow.build import build_program
from fcn_hw.flow.cosim_bench import (
    CSIM_FOLDER,
    RTL_FOLDER,
    RTL_RUN,
    last_run,
    must_agree,
    output_files,
    plan_build,
    plan_run,
    read_outputs,
    stimulus_files,
    write_stimulus,
)
from fcn_hw.flow.images import frames_digest, input_frames
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.vendor import (
    Source,
    VendorStage,
    firmware_digest,
    hls_rtl,
    script_digest,
    sources_digest,
    stage_record,
)
from fcn_hw.harness.csim import frame_count
from fcn_hw.reference import evaluate
from fcn_hw.tools.runner import run
from fcn_hw.vendor_reports.cosim import CosimReport, read_cosim

COSIM_HOURS = 72.0
COSIM_IMAGES = 2
"""Images where no number is given: the least that shows an interval."""


@dataclass(frozen=True)
class CosimResult:
    """An RTL cosimulation whose codes are those of the C++.

    Args:
        images: simulated back to back.
        values_compared: codes of all outputs.
        report: the tool's.
    """

    images: int
    values_compared: int
    report: CosimReport


def cosim(source: Source, images: int | None = None) -> VendorStage[CosimResult]:
    """The synthesised RTL on the first images, every code that it writes compared.

    The test bench is first compiled by g++ and its codes are compared with the oracle, so that an
    hour of RTL simulation is not spent on a wrapper that is wrong in C++. Running it raises
    Mismatch at the first code that differs, there or in the RTL.
    """
    codes = input_frames(source.workspace, source.graph, images or COSIM_IMAGES)
    count, interface = frame_count(codes), source.interface
    rtl = [path for n in range(RTL_RUN + 1) for path in output_files(interface, RTL_FOLDER, n)]
    left, made_by = (source.layout.cosim_rpt, *rtl), hls_rtl(source).made_by
    commands = (
        source.command("cosim", source.hls_tool.argv("scripts/cosim.tcl"), COSIM_HOURS, left),
    )
    record = stage_record(
        source, "cosim", commands,
        firmware_digest(source),
        script_digest(source, "scripts/cosim.tcl", COSIM_BENCH),
        frames_digest(codes),
    )  # fmt: skip
    return VendorStage(
        record,
        sources_digest(source.base),
        commands,
        (*left, *stimulus_files(interface), *output_files(interface, CSIM_FOLDER, 0)),
        lambda: _read(source, count),
        f"{count} images, {made_by}",
        made_by,
        prepare=lambda progress: _simulate_c(source, codes, progress),
    )


def _simulate_c(source: Source, codes: Mapping[str, Codes], progress: Progress) -> None:
    """Leaves the stimulus and the C++'s codes, which must be the oracle's."""
    graph, interface = source.graph, source.interface
    write_stimulus(interface, source.project, codes)
    build = plan_build(graph, interface, ap_types_folder())
    build_program(build, source.project, progress)
    run(plan_run(interface), source.project)
    simulated = read_outputs(graph, interface, source.project, CSIM_FOLDER, 0, frame_count(codes))
    oracle = evaluate(graph, codes, keep=tuple(graph.outputs))
    must_agree({name: oracle[name] for name in graph.outputs}, simulated)


def _read(source: Source, count: int) -> CosimResult:
    """The report, after the RTL's codes were compared with the C++'s."""
    path = source.project / source.layout.cosim_rpt
    report = read_cosim(path)
    for language in report.languages:
        if not language.passed:
            raise ReportError(
                f"{path}: {language.language} failed: the test bench rejects what the RTL wrote",
                hint="logs/cosim.log says which frame",
            )
    graph, interface, project = source.graph, source.interface, source.project
    expected = read_outputs(graph, interface, project, CSIM_FOLDER, 0, count)
    number = last_run(interface, project)
    actual = read_outputs(graph, interface, project, RTL_FOLDER, number, count)
    return CosimResult(count, must_agree(expected, actual), report)
