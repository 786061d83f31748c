"""Vivado's utilization report and timing summary."""

from __future__ import annotations

from pathlib import Path

import pytest
import vendor_samples as samples

from fcn_hw.errors import ReportError
from fcn_hw.vendor_reports.timing import Slack, Timing, read_timing
from fcn_hw.vendor_reports.utilization import Usage, Utilization, read_utilization

SEVEN = Utilization(Usage(9321, 53200), Usage(12044, 106400), Usage(6.5, 140), Usage(12, 220), None)
PLUS = Utilization(
    Usage(11234, 230400), Usage(14021, 460800), Usage(6.5, 312), Usage(12, 1728), Usage(0, 96)
)


def utilization(tmp_path: Path, text: str, family: str = "7series") -> Utilization:
    path = tmp_path / "utilization.rpt"
    path.write_bytes(text.encode())
    plus = family == "ultrascale+"
    return read_utilization(path, "ultrascale+" if plus else "7series", has_uram=plus)


def test_families(tmp_path: Path) -> None:
    for prohibited in (True, False):
        text = samples.utilization_rpt(samples.ROWS_7SERIES, prohibited=prohibited)
        assert utilization(tmp_path, text) == SEVEN
        text = samples.utilization_rpt(samples.ROWS_ULTRASCALE, prohibited=prohibited)
        assert utilization(tmp_path, text, "ultrascale+") == PLUS
    assert SEVEN.lut.percent == pytest.approx(17.5207, abs=1e-4)
    assert Usage(0, 0).percent == 0


def test_forms(tmp_path: Path) -> None:
    text = samples.utilization_rpt(samples.ROWS_7SERIES)
    assert utilization(tmp_path, text.replace("\n", "\r\n")) == SEVEN
    assert utilization(tmp_path, text.replace("Slice LUTs ", "Slice LUTs*")) == SEVEN
    assert utilization(tmp_path, text.replace("|", "|  ")) == SEVEN
    few = {**samples.ROWS_7SERIES, "DSPs": ("1", "220000", "<0.01")}
    assert utilization(tmp_path, samples.utilization_rpt(few)).dsp == Usage(1, 220000)


@pytest.mark.parametrize("name", samples.ROWS_7SERIES)
def test_a_missing_row_is_no_zero(tmp_path: Path, name: str) -> None:
    rows = {key: row for key, row in samples.ROWS_7SERIES.items() if key != name}
    with pytest.raises(ReportError) as caught:
        utilization(tmp_path, samples.utilization_rpt(rows))
    assert str(caught.value) == f"{tmp_path}/utilization.rpt: has no row '{name}'"
    assert caught.value.hint.startswith("run fcn-hw bitstream again")


def test_ultraram_and_family(tmp_path: Path) -> None:
    rows = {key: row for key, row in samples.ROWS_ULTRASCALE.items() if key != "URAM"}
    with pytest.raises(ReportError, match="has no row 'URAM'"):
        utilization(tmp_path, samples.utilization_rpt(rows), "ultrascale+")
    with pytest.raises(ReportError, match="has no row 'CLB LUTs'"):
        utilization(tmp_path, samples.utilization_rpt(samples.ROWS_7SERIES), "ultrascale+")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("-", "220", "5.45"), "Used of 'DSPs' is '-', no number"),
        (("", "220", "5.45"), "Used of 'DSPs' is '', no number"),
        (("12", "N/A", "5.45"), "Available of 'DSPs' is 'N/A', no number"),
        (("undef", "220", "5.45"), "Used of 'DSPs' is 'undef', no number"),
        (("12.3", "220", "5.59"), "Used of 'DSPs' is '12.3', no number of halves"),
        (("12", "220", ""), "Util% of 'DSPs' is '', no number"),
        (("12", "220", "6.45"), "Util% of 'DSPs' is '6.45', but 12 of 220 are 5.45"),
        (("12", "220", "<0.01"), "Util% of 'DSPs' is '<0.01', but 12 of 220 are 5.45"),
    ],
)
def test_wrong_cells(tmp_path: Path, row: tuple[str, str, str], message: str) -> None:
    with pytest.raises(ReportError) as caught:
        utilization(tmp_path, samples.utilization_rpt({**samples.ROWS_7SERIES, "DSPs": row}))
    assert str(caught.value).endswith(f": {message}")


def test_tables_of_another_form(tmp_path: Path) -> None:
    text = samples.utilization_rpt(samples.ROWS_7SERIES)
    with pytest.raises(ReportError, match="has no table with the columns 'Site Type'"):
        utilization(tmp_path, text.replace("Site Type", "Resource "))
    line = next(line for line in text.splitlines() if "DSPs" in line)
    with pytest.raises(ReportError, match="row 'DSPs' has 5 cells, its header 6"):
        utilization(tmp_path, text.replace(line, line.rsplit("|", 2)[0] + "|"))


# -- timing --------------------------------------------------------------------------------------

MET = Timing(
    Slack(0.412, 0.0, 0, 24518), Slack(0.021, 0.0, 0, 24518), Slack(3.75, 0.0, 0, 9877), True
)


def timing(tmp_path: Path, text: str) -> Timing:
    path = tmp_path / "timing_summary.rpt"
    path.write_bytes(text.encode())
    return read_timing(path)


def test_timing(tmp_path: Path) -> None:
    assert timing(tmp_path, samples.timing_rpt()) == MET
    assert timing(tmp_path, samples.timing_rpt().replace("\n", "\r\n")) == MET
    slow = samples.timing_rpt(
        setup=("-0.731", "-12.500", 44, 24518), verdict="Timing constraints are not met."
    )
    found = timing(tmp_path, slow)
    assert found.setup == Slack(-0.731, -12.5, 44, 24518)
    assert not found.met


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            samples.timing_rpt(setup=("NA", "NA", "NA", "NA")),
            "WNS(ns) is 'NA', no number",
        ),
        (samples.timing_rpt(setup=("inf", "0.000", 0, 0)), "WNS(ns) is 'inf', no number"),
        (
            samples.timing_rpt(setup=("0.100", "0.000", 0, 0)),
            "no path was checked: TNS Total Endpoints is 0",
        ),
        (
            samples.timing_rpt(hold=("0.021", "0.000", "-", 24518)),
            "THS Failing Endpoints is '-', no number",
        ),
        (samples.timing_rpt(pulse=("3.750", "0.000", 0)), "has 11 values, 12 columns"),
        (samples.timing_rpt().replace("WHS(ns)", "Hold(ns)"), "has no column 'WHS(ns)'"),
        (samples.timing_rpt().replace("WNS(ns)", "worst"), "has no Design Timing Summary"),
        (samples.timing_rpt(verdict=""), "has no verdict"),
        (
            samples.timing_rpt(setup=("-0.1", "-0.1", 1, 24518)),
            "says 'All user specified timing constraints are met', which its numbers contradict",
        ),
        (
            samples.timing_rpt(verdict="Timing constraints are not met."),
            "says 'Timing constraints are not met', which its numbers contradict",
        ),
        (samples.timing_rpt().split("   0.412")[0].rstrip(), "has no values"),
    ],
)
def test_wrong_timing(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        timing(tmp_path, text)
    assert message in str(caught.value)
