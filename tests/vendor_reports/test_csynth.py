"""The report of C synthesis. The sample is written for this test, from the format."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcn_hw.errors import ReportError
from fcn_hw.vendor_reports.csynth import read_csynth

SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- written for a test -->
<profile>
<ReportVersion><Version>2023.2</Version></ReportVersion>
<PerformanceEstimates>
<SummaryOfOverallLatency>
<Best-caseLatency>64123</Best-caseLatency>
<Interval-min>55510</Interval-min>
<Interval-max>55510</Interval-max>
</SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
<Resources>
<BRAM_18K>45</BRAM_18K><FF>17555</FF><LUT>26001</LUT><URAM>0</URAM><DSP>12</DSP>
</Resources>
<AvailableResources><BRAM_18K>280</BRAM_18K><DSP>220</DSP></AvailableResources>
</AreaEstimates>
</profile>
"""


def test_reads_the_top_function(tmp_path: Path) -> None:
    path = tmp_path / "csynth.xml"
    path.write_text(SAMPLE)
    expected = {"LUT": 26001, "FF": 17555, "DSP": 12, "BRAM36": 22.5, "interval_cycles": 55510}
    assert read_csynth(path) == expected
    path.write_text(SAMPLE.replace("DSP>", "DSP48E>"))
    assert read_csynth(path) == expected


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<LUT>26001</LUT>", "", "has no AreaEstimates/Resources/LUT"),
        ("<LUT>26001<", "<LUT>?<", "AreaEstimates/Resources/LUT is '?', no number"),
        ("<DSP>12</DSP>\n</Resources>", "</Resources>", "has no AreaEstimates/Resources/DSP"),
        ("</profile>", "", "is not XML"),
        ("<profile>", '<!DOCTYPE a [<!ENTITY b "c">]><profile>', "declares entities"),
    ],
)
def test_wrong_reports(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "csynth.xml"
    assert old in SAMPLE
    path.write_text(SAMPLE.replace(old, new))
    with pytest.raises(ReportError) as caught:
        read_csynth(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_missing_report(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="No such file"):
        read_csynth(tmp_path / "csynth.xml")
