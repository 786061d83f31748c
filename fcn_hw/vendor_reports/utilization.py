"""Vivado's ``report_utilization``, of 7-series and UltraScale+ devices.

Tables with the columns ``Site Type``, ``Used``, ``Fixed``, ``Prohibited`` (since 2021.1),
``Available`` and ``Util%`` (UG906, "Report Utilization"). A ``*`` behind a name refers to a
footnote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.costs.family import Family
from fcn_hw.vendor_reports.text import Row, TextReport

# quantity -> the row's name by family, of those that Vivado builds for; URAM is read apart
_ROWS: dict[Family, dict[str, str]] = {
    "7series": {
        "lut": "Slice LUTs",
        "ff": "Slice Registers",
        "bram36": "Block RAM Tile",
        "dsp": "DSPs",
    },
    "ultrascale+": {
        "lut": "CLB LUTs",
        "ff": "CLB Registers",
        "bram36": "Block RAM Tile",
        "dsp": "DSPs",
    },
}
_ROUNDING = 0.0051  # of a percentage with two digits


@dataclass(frozen=True)
class Usage:
    """How much of a resource is used; a half block RAM tile is one of 18 Kib."""

    used: float
    available: int

    @property
    def percent(self) -> float:
        """0 where the device has none."""
        return 100 * self.used / self.available if self.available else 0.0


@dataclass(frozen=True)
class Utilization:
    """A placed design.

    Args:
        uram: None on a device that has no UltraRAM.
    """

    lut: Usage
    ff: Usage
    bram36: Usage
    dsp: Usage
    uram: Usage | None


def read_utilization(path: Path, family: Family, *, has_uram: bool) -> Utilization:
    """Reads a report.

    Args:
        family: names the rows.
        has_uram: whether the device has UltraRAM, so that its row must be there.

    Raises:
        ReportError: missing, no such report, a row that is missing or whose numbers don't agree.
    """
    report = TextReport.read(path, "fcn-hw bitstream")
    rows: dict[str, Row] = {}
    for table in report.tables():
        for index, header in enumerate(table):
            if {"Site Type", "Used", "Available", "Util%"} <= set(header):
                for cells in table[index + 1 :]:
                    if len(cells) != len(header):
                        raise report.wrong(
                            f"row '{cells[0]}' has {len(cells)} cells, its header {len(header)}"
                        )
                    # a name's first row is of the resource, later ones are of its parts
                    rows.setdefault(_plain(cells[0]), dict(zip(header, cells, strict=True)))
                break
    if not rows:
        raise report.wrong("has no table with the columns 'Site Type', 'Used', 'Available'")

    def usage(name: str) -> Usage:
        if name not in rows:
            raise report.wrong(f"has no row '{name}'")
        return _usage(report, name, rows[name])

    names = _ROWS[family]
    return Utilization(
        lut=usage(names["lut"]),
        ff=usage(names["ff"]),
        bram36=usage(names["bram36"]),
        dsp=usage(names["dsp"]),
        uram=usage("URAM") if has_uram else None,
    )


def _plain(name: str) -> str:
    return name.rstrip("*").strip()


def _usage(report: TextReport, name: str, row: Row) -> Usage:
    used = report.decimal(row["Used"], f"Used of '{name}'")
    available = report.integer(row["Available"], f"Available of '{name}'")
    if used < 0 or (2 * used) % 1:
        raise report.wrong(f"Used of '{name}' is '{row['Used']}', no number of halves")
    usage = Usage(used, available)
    _check_percent(report, name, row["Util%"], usage)
    return usage


def _check_percent(report: TextReport, name: str, text: str, usage: Usage) -> None:
    """The printed share, ``12.34`` or ``<0.01``, must be that of the two numbers."""
    match = re.fullmatch(r"(<?)\s*(\d+(?:\.\d+)?)", text)
    if match is None:
        raise report.wrong(f"Util% of '{name}' is '{text}', no number")
    shown = float(match[2])
    agrees = usage.percent < shown if match[1] else abs(usage.percent - shown) <= _ROUNDING
    if not agrees:
        raise report.wrong(
            f"Util% of '{name}' is '{text}', but {usage.used:g} of {usage.available} "
            f"are {usage.percent:.2f}"
        )
