"""``report/regression.json``: this run against the last one that passed.

The document has the metrics of the last run that passed (``baseline``), those of this one
(``current``), and a row for each quantity that both have. Where a stage has not run on the present
sources, its quantities are absent. A run that is worse than the thresholds of the design allow
fails and does not become the baseline, so that it fails again until :func:`accept` takes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from fcn_hw.boards import Board
from fcn_hw.design import Regression as Limits
from fcn_hw.errors import Regression, ReportError
from fcn_hw.files import replace_file
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.cosim import CosimResult
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.implementation import Implementation
from fcn_hw.flow.stage import StageRecord, digest_of, is_damaged
from fcn_hw.flow.workspace import Workspace
from fcn_hw.vendor_reports.records import CsynthReport

REPORT = "regression.json"
_NO_RUN = "Run fcn-hw csynth, cosim or bitstream first."

Kind = Literal["cycles", "resources", "wns_ns", "clock_ns", "miou", "mismatches"]

# name -> (kind, unit); in the order of the table
QUANTITIES: dict[str, tuple[Kind, str]] = {
    "csim.miou": ("miou", ""),
    "csim.mismatches": ("mismatches", "codes"),
    "csim.argmax_flips": ("mismatches", "pixels"),
    "csynth.latency": ("cycles", "cycles"),
    "csynth.interval": ("cycles", "cycles"),
    "csynth.clock": ("clock_ns", "ns"),
    "csynth.lut": ("resources", "LUT"),
    "csynth.ff": ("resources", "FF"),
    "csynth.dsp": ("resources", "DSP"),
    "csynth.bram18": ("resources", "BRAM18"),
    "csynth.uram": ("resources", "URAM"),
    "cosim.latency": ("cycles", "cycles"),
    "cosim.interval": ("cycles", "cycles"),
    "cosim.mismatches": ("mismatches", "codes"),
    "impl.lut": ("resources", "LUT"),
    "impl.ff": ("resources", "FF"),
    "impl.dsp": ("resources", "DSP"),
    "impl.bram36": ("resources", "BRAM36"),
    "impl.uram": ("resources", "URAM"),
    "impl.wns": ("wns_ns", "ns"),
}

Metrics = dict[str, float]


@dataclass(frozen=True)
class Row:
    """A quantity in both runs.

    Args:
        allowed: the worst value that passes.
        worse: whether the present value is beyond it.
    """

    quantity: str
    unit: str
    before: float
    now: float
    allowed: float
    worse: bool

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"{self.quantity} is {self.now:.10g}{unit}, was {self.before:.10g}, "
            f"allowed {self.allowed:.10g}"
        )


def collect(
    *,
    csim: CsimResult | None = None,
    csynth: CsynthReport | None = None,
    cosim: CosimResult | None = None,
    routed: Implementation | None = None,
) -> Metrics:
    """The quantities of the stages that have run; nothing of the others."""
    found: dict[str, float | None] = {}
    if csim is not None:
        found["csim.miou"] = csim.score_csim
        found["csim.mismatches"] = csim.mismatches
        found["csim.argmax_flips"] = csim.argmax_flips
    if csynth is not None:
        amount = csynth.resources
        found["csynth.latency"] = csynth.latency.max
        found["csynth.interval"] = csynth.interval.max
        found["csynth.clock"] = csynth.clock.estimated_ns
        found |= {f"csynth.{name}": value for name, value in vars(amount).items()}
    if cosim is not None:
        for language in cosim.report.languages:
            if language.latency is not None:
                found["cosim.latency"] = language.latency.max
            if language.interval is not None:
                found["cosim.interval"] = language.interval.max
        found["cosim.mismatches"] = 0  # a stage with another number fails
    if routed is not None:
        for name, usage in vars(routed.utilization).items():
            found[f"impl.{name}"] = None if usage is None else usage.used
        found["impl.wns"] = routed.timing.setup.worst_ns
    return {name: float(value) for name in QUANTITIES if (value := found.get(name)) is not None}


def compare(before: Mapping[str, float], now: Mapping[str, float], limits: Limits) -> list[Row]:
    """A row for each quantity that both runs have."""
    rows = []
    for name, (kind, unit) in QUANTITIES.items():
        if name not in before or name not in now:
            continue
        allowed = _allowed(kind, before[name], limits)
        falls = kind in ("miou", "wns_ns")  # less is worse
        # sums of decimals differ by an ulp or two from what a reader adds up
        tolerance = 1e-9 * max(1.0, abs(allowed))
        worse = now[name] < allowed - tolerance if falls else now[name] > allowed + tolerance
        rows.append(Row(name, unit, before[name], now[name], allowed, worse))
    return rows


def update(folder: Path, now: Metrics, limits: Limits) -> tuple[Row, ...]:
    """Compares with the last run that passed and writes the document.

    Args:
        folder: of the reports.

    Raises:
        ReportError: the last document can't be read.
    """
    path = folder / REPORT
    before = _read(path, "baseline")
    rows = tuple(compare(before, now, limits))
    _write(path, before if any(row.worse for row in rows) else {**before, **now}, now, rows)
    return rows


def check(folder: Path, rows: Sequence[Row]) -> None:
    """Refuses a run that is worse than its thresholds allow.

    Raises:
        Regression: with every quantity that is.
    """
    worse = [str(row) for row in rows if row.worse]
    if worse:
        raise Regression(folder / REPORT, worse)


def last_rows(folder: Path) -> tuple[Row, ...]:
    """The rows of the last comparison.

    Raises:
        ReportError: there was no run, or its document can't be read.
    """
    path = folder / REPORT
    if not path.is_file():
        raise ReportError(f"{path}: no such file", hint=_NO_RUN)
    _check(path)
    try:
        return tuple(Row(**row) for row in json.loads(path.read_text(encoding="utf-8"))["rows"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path) from error


def accept(folder: Path) -> Metrics:
    """Takes the last run as the baseline, worse or not; returns what it measured.

    Raises:
        ReportError: there is none.
    """
    path = folder / REPORT
    now = _read(path, "current")
    if not now:
        raise ReportError(f"{path}: holds no run", hint=_NO_RUN)
    _write(path, {**_read(path, "baseline"), **now}, now, ())
    return now


@alone_in_project("regression")
def accept_stage(workspace: Workspace, board: Board) -> Metrics:
    """As :func:`accept`, of a design on a board.

    Raises:
        ReportError: there was no run.
        Busy: a stage is at work in the project.
    """
    return accept(workspace.report(board))


def _write(
    path: Path, baseline: Mapping[str, float], now: Mapping[str, float], rows: Sequence[Row]
) -> None:
    document: dict[str, Any] = {
        "passed": not any(row.worse for row in rows),
        "baseline": _ordered(baseline),
        "current": _ordered(now),
        "rows": [asdict(row) for row in rows],
    }
    record = StageRecord("regression", path.parent, digest_of(document))
    record.begin()
    replace_file(path, json.dumps(document, indent=1) + "\n")
    record.finish([path])


def _check(path: Path) -> None:
    """Refuses a document with a number that no run measured."""
    if is_damaged(path):
        raise ReportError(
            f"{path}: was changed after it was written", hint="Remove the file to start anew."
        )


def _ordered(metrics: Mapping[str, float]) -> Metrics:
    return {name: metrics[name] for name in QUANTITIES if name in metrics}


def _read(path: Path, part: str) -> Metrics:
    """The baseline or the current run; empty where there was none."""
    if not path.is_file():
        return {}
    _check(path)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))[part]
        return {str(name): float(value) for name, value in stored.items() if name in QUANTITIES}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> ReportError:
    return ReportError(
        f"{path}: can't be read as the last run", hint="Remove the file to start anew."
    )


def _allowed(kind: Kind, before: float, limits: Limits) -> float:
    """The worst value that passes."""
    if kind == "cycles":
        return before * (1 + limits.cycles)
    if kind == "resources":
        return before * (1 + limits.resources)
    if kind == "wns_ns":
        return before - limits.wns_ns
    if kind == "clock_ns":
        return before + limits.wns_ns
    if kind == "miou":
        return before - limits.miou
    return before + limits.mismatches
