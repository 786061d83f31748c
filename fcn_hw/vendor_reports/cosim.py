"""RTL cosimulation's report: ``<solution>/sim/report/<top>_cosim.rpt``.

One row a language: ``| RTL | Status | latency min avg max | interval min avg max |``, since Vitis
HLS 2021 with a column for the total time. ``NA`` stands for a language that was not simulated, and
for the interval where there was one transaction only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcn_hw.vendor_reports.text import UNKNOWN, TextReport

LANGUAGES = ("VHDL", "Verilog")


@dataclass(frozen=True)
class Cycles:
    """Cycles over the transactions of a simulation."""

    min: int
    avg: int
    max: int


@dataclass(frozen=True)
class CosimLanguage:
    """The simulation of one language.

    Args:
        passed: the test bench's ``main`` returned 0 on what the RTL wrote.
        latency, interval: None where the tool gives none.
    """

    language: str
    passed: bool
    latency: Cycles | None
    interval: Cycles | None


@dataclass(frozen=True)
class CosimReport:
    """The languages that were simulated, one at least."""

    languages: tuple[CosimLanguage, ...]

    @property
    def passed(self) -> bool:
        """Whether all of them passed."""
        return all(item.passed for item in self.languages)


def read_cosim(path: Path) -> CosimReport:
    """Reads a report.

    Raises:
        ReportError: missing, no such report, a language without a row, or none that was simulated.
    """
    report = TextReport.read(path, "fcn-hw cosim")
    rows = {row[0]: row for table in report.tables() for row in table if row[0] in LANGUAGES}
    for language in LANGUAGES:
        if language not in rows:
            raise report.wrong(f"has no row '{language}'")
    found = [_language(report, language, rows[language]) for language in LANGUAGES]
    simulated = tuple(item for item in found if item is not None)
    if not simulated:
        raise report.wrong("no language was simulated: the status of all rows is NA")
    return CosimReport(simulated)


def _language(report: TextReport, language: str, row: list[str]) -> CosimLanguage | None:
    if len(row) < 8:
        raise report.wrong(f"row '{language}' has {len(row)} cells, must have 8 or more")
    status = row[1]
    if status.lower() in UNKNOWN:
        return None
    if status.lower() not in ("pass", "fail"):
        raise report.wrong(f"status of '{language}' is '{status}', neither Pass nor Fail")
    return CosimLanguage(
        language,
        status.lower() == "pass",
        _cycles(report, row[2:5], f"latency of '{language}'"),
        _cycles(report, row[5:8], f"interval of '{language}'"),
    )


def _cycles(report: TextReport, cells: list[str], what: str) -> Cycles | None:
    numbers = [
        report.optional_integer(cell, f"{name} {what}")
        for cell, name in zip(cells, ("min", "avg", "max"), strict=True)
    ]
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers):
        return Cycles(*known)
    if known:
        raise report.wrong(f"{what} is '{' '.join(cells)}', only a part of it is a number")
    return None
