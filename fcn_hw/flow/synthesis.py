"""The stages csynth and export: C synthesis of the top with AXI ports, and its IP."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from fcn_hw.errors import ReportError
from fcn_hw.flow.vendor import (
    Source,
    VendorStage,
    firmware_digest,
    script_digest,
    sources_digest,
    stage_record,
)
from fcn_hw.vendor_reports.csynth import read_folder
from fcn_hw.vendor_reports.csynth_text import read_csynth_text
from fcn_hw.vendor_reports.records import CsynthReport
from fcn_hw.vendor_reports.text import read_bytes

CSYNTH_HOURS = 12.0
EXPORT_HOURS = 2.0


def csynth(source: Source) -> VendorStage[CsynthReport]:
    """C synthesis."""
    layout = source.layout
    outputs = (layout.csynth_xml, layout.csynth_rpt)
    argv = source.hls.argv("scripts/csynth.tcl")
    commands = (source.command("csynth", argv, CSYNTH_HOURS, outputs),)
    return VendorStage(
        stage_record(source, "csynth", commands, firmware_digest(source)),
        sources_digest(source.base),
        commands,
        outputs,
        lambda: read_reports(source.project, layout.csynth_folder, layout.top),
        f"{source.hls.program} {source.hls.version}",
    )


def read_reports(project: Path, folder: str, top: str) -> CsynthReport:
    """Both reports of C synthesis; they must say the same of the top function.

    The modules are those of the XML, or of the text where the XML lists none.

    Raises:
        ReportError: one can't be read, or they differ.
    """
    report = read_folder(project / folder, top)
    path = project / folder / f"{top}_csynth.rpt"
    text = read_csynth_text(path)
    uram = text.resources.uram  # Vivado HLS has no such column for devices without
    summed = report.resources if uram is not None else replace(report.resources, uram=None)
    for name, ours, theirs in (
        ("top", report.top, text.top),
        ("latency", report.latency, text.latency),
        ("interval", report.interval, text.interval),
        ("resources", summed, text.resources),
    ):
        if ours != theirs:
            raise ReportError(
                f"{path}: {name} is {theirs}, but {ours} in {top}_csynth.xml",
                hint="run fcn-hw csynth again: one of the reports is of another run",
            )
    return report if report.modules else replace(report, modules=text.modules)


def export_ip(source: Source) -> VendorStage[Path]:
    """The synthesised RTL as an IP; its ``component.xml``."""
    component = source.layout.component
    path = source.project / component

    def check() -> Path:
        if not re.search(rb"<(spirit|ipxact):component\b", read_bytes(path, "fcn-hw bitstream")):
            raise ReportError(f"{path}: is no IP-XACT component", hint="run fcn-hw bitstream again")
        return path

    argv = source.hls.argv("scripts/export.tcl")
    commands = (source.command("export", argv, EXPORT_HOURS, (component,)),)
    script = script_digest(source, "scripts/export.tcl")
    return VendorStage(
        stage_record(source, "export", commands, firmware_digest(source), script),
        sources_digest(source.base),
        commands,
        (component,),
        check,
        f"IP, {source.hls.program} {source.hls.version}",
    )
