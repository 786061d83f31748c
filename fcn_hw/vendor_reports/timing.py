"""Vivado's ``report_timing_summary``: the table "Design Timing Summary" and its verdict.

Columns are told apart by blanks (UG906, "Report Timing Summary"); the verdict is a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.vendor_reports.text import TextReport

MET = "All user specified timing constraints are met"
NOT_MET = "Timing constraints are not met"

_SLACKS = ("WNS(ns)", "TNS(ns)", "WHS(ns)", "THS(ns)", "WPWS(ns)", "TPWS(ns)")
_COUNTS = tuple(
    f"{name} {kind} Endpoints" for name in ("TNS", "THS", "TPWS") for kind in ("Failing", "Total")
)


@dataclass(frozen=True)
class Slack:
    """One kind of check.

    Args:
        worst_ns: worst slack, negative where a path fails.
        total_ns: sum of the negative slacks.
        failing: endpoints with negative slack.
        endpoints: checked.
    """

    worst_ns: float
    total_ns: float
    failing: int
    endpoints: int


@dataclass(frozen=True)
class Timing:
    """The timing of a routed design.

    Args:
        setup: WNS and TNS.
        hold: WHS and THS.
        pulse_width: WPWS and TPWS.
        met: the tool's verdict.
    """

    setup: Slack
    hold: Slack
    pulse_width: Slack
    met: bool


def read_timing(path: Path) -> Timing:
    """Reads a report.

    Raises:
        ReportError: missing, no such report, a column that is missing or no number (``NA`` and
            ``inf``: nothing is constrained), or a verdict that the numbers contradict.
    """
    report = TextReport.read(path, "fcn-hw bitstream")
    values = _values(report)
    slacks = {name: report.decimal(values[name], name) for name in _SLACKS}
    counts = {name: report.integer(values[name], name) for name in _COUNTS}
    setup, hold, pulse_width = (
        Slack(
            slacks[f"{worst}(ns)"], slacks[f"{total}(ns)"],
            counts[f"{total} Failing Endpoints"], counts[f"{total} Total Endpoints"],
        )
        for worst, total in (("WNS", "TNS"), ("WHS", "THS"), ("WPWS", "TPWS"))
    )  # fmt: skip
    timing = Timing(setup, hold, pulse_width, _verdict(report))
    failing = [item for item in (setup, hold, pulse_width) if item.worst_ns < 0 or item.failing]
    if timing.met == bool(failing):
        said = MET if timing.met else NOT_MET
        raise report.wrong(f"says '{said}', which its numbers contradict")
    if setup.endpoints == 0:
        raise report.wrong("no path was checked: TNS Total Endpoints is 0")
    return timing


def _values(report: TextReport) -> dict[str, str]:
    for index, line in enumerate(report.lines):
        titles = re.split(r"\s{2,}", line.strip())
        if titles[0] != "WNS(ns)":
            continue
        for name in (*_SLACKS, *_COUNTS):
            if name not in titles:
                raise report.wrong(f"has no column '{name}'")
        for below in report.lines[index + 1 :]:
            cells = below.split()
            if not cells:
                break
            if set(below) <= {"-", " "}:
                continue
            if len(cells) != len(titles):
                raise report.wrong(
                    f"the Design Timing Summary has {len(cells)} values, {len(titles)} columns"
                )
            return dict(zip(titles, cells, strict=True))
        raise report.wrong("has no values in the Design Timing Summary")
    raise report.wrong("has no Design Timing Summary (a line that starts with 'WNS(ns)')")


def _verdict(report: TextReport) -> bool:
    met, not_met = report.has(MET), report.has(NOT_MET)
    if met == not_met:
        problem = "two verdicts" if met else "no verdict"
        raise report.wrong(f"has {problem}: '{MET}' or '{NOT_MET}'")
    return met
