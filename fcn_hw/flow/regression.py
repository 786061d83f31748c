"""``report/regression.json``: this run against the last one that passed.

The document has the metrics of the last run that passed (``baseline``), those of this one
(``current``), and a row for each quantity that both have. Where a stage has not run on the present
sources, its quantities are absent. A run that is worse than the thresholds of the design allow
fails and does not become the baseline, so that it fails again until :func:`accept` takes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic.dataclasses import dataclass

from fcn_hw.boards import Board
from fcn_hw.design import Regression as Limits
from fcn_hw.errors import ConfigError, Regression, ReportError
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.cosim import CosimResult
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.implementation import Implementation
from fcn_hw.flow.stage import StageRecord, digest_of, is_damaged
from fcn_hw.flow.workspace import Workspace
from fcn_hw.results import STRICT, read_result, result_data, write_result
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


@dataclass(frozen=True, config=STRICT)
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


@dataclass(frozen=True, config=STRICT)
class Runs:
    """:data:`REPORT`.

    Args:
        passed: whether the last run is not worse than allowed.
        baseline: of each quantity the last value that passed.
        current: the last run.
        rows: the last run against the baseline of that time.
    """

    passed: bool
    baseline: Metrics
    current: Metrics
    rows: tuple[Row, ...]


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
    last = _read(path)
    before = {} if last is None else last.baseline
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


@dataclass(frozen=True, config=STRICT)
class RegressionRun:
    """The last run of a vendor's tool against the one before.

    Args:
        folder: of the reports.
        rows: a quantity each.
    """

    folder: Path
    rows: tuple[Row, ...]

    def check(self) -> None:
        """As :func:`check`."""
        check(self.folder, self.rows)


def last_rows(folder: Path) -> tuple[Row, ...]:
    """The rows of the last comparison.

    Raises:
        ReportError: there was no run, or its document can't be read.
    """
    last = _read(folder / REPORT)
    if last is None:
        raise ReportError(f"{folder / REPORT}: no such file", hint=_NO_RUN)
    return last.rows


def accept(folder: Path) -> Metrics:
    """Takes the last run as the baseline, worse or not; returns what it measured.

    Raises:
        ReportError: there is none.
    """
    path = folder / REPORT
    last = _read(path)
    if last is None or not last.current:
        raise ReportError(f"{path}: holds no run", hint=_NO_RUN)
    _write(path, {**last.baseline, **last.current}, last.current, ())
    return last.current


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
    found = Runs(not any(row.worse for row in rows), _ordered(baseline), _ordered(now), tuple(rows))
    record = StageRecord("regression", path.parent, digest_of(result_data(found)))
    record.begin()
    write_result(path, found)
    record.finish([path])


def _ordered(metrics: Mapping[str, float]) -> Metrics:
    return {name: metrics[name] for name in QUANTITIES if name in metrics}


def _read(path: Path) -> Runs | None:
    """What was written last; None where there was no run."""
    if not path.is_file():
        return None
    if is_damaged(path):  # it may hold a number that no run measured
        raise ReportError(
            f"{path}: was changed after it was written", hint="Remove the file to start anew."
        )
    try:
        return read_result(path, Runs)
    except ConfigError as error:
        raise ReportError(
            f"{path}: can't be read as the last run", hint="Remove the file to start anew."
        ) from error


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
