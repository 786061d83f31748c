"""C synthesis' text report: ``<solution>/syn/report/<top>_csynth.rpt``.

Sections as UG902 and UG1399, "Output of C Synthesis", show them: a header of ``* Key: value``
lines, ``+ Timing:``, ``+ Latency:`` with a summary and a table of instances, ``== Utilization
Estimates`` with the totals and a table of instances. It says the same as the XML, and lists the
functions below the top also where ``csynth.xml`` is not written (Vivado HLS).
"""

from __future__ import annotations

import re
from pathlib import Path

from fcn_hw.vendor_reports.records import Clock, CsynthReport, CycleRange, HlsResources, Module
from fcn_hw.vendor_reports.text import Row, TextReport

_DSP = ("DSP", "DSP48E")
_TIMES = re.compile(r"(\d+(?:\.\d+)?)\s*ns|(\d+(?:\.\d+)?)")


def read_csynth_text(path: Path) -> CsynthReport:
    """The report of the top function and of its instances, summed by module.

    Raises:
        ReportError: the file is missing, too large, no such report, or lacks a row.
    """
    report = TextReport.read(path, "fcn-hw csynth")
    timing = report.after("+ Timing:")
    latency = timing.after("+ Latency:")
    area = latency.after("== Utilization Estimates")
    summary = _cycles(latency, latency.after("* Summary:"), "the top's")
    totals = {row["Name"]: row for row in area.after("* Summary:").table("Name", "FF", "LUT")}
    for name in ("Total", "Available"):
        if name not in totals:
            raise area.wrong(f"has no row '{name}' in the utilization summary")
    return CsynthReport(
        top=_top(report),
        version=_header(report, "Version").split()[0],
        part=_header(report, "Target device"),
        clock=_clock(timing),
        latency=summary[0],
        interval=summary[1],
        resources=_resources(area, totals["Total"], "Total"),
        available=_resources(area, totals["Available"], "Available"),
        modules=_modules(latency, area),
    )


def _header(report: TextReport, key: str) -> str:
    for line in report.lines:
        found, _, value = line.strip().removeprefix("*").partition(":")
        if line.strip().startswith("*") and found.strip() == key and value.strip():
            return value.strip()
    raise report.wrong(f"has no line '* {key}:'")


def _top(report: TextReport) -> str:
    for line in report.lines:
        match = re.fullmatch(r"== V\w+ HLS Report for '(\S+)'", line.strip())
        if match:
            return match[1]
    raise report.wrong("has no line \"== Vitis HLS Report for '...'\"")


def _clock(timing: TextReport) -> Clock:
    rows = timing.table("Clock", "Target", "Estimated", "Uncertainty")
    if not rows:
        raise timing.wrong("has no clock in the timing summary")
    row = rows[0]
    times = []
    for title in ("Target", "Estimated", "Uncertainty"):
        match = _TIMES.fullmatch(row[title])
        if match is None:
            raise timing.wrong(f"{title} of clock '{row['Clock']}' is '{row[title]}', no time")
        times.append(float(match[1] or match[2]))
    target, estimated, uncertainty = times
    return Clock(target, uncertainty, estimated)


def _cycles(whole: TextReport, part: TextReport, whose: str) -> tuple[CycleRange, CycleRange]:
    """Latency and interval of the summary: its header has two lines, ``min max`` six times."""
    for rows in part.tables():
        for index, header in enumerate(rows[:-1]):
            if header[:2] == ["min", "max"] and len(header) >= 6:
                cells = rows[index + 1]
                if len(cells) != len(header):
                    raise whole.wrong(f"{whose} latency row has {len(cells)} cells")
                numbers = [
                    whole.optional_integer(cells[i], f"{whose} cycles") for i in (0, 1, 4, 5)
                ]
                for number, name in zip(
                    numbers, ("latency min", "latency max", "interval min", "interval max"),
                    strict=True,
                ):  # fmt: skip
                    if number is None:
                        raise whole.wrong(f"{whose} {name} is not known: a loop without a bound")
                return CycleRange(numbers[0], numbers[1]), CycleRange(numbers[2], numbers[3])
    raise whole.wrong(f"has no row with {whose} latency and interval")


def _modules(latency: TextReport, area: TextReport) -> tuple[Module, ...]:
    """One module a row of both instance tables; instances of one module are summed."""
    cycles: dict[str, tuple[str, CycleRange, CycleRange]] = {}
    for row in _instances(latency):
        cells = list(row.values())
        name = row["Instance"]
        if len(cells) < 8:
            raise latency.wrong(f"instance '{name}' has {len(cells)} cells in the latency table")
        numbers = [
            latency.optional_integer(cells[i], f"cycles of instance '{name}'") for i in (2, 3, 6, 7)
        ]
        cycles[name] = (
            row["Module"],
            CycleRange(numbers[0], numbers[1]),
            CycleRange(numbers[2], numbers[3]),
        )
    found: dict[str, Module] = {}
    for row in _instances(area):
        name, module = row["Instance"], row["Module"]
        if name not in cycles:  # AXI adapters have an area, but no latency
            continue
        amount = _resources(area, row, name)
        if module in found:
            amount = _sum(found[module].resources, amount)
        found[module] = Module(module, cycles[name][1], cycles[name][2], amount)
    missing = [name for name, (module, *_) in cycles.items() if module not in found]
    if missing:
        raise area.wrong(f"instance '{missing[0]}' has no row in the utilization table")
    return tuple(found.values())


def _instances(part: TextReport) -> list[Row]:
    """The rows below ``* Instance:``; none where the tool writes ``N/A``.

    The latency table's header has two lines; its columns get their numbers as titles.
    """
    after = part.after("* Instance:")
    for line in after.lines:
        if line.strip() == "N/A":
            return []
        if line.strip():
            break
    for rows in after.tables():
        start = next((i for i, row in enumerate(rows) if row[:2] == ["Instance", "Module"]), None)
        if start is None:
            break
        header = rows[start]
        found = []
        for row in rows[start + 1 :]:
            if row[0] in ("Total", ""):
                continue
            if len(row) < len(header):
                raise part.wrong(f"instance '{row[0]}' has {len(row)} cells, fewer than its header")
            if len(row) == len(header) and "FF" in header:
                found.append(dict(zip(header, row, strict=True)))
            else:
                titles = ["Instance", "Module", *(str(i) for i in range(2, len(row)))]
                found.append(dict(zip(titles, row, strict=True)))
        return found
    raise part.wrong("has no table below '* Instance:'")


def _resources(report: TextReport, row: Row, name: str) -> HlsResources:
    dsp_title = next((title for title in _DSP if title in row), _DSP[0])
    uram = report.integer(row["URAM"], f"URAM of '{name}'") if "URAM" in row else None
    bram18, dsp, ff, lut = (
        report.integer(report.cell(row, title, name), f"{title} of '{name}'")
        for title in ("BRAM_18K", dsp_title, "FF", "LUT")
    )
    return HlsResources(bram18, dsp, ff, lut, uram)


def _sum(a: HlsResources, b: HlsResources) -> HlsResources:
    uram = None if a.uram is None or b.uram is None else a.uram + b.uram
    return HlsResources(a.bram18 + b.bram18, a.dsp + b.dsp, a.ff + b.ff, a.lut + b.lut, uram)
