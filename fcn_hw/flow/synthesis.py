"""The stages csynth, export and package: C synthesis of the top with AXI ports, and its IP."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from fcn_hw.backend.block_design import Ip
from fcn_hw.backend.ip_package import RTL_IP, SCRIPT
from fcn_hw.errors import ConfigError, ReportError
from fcn_hw.flow.vendor import (
    Rtl,
    Source,
    VendorStage,
    firmware_digest,
    hls_rtl,
    script_digest,
    sources_digest,
    stage_record,
)
from fcn_hw.vendor_reports.csynth import read_folder
from fcn_hw.vendor_reports.csynth_text import read_csynth_text
from fcn_hw.vendor_reports.records import CsynthReport
from fcn_hw.vendor_reports.text import read_bytes

CSYNTH_HOURS = 12.0
IP_HOURS = 2.0


def csynth(source: Source) -> VendorStage[CsynthReport]:
    """C synthesis."""
    layout = source.layout
    outputs = (layout.csynth_xml, layout.csynth_rpt)
    argv = source.hls_tool.argv("scripts/csynth.tcl")
    commands = (source.command("csynth", argv, CSYNTH_HOURS, outputs),)
    return VendorStage(
        stage_record(source, "csynth", commands, firmware_digest(source)),
        sources_digest(source.base),
        commands,
        outputs,
        lambda: read_reports(source.project, layout.csynth_folder, layout.top),
        hls_rtl(source).made_by,
        hls_rtl(source).made_by,
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
    rtl = hls_rtl(source)
    argv = source.hls_tool.argv("scripts/export.tcl")
    return _ip_stage(source, "export", argv, source.layout.ip, rtl, rtl.made_by)


def package_ip(source: Source, rtl: Rtl) -> VendorStage[Path]:
    """The Verilog of fcn_hw's compiler as an IP, packed by Vivado; its ``component.xml``.

    Raises:
        ConfigError: see :func:`check_part`.
    """
    check_part(source)
    vivado = source.vivado_tool
    return _ip_stage(
        source, "package", vivado.argv(SCRIPT), RTL_IP, rtl, f"vivado {vivado.version}"
    )


def check_part(source: Source) -> None:
    """Refuses a design for which there is no block design.

    Raises:
        ConfigError: its part is not the board's.
    """
    if "scripts/impl.tcl" not in source.plan.files:
        raise ConfigError(
            f"hls.Part is not the part of board '{source.board.name}'",
            hint="Leave hls.Part out to build a bitstream for the board.",
        )


def _ip_stage(
    source: Source, name: str, argv: tuple[str, ...], ip: Ip, rtl: Rtl, tool: str
) -> VendorStage[Path]:
    component = ip.component
    path = source.project / component

    def check() -> Path:
        if not re.search(rb"<(spirit|ipxact):component\b", read_bytes(path, "fcn-hw bitstream")):
            raise ReportError(f"{path}: is no IP-XACT component", hint="run fcn-hw bitstream again")
        return path

    commands = (source.command(name, argv, IP_HOURS, (component,)),)
    script = script_digest(source, f"scripts/{name}.tcl")
    return VendorStage(
        stage_record(source, name, commands, rtl.digest, script, tool),
        sources_digest(source.base),
        commands,
        (component,),
        check,
        f"IP, {tool}",
        rtl.made_by,
    )
