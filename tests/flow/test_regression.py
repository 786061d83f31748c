"""Comparing runs: what is collected, what is allowed, what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fcn_hw.design import Regression as Limits
from fcn_hw.errors import Regression, ReportError
from fcn_hw.flow.cosim import CosimResult
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.implementation import Implementation
from fcn_hw.flow.regression import (
    QUANTITIES,
    REPORT,
    Metrics,
    accept,
    check,
    collect,
    compare,
    last_rows,
    update,
)
from fcn_hw.vendor_reports.cosim import CosimLanguage, CosimReport, Cycles
from fcn_hw.vendor_reports.records import Clock, CsynthReport, CycleRange, HlsResources
from fcn_hw.vendor_reports.timing import Slack, Timing
from fcn_hw.vendor_reports.utilization import Usage, Utilization

CSIM = CsimResult(8, 100, 0, 0, 0.9, 0.85, 0.85, 1.0, 50.0, ())
CSYNTH = CsynthReport(
    "top", "2022.2", "xc7z020", Clock(10, 2.7, 7.0), CycleRange(900, 1000), CycleRange(700, 800),
    HlsResources(10, 20, 3000, 4000, 0), HlsResources(280, 220, 106400, 53200, 0), (),
)  # fmt: skip
COSIM = CosimResult(
    2, 176, CosimReport((CosimLanguage("Verilog", True, Cycles(1, 2, 3), Cycles(4, 5, 6)),))
)
ROUTED = Implementation(
    "vitis_hls 2022.2",
    Utilization(Usage(5000, 53200), Usage(6000, 106400), Usage(6.5, 140), Usage(12, 220), None),
    Timing(Slack(0.4, 0, 0, 9), Slack(0.1, 0, 0, 9), Slack(3.0, 0, 0, 9), True),
)


def test_all_stages() -> None:
    found = collect(csim=CSIM, csynth=CSYNTH, cosim=COSIM, routed=ROUTED)
    assert found == {
        "csim.miou": 0.85, "csim.mismatches": 0, "csim.argmax_flips": 0,
        "csynth.latency": 1000, "csynth.interval": 800, "csynth.clock": 7.0,
        "csynth.lut": 4000, "csynth.ff": 3000, "csynth.dsp": 20, "csynth.bram18": 10,
        "csynth.uram": 0, "cosim.latency": 3, "cosim.interval": 6, "cosim.mismatches": 0,
        "impl.lut": 5000, "impl.ff": 6000, "impl.dsp": 12, "impl.bram36": 6.5, "impl.wns": 0.4,
    }  # fmt: skip
    assert list(found) == [name for name in QUANTITIES if name in found]
    assert set(QUANTITIES) - set(found) == {"impl.uram"}


def test_what_has_not_run_is_absent_not_zero() -> None:
    assert collect() == {}
    assert set(collect(csim=CSIM)) == {"csim.miou", "csim.mismatches", "csim.argmax_flips"}
    one = CosimResult(1, 88, CosimReport((CosimLanguage("Verilog", True, None, None),)))
    assert set(collect(cosim=one)) == {"cosim.mismatches"}
    assert compare({"csynth.lut": 1}, {"csynth.ff": 1}, Limits()) == []


@pytest.mark.parametrize(
    ("quantity", "before", "fine", "worse"),
    [
        ("csynth.latency", 1000, 1010, 1011),
        ("cosim.interval", 100, 101, 102),
        ("csynth.lut", 4000, 4200, 4201),
        ("impl.bram36", 10, 10.5, 11),
        ("csynth.dsp", 0, 0, 1),
        ("csynth.clock", 7.0, 7.2, 7.201),
        ("impl.wns", 0.4, 0.2, 0.199),
        ("impl.wns", 0.1, -0.1, -0.101),
        ("csim.miou", 0.85, 0.845, 0.8449),
        ("csim.mismatches", 0, 0, 1),
        ("csim.argmax_flips", 3, 3, 4),
    ],
)
def test_thresholds(quantity: str, before: float, fine: float, worse: float) -> None:
    """The last value that passes and the first that does not; better always passes."""
    better = before + 1 if quantity in ("impl.wns", "csim.miou") else 0
    for now, expected in ((before, False), (fine, False), (better, False), (worse, True)):
        (row,) = compare({quantity: before}, {quantity: now}, Limits())
        assert row.worse is expected, now


def test_thresholds_of_the_design() -> None:
    limits = Limits(cycles=0.5, resources=1, wns_ns=0, miou=1, mismatches=7)
    before = {"csynth.latency": 10, "csynth.ff": 5, "csim.mismatches": 1, "impl.wns": 0.1}
    now = {"csynth.latency": 15, "csynth.ff": 10, "csim.mismatches": 8, "impl.wns": 0.099}
    assert [row.quantity for row in compare(before, now, limits) if row.worse] == ["impl.wns"]


def test_the_baseline_stays_where_a_run_is_worse(tmp_path: Path) -> None:
    good: Metrics = {"csynth.lut": 100.0, "csynth.ff": 50.0}
    assert update(tmp_path, good, Limits()) == ()
    bad: Metrics = {"csynth.lut": 200.0, "csynth.ff": 90.0}
    for _ in range(2):
        rows = update(tmp_path, bad, Limits())
        with pytest.raises(Regression) as caught:
            check(tmp_path, rows)
        assert str(caught.value) == (
            "worse than before: csynth.lut is 200 LUT, was 100, allowed 105 (and 1 more)"
        )
        assert "csynth.ff is 90 FF, was 50, allowed 52.5" in caught.value.hint
        assert caught.value.log == tmp_path / REPORT
    stored = json.loads((tmp_path / REPORT).read_text())
    assert (stored["passed"], stored["baseline"], stored["current"]) == (False, good, bad)
    assert last_rows(tmp_path) == rows
    assert accept(tmp_path) == bad
    check(tmp_path, update(tmp_path, bad, Limits()))


def test_a_stage_that_rests_keeps_its_baseline(tmp_path: Path) -> None:
    """csynth alone does not forget what the routed design had."""
    update(tmp_path, {"csynth.lut": 100.0, "impl.lut": 80.0}, Limits())
    update(tmp_path, {"csynth.lut": 101.0}, Limits())
    rows = update(tmp_path, {"csynth.lut": 101.0, "impl.lut": 99.0}, Limits())
    assert [(row.quantity, row.before, row.worse) for row in rows] == [
        ("csynth.lut", 101.0, False), ("impl.lut", 80.0, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"baseline": 3}', '{"baseline": {"csynth.lut": "x"}}']
)
def test_a_broken_document(tmp_path: Path, text: str) -> None:
    (tmp_path / REPORT).write_text(text)
    with pytest.raises(ReportError) as caught:
        update(tmp_path, {}, Limits())
    assert str(caught.value) == f"{tmp_path / REPORT}: can't be read as the last run"
    assert caught.value.hint == "Remove the file to start anew."


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no such file"):
        last_rows(tmp_path)
    with pytest.raises(ReportError) as caught:
        accept(tmp_path)
    assert caught.value.hint == "Run fcn-hw csynth, cosim or bitstream first."


def test_a_number_that_was_typed_in_is_refused(tmp_path: Path) -> None:
    update(tmp_path, {"csim.miou": 0.7}, Limits())
    path = tmp_path / "regression.json"
    path.write_text(path.read_text().replace("0.7", "0.6", 1))
    for call in (
        lambda: last_rows(tmp_path),
        lambda: accept(tmp_path),
        lambda: update(tmp_path, {"csim.miou": 0.6}, Limits()),
    ):
        with pytest.raises(
            ReportError, match=r"regression\.json: was changed after it was written"
        ):
            call()
    path.unlink()
    assert update(tmp_path, {"csim.miou": 0.6}, Limits()) == ()
