"""RTL cosimulation's report."""

from __future__ import annotations

from pathlib import Path

import pytest
import vendor_samples as samples

from fcn_hw.errors import ReportError
from fcn_hw.vendor_reports.cosim import CosimLanguage, CosimReport, Cycles, read_cosim

VERILOG = CosimLanguage("Verilog", True, Cycles(8123, 8125, 8127), Cycles(6145, 6147, 6149))


def read(tmp_path: Path, text: str) -> CosimReport:
    path = tmp_path / "top_cosim.rpt"
    path.write_bytes(text.encode())
    return read_cosim(path)


def test_forms(tmp_path: Path) -> None:
    assert read(tmp_path, samples.cosim_rpt()) == CosimReport((VERILOG,))
    assert read(tmp_path, samples.cosim_rpt(total=None)) == CosimReport((VERILOG,))
    assert read(tmp_path, samples.cosim_rpt().replace("\n", "\r\n")) == CosimReport((VERILOG,))
    assert read(tmp_path, samples.cosim_rpt().replace("|", "|  ")) == CosimReport((VERILOG,))
    assert read(tmp_path, samples.cosim_rpt()).passed


def test_one_transaction_has_no_interval(tmp_path: Path) -> None:
    text = samples.cosim_rpt(verilog=("Pass", 259, 259, 259, "NA", "NA", "NA"))
    (item,) = read(tmp_path, text).languages
    assert item == CosimLanguage("Verilog", True, Cycles(259, 259, 259), None)


def test_both_languages_and_a_failure(tmp_path: Path) -> None:
    text = samples.cosim_rpt(vhdl=("Fail", *("NA",) * 6))
    found = read(tmp_path, text)
    assert found.languages == (CosimLanguage("VHDL", False, None, None), VERILOG)
    assert not found.passed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (samples.cosim_rpt(verilog=("NA",) * 7), "no language was simulated"),
        (samples.cosim_rpt().replace("Verilog|", "SystemC|"), "has no row 'Verilog'"),
        (samples.cosim_rpt().replace("VHDL|", "|"), "has no row 'VHDL'"),
        (
            samples.cosim_rpt(verilog=("Maybe", 1, 1, 1, 1, 1, 1)),
            "status of 'Verilog' is 'Maybe', neither Pass nor Fail",
        ),
        (
            samples.cosim_rpt(verilog=("Pass", 1, "-", 1, 1, 1, 1)),
            "latency of 'Verilog' is '1 - 1', only a part of it is a number",
        ),
        (
            samples.cosim_rpt(verilog=("Pass", 1, 1, 1, "<5", 1, 1)),
            "min interval of 'Verilog' is '<5', no number",
        ),
        (
            samples.cosim_rpt(verilog=("Pass", 1, 1, 1), total=None),
            "row 'Verilog' has 5 cells, must have 8 or more",
        ),
        ("Report time : now\n", "has no row 'VHDL'"),
        ("", "is empty"),
    ],
)
def test_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert "top_cosim.rpt: " in str(caught.value)
    assert "fcn-hw cosim" in caught.value.hint
