"""Vitis HLS' C synthesis report: ``<solution>/syn/report/<top>_csynth.xml``.

Elements as the tool writes them and hls4ml reads them (hls4ml 1.3.0, ``report/vivado_report.py``).
A row that is missing or no number is an error, never a zero.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from fcn_hw.errors import ReportError

MAX_BYTES = 64 << 20

# quantity -> (paths of the element, of which one is there; divisor)
_ROWS: dict[str, tuple[tuple[str, ...], int]] = {
    "LUT": (("AreaEstimates/Resources/LUT",), 1),
    "FF": (("AreaEstimates/Resources/FF",), 1),
    # Vivado HLS and older Vitis HLS name the slice
    "DSP": (("AreaEstimates/Resources/DSP", "AreaEstimates/Resources/DSP48E"), 1),
    "BRAM36": (("AreaEstimates/Resources/BRAM_18K",), 2),
    "interval_cycles": (("PerformanceEstimates/SummaryOfOverallLatency/Interval-min",), 1),
}


def read_csynth(path: Path) -> dict[str, float]:
    """LUT, FF, DSP, BRAM36 and ``interval_cycles`` of the top function.

    Raises:
        ReportError: the file is missing, too large, no such report, or lacks a row.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReportError(f"{path}: larger than {MAX_BYTES >> 20} MiB, that is no report")
        data = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}", hint="run C synthesis first") from error
    if b"<!" in data.replace(b"<!--", b""):  # entities can make a small file huge
        raise ReportError(f"{path}: declares entities, which no report of the tool does")
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise ReportError(f"{path}: is not XML ({error})", hint="run C synthesis again") from error
    return {name: _number(root, name, path) / divisor for name, (_, divisor) in _ROWS.items()}


def _number(root: ET.Element, name: str, path: Path) -> float:
    places, _ = _ROWS[name]
    for place in places:
        text = root.findtext(place)
        if text is not None:
            try:
                return float(int(text))
            except ValueError:
                raise ReportError(f"{path}: {place} is '{text}', no number") from None
    raise ReportError(f"{path}: has no {places[0]}", hint="run C synthesis again, to its end")
