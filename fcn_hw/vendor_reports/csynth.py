"""C synthesis' XML reports: ``<solution>/syn/report/<top>_csynth.xml`` and ``csynth.xml``.

Elements as the tools write them and others read them (hls4ml 1.3.0, ``report/vivado_report.py``;
UG1399, "Output of C Synthesis"). The first file is about the top function; the second, which Vitis
HLS adds, lists every function below ``ModuleInformation``. A row that is missing or no number is an
error, never a zero.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from pathlib import Path

from fcn_hw.errors import ReportError
from fcn_hw.vendor_reports.records import Clock, CsynthReport, CycleRange, HlsResources, Module
from fcn_hw.vendor_reports.text import UNKNOWN, read_bytes

_STAGE = "fcn-hw csynth"
_AREA = "AreaEstimates/Resources"
_LATENCY = "PerformanceEstimates/SummaryOfOverallLatency"
_DSP = ("DSP", "DSP48E")  # Vivado HLS and older Vitis HLS name the slice
_INTERVAL = re.compile(r"(\d+)(?:\s*~\s*(\d+))?")


def read_csynth(path: Path) -> CsynthReport:
    """The report of the top function; its modules where the file lists them.

    Raises:
        ReportError: the file is missing, too large, no such report, or lacks a row.
    """
    report = _Xml(path, _root(path))
    return CsynthReport(
        top=report.text("UserAssignments/TopModelName"),
        version=report.text("ReportVersion/Version"),
        part=report.text("UserAssignments/Part"),
        clock=Clock(
            report.decimal("UserAssignments/TargetClockPeriod"),
            report.decimal("UserAssignments/ClockUncertainty"),
            report.decimal("PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod"),
        ),
        latency=CycleRange(
            report.integer(f"{_LATENCY}/Best-caseLatency"),
            report.integer(f"{_LATENCY}/Worst-caseLatency"),
        ),
        interval=CycleRange(
            report.integer(f"{_LATENCY}/Interval-min"), report.integer(f"{_LATENCY}/Interval-max")
        ),
        resources=report.resources(_AREA),
        available=report.resources("AreaEstimates/AvailableResources"),
        modules=_modules(report),
    )


def read_folder(folder: Path, top: str) -> CsynthReport:
    """The report of a solution's folder ``syn/report``, with the modules where it lists them.

    Raises:
        ReportError: see :func:`read_csynth`; or the report is about another function.
    """
    path = folder / f"{top}_csynth.xml"
    report = read_csynth(path)
    if report.top != top:
        raise ReportError(
            f"{path}: is about '{report.top}', not about '{top}'", hint=f"run {_STAGE} again"
        )
    whole = folder / "csynth.xml"
    if report.modules or not whole.is_file():
        return report
    return replace(report, modules=_modules(_Xml(whole, _root(whole))))


def _modules(report: _Xml) -> tuple[Module, ...]:
    found = []
    for element in report.root.findall("ModuleInformation/Module"):
        module = _Xml(report.path, element, f"module '{element.findtext('Name', '?').strip()}': ")
        found.append(
            Module(
                module.text("Name"),
                CycleRange(
                    module.optional_integer(f"{_LATENCY}/Best-caseLatency"),
                    module.optional_integer(f"{_LATENCY}/Worst-caseLatency"),
                ),
                module.interval(),
                module.resources(_AREA),
            )
        )
    return tuple(found)


def _root(path: Path) -> ET.Element:
    data = read_bytes(path, _STAGE)
    if b"<!" in data.replace(b"<!--", b""):  # entities can make a small file huge
        raise ReportError(f"{path}: declares entities, which no report of the tool does")
    try:
        return ET.fromstring(data)
    except ET.ParseError as error:
        raise ReportError(f"{path}: is not XML ({error})", hint=f"run {_STAGE} again") from error


@dataclass(frozen=True)
class _Xml:
    """An element of a report; ``where`` precedes the path of a row in messages."""

    path: Path
    root: ET.Element
    where: str = ""

    def wrong(self, problem: str) -> ReportError:
        return ReportError(f"{self.path}: {problem}", hint=f"run {_STAGE} again, to its end")

    def text(self, *places: str) -> str:
        """What the first of these elements that is there holds."""
        for place in places:
            text = self.root.findtext(place)
            if text is not None:
                if not text.strip():
                    raise self.wrong(f"{self.where}{place} is empty")
                return text.strip()
        raise self.wrong(f"{self.where}has no {places[0]}")

    def integer(self, *places: str) -> int:
        text = self.text(*places)
        if not text.isdecimal():
            place = next(p for p in places if self.root.find(p) is not None)
            raise self.wrong(f"{self.where}{place} is '{text}', no number")
        return int(text)

    def optional_integer(self, place: str) -> int | None:
        return None if self.text(place).lower() in UNKNOWN else self.integer(place)

    def decimal(self, place: str) -> float:
        text = self.text(place)
        if not re.fullmatch(r"\d+(\.\d+)?", text):
            raise self.wrong(f"{self.where}{place} is '{text}', no number")
        return float(text)

    def interval(self) -> CycleRange:
        """A module's interval: two elements, or one that holds ``4`` or ``4 ~ 9``."""
        if self.root.find(f"{_LATENCY}/Interval-min") is not None:
            return CycleRange(
                self.optional_integer(f"{_LATENCY}/Interval-min"),
                self.optional_integer(f"{_LATENCY}/Interval-max"),
            )
        place = f"{_LATENCY}/PipelineInitiationInterval"
        text = self.text(place)
        if text.lower() in UNKNOWN:
            return CycleRange(None, None)
        match = _INTERVAL.fullmatch(text)
        if match is None:
            raise self.wrong(f"{self.where}{place} is '{text}', no number")
        return CycleRange(int(match[1]), int(match[2] or match[1]))

    def resources(self, place: str) -> HlsResources:
        uram = f"{place}/URAM"
        return HlsResources(
            bram18=self.integer(f"{place}/BRAM_18K"),
            dsp=self.integer(*(f"{place}/{name}" for name in _DSP)),
            ff=self.integer(f"{place}/FF"),
            lut=self.integer(f"{place}/LUT"),
            uram=self.integer(uram) if self.root.find(uram) is not None else None,
        )
