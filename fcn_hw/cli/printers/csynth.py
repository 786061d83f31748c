"""What the verb ``csynth`` prints for people, and what all runs of vendor tools begin with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from fcn_hw.cli.printers.bitstream import print_implementation
from fcn_hw.cli.printers.common import console, print_table
from fcn_hw.cli.printers.regression import print_regression

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow.hardware import HardwareRun
    from fcn_hw.rtl.reports import Gates, RtlSynthesis
    from fcn_hw.vendor_reports.records import CsynthReport, CycleRange, HlsResources


def print_hardware(run: HardwareRun) -> None:
    """C synthesis by function, then what RTL cosimulation and Vivado say, then the last run."""
    from fcn_hw.rtl.reports import RtlSynthesis

    if isinstance(run.csynth, RtlSynthesis):
        print_processes(run.csynth)
    else:
        print_csynth(run.csynth)
    out = console()
    if run.cosim is not None:
        out.print(
            f"[bold green]exact[/]: RTL = C++ on {run.cosim.images} images, "
            f"{run.cosim.values_compared:,} codes",
            highlight=False,
        )
        for item in run.cosim.report.languages:
            words = [
                f"{name} {cycles.min:,} / {cycles.avg:,} / {cycles.max:,}"
                for name, cycles in (("latency", item.latency), ("interval", item.interval))
                if cycles is not None
            ]
            numbers = ", ".join(words) or "no numbers of cycles"
            out.print(f"{item.language}: {numbers} cycles, min / avg / max", highlight=False)
    if run.bitstream is not None:
        print_implementation(run.bitstream.implementation)
        out.print(f"bitstream: {run.bitstream.bit} and .hwh", highlight=False)
    print_regression(run.rows)
    out.print(f"report: {run.folder}", highlight=False)


def print_csynth(report: CsynthReport) -> None:
    """A row a function, and the top."""
    table = Table(title=f"C synthesis of {report.top}: {report.version}", box=box.SIMPLE_HEAD)
    for column in ("function", "latency", "interval", "LUT", "FF", "DSP", "BRAM18", "URAM"):
        left = column == "function"
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for module in report.modules:
        table.add_row(
            module.name, _cycles(module.latency), _cycles(module.interval),
            *_hls_amounts(module.resources),
        )  # fmt: skip
    table.add_section()
    table.add_row(
        "top", _cycles(report.latency), _cycles(report.interval), *_hls_amounts(report.resources)
    )
    table.add_row("available", "", "", *_hls_amounts(report.available))
    out = console()
    print_table(table)
    clock = report.clock
    verdict = "" if clock.fits else "; [bold red]too slow[/]"
    out.print(
        f"clock: {clock.estimated_ns:g} ns estimated, {clock.target_ns:g} ns asked for with "
        f"{clock.uncertainty_ns:g} ns of reserve{verdict}",
        highlight=False,
    )


def _cycles(found: CycleRange) -> str:
    if found.min is None or found.max is None:
        return "?"
    return f"{found.max:,}" if found.min == found.max else f"{found.min:,} to {found.max:,}"


def _hls_amounts(amount: HlsResources) -> list[str]:
    numbers = (amount.lut, amount.ff, amount.dsp, amount.bram18, amount.uram)
    return ["-" if number is None else f"{number:,}" for number in numbers]


def print_rtl_csynth(found: RtlSynthesis, folder: Path) -> None:
    """What fcn_hw's own compiler made, and where its report is."""
    print_processes(found)
    console().print(f"report: {folder}", highlight=False)


def print_processes(found: RtlSynthesis) -> None:
    """A row a process, of fcn_hw's own compiler."""
    table = Table(
        title=f"{found.design}: C++ to Verilog by fcn_hw's compiler, {found.family} at "
        f"{found.period_ns:g} ns",
        box=box.SIMPLE_HEAD,
    )
    for column in (
        "process",
        "function",
        "stages",
        "latency",
        "II",
        "recurrence ns",
        "of",
        "memories",
    ):
        left = column in ("process", "function", "of", "memories")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for item in found.processes:
        memories = ", ".join(f"{m.name} {m.depth}x{m.width} {m.kind}" for m in item.memories)
        of = ", ".join(item.critical_registers[:2])
        table.add_row(
            item.process, item.function, str(item.stages), str(item.latency), str(item.interval),
            f"{item.critical_ns:.2f}", f"{of} {item.critical_line}", memories,
        )  # fmt: skip
    out = console()
    print_table(table)
    if found.gates:
        print_table(_gates_table(found.gates, found.family))
    slowest = found.slowest
    out.print(
        f"one iteration a clock everywhere; longest way in a stage {slowest.path_ns:.2f} ns "
        f"({slowest.process}) of {slowest.limit_ns:.2f} ns, by fcn_hw's delay model",
        highlight=False,
    )


def _gates_table(rows: Sequence[Gates], family: str) -> Table:
    """What yosys counted, the estimate behind it."""
    table = Table(title=f"yosys for {family}, unplaced / estimate", box=box.SIMPLE_HEAD)
    table.add_column("process", no_wrap=True)
    for column in ("LUT", "FF", "DSP", "BRAM36"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        pairs = (
            (row.lut, row.estimated_lut), (row.ff, row.estimated_ff),
            (row.dsp, row.estimated_dsp), (row.bram36, row.estimated_bram36),
        )  # fmt: skip
        cells = [f"{a:,g}" if b is None else f"{a:,g} / {b:,.6g}" for a, b in pairs]
        table.add_row(row.process, *cells)
    return table
