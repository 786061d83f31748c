"""The stages impl and bitstream: the block design routed by Vivado, and its .bit and .hwh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcn_hw.backend.block_design import BITSTREAM_FOLDER, TIMING, UTILIZATION
from fcn_hw.backend.ip_package import SCRIPT
from fcn_hw.errors import ReportError, TimingNotMet
from fcn_hw.flow.synthesis import check_part
from fcn_hw.flow.vendor import (
    Rtl,
    Source,
    VendorStage,
    script_digest,
    sources_digest,
    stage_record,
)
from fcn_hw.vendor_reports.text import read_bytes
from fcn_hw.vendor_reports.timing import Timing, read_timing
from fcn_hw.vendor_reports.utilization import Utilization, read_utilization

IMPL_HOURS = 24.0
BITSTREAM_HOURS = 4.0


@dataclass(frozen=True)
class Implementation:
    """A routed design.

    Args:
        rtl: who made the RTL of the network, see :class:`fcn_hw.flow.vendor.Rtl`.
    """

    rtl: str
    utilization: Utilization
    timing: Timing


@dataclass(frozen=True)
class Bitstream:
    """What a board needs, and the routed design behind it."""

    bit: Path
    hwh: Path
    implementation: Implementation


def impl(source: Source, rtl: Rtl) -> VendorStage[Implementation]:
    """The block design around the IP, synthesised, placed and routed.

    Args:
        rtl: what the IP holds.

    Raises:
        ConfigError: the design's part is not the board's.
    """
    check_part(source)
    vivado = source.vivado_tool
    outputs = (UTILIZATION, TIMING)
    commands = (source.command("impl", vivado.argv("scripts/impl.tcl"), IMPL_HOURS, outputs),)
    return VendorStage(
        stage_record(source, "impl", commands, *_parts(source, rtl)),
        sources_digest(source.base),
        commands,
        outputs,
        lambda: _read(source, rtl),
        f"vivado {vivado.version}, RTL of {rtl.made_by}",
        rtl.made_by,
        prepare=lambda _: _remove_bitstream(source),
    )


def bitstream(source: Source, rtl: Rtl, routed: Implementation) -> VendorStage[Bitstream]:
    """The bitstream of a routed design.

    Raises:
        TimingNotMet: the design does not meet its timing; no bitstream is written.
    """
    check_timing(source.project / TIMING, routed.timing, source.period_ns)
    vivado = source.vivado_tool
    outputs = _bitstream_files(source)
    bit, hwh = (source.project / output for output in outputs)

    def check() -> Bitstream:
        read_bytes(bit, "fcn-hw bitstream")
        if b"EDKSYSTEM" not in read_bytes(hwh, "fcn-hw bitstream"):
            raise ReportError(
                f"{hwh}: is no hardware hand-off file: it has no EDKSYSTEM",
                hint="run fcn-hw bitstream again",
            )
        return Bitstream(bit, hwh, routed)

    argv = vivado.argv("scripts/bitstream.tcl")
    commands = (source.command("bitstream", argv, BITSTREAM_HOURS, outputs),)
    script = script_digest(source, "scripts/bitstream.tcl")
    return VendorStage(
        stage_record(source, "bitstream", commands, *_parts(source, rtl), script),
        sources_digest(source.base),
        commands,
        outputs,
        check,
        f"vivado {vivado.version}",
        rtl.made_by,
    )


def _bitstream_files(source: Source) -> tuple[str, ...]:
    return tuple(f"{BITSTREAM_FOLDER}/{source.graph.name}.{end}" for end in ("bit", "hwh"))


def _remove_bitstream(source: Source) -> None:
    """A new routed design may miss its timing; then no bitstream of an older one lies there."""
    for name in _bitstream_files(source):
        (source.project / name).unlink(missing_ok=True)


def check_timing(report: Path, timing: Timing, period_ns: float) -> None:
    """Refuses a design that fails a check of its timing.

    Args:
        report: for the message.
        period_ns: of the clock.

    Raises:
        TimingNotMet: with every check that fails.
    """
    if timing.met:
        return
    kinds = (
        ("WNS", timing.setup), ("WHS", timing.hold), ("WPWS", timing.pulse_width),
    )  # fmt: skip
    slacks = [
        f"{name} {slack.worst_ns:g} ns at {slack.failing:,} of {slack.endpoints:,} endpoints"
        for name, slack in kinds
        if slack.worst_ns < 0 or slack.failing
    ]
    raise TimingNotMet(report, slacks, period_ns)


def _parts(source: Source, rtl: Rtl) -> list[object]:
    """What a routed design depends on."""
    ip_script = "scripts/export.tcl" if source.hls else SCRIPT
    scripts = [
        path
        for path in source.plan.files
        if path in (ip_script, "scripts/block_design.tcl", "scripts/impl.tcl")
        or path.startswith(("constraints/", "hdl/"))
    ]
    version = str(source.vivado_tool.version)
    return [rtl.digest, script_digest(source, *sorted(scripts)), version]


def _read(source: Source, rtl: Rtl) -> Implementation:
    board = source.board
    return Implementation(
        rtl.made_by,
        read_utilization(
            source.project / UTILIZATION, board.family, has_uram=board.resources.uram > 0
        ),
        read_timing(source.project / TIMING),
    )
