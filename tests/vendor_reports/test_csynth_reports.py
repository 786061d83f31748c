"""C synthesis' reports, XML and text: what they say, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import vendor_samples as samples

from fcn_hw.errors import ReportError
from fcn_hw.vendor_reports.csynth import read_csynth, read_folder
from fcn_hw.vendor_reports.csynth_text import read_csynth_text
from fcn_hw.vendor_reports.records import (
    Clock,
    CsynthReport,
    CycleRange,
    HlsResources,
    Module,
)

EXPECTED = CsynthReport(
    top="tiny_axi",
    version="2022.2",
    part="xc7z020-clg400-1",
    clock=Clock(10.0, 2.7, 7.125),
    latency=CycleRange(8123, 8127),
    interval=CycleRange(6145, 6149),
    resources=HlsResources(5, 12, 3456, 4567, 0),
    available=HlsResources(280, 220, 106400, 53200, 0),
    modules=(
        Module(
            "axi_unpack_8", CycleRange(98, 98), CycleRange(96, 96), HlsResources(0, 0, 210, 305, 0)
        ),
        Module(
            "conv2d_conv1", CycleRange(8011, 8011), CycleRange(6145, 6145),
            HlsResources(4, 9, 2100, 2700, 0),
        ),
        Module(
            "axi_pack_9", CycleRange(97, 97), CycleRange(96, 96), HlsResources(0, 0, 190, 244, 0)
        ),
    ),
)  # fmt: skip


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.report"
    path.write_bytes(text.encode())
    return path


def refused(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(ReportError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.hint or "entities" in str(caught.value) or "larger" in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def test_xml(tmp_path: Path) -> None:
    path = written(tmp_path, samples.csynth_xml(samples.Hls(), modules=True))
    assert read_csynth(path) == EXPECTED
    assert EXPECTED.measured() == {
        "LUT": 4567, "FF": 3456, "DSP": 12, "BRAM36": 2.5, "interval_cycles": 6149,
    }  # fmt: skip
    assert EXPECTED.clock.fits
    assert not Clock(10.0, 2.7, 7.31).fits


def test_text_says_the_same_as_xml(tmp_path: Path) -> None:
    path = written(tmp_path, samples.csynth_rpt(samples.Hls()))
    assert read_csynth_text(path) == EXPECTED


def test_vivado_hls(tmp_path: Path) -> None:
    """The older tool names the slice DSP48E and has no column of UltraRAMs."""
    numbers = replace(samples.Hls(), version="2019.2")
    text = samples.csynth_rpt(numbers, tool="Vivado", dsp="DSP48E", uram=False)
    found = read_csynth_text(written(tmp_path, text))
    assert found.version == "2019.2"
    assert found.resources == HlsResources(5, 12, 3456, 4567, None)
    assert [module.resources.uram for module in found.modules] == [None] * 3
    xml = samples.csynth_xml(numbers, dsp="DSP48E", uram=False)
    assert read_csynth(written(tmp_path, xml)).resources == found.resources


def test_line_ends_and_widths_do_not_matter(tmp_path: Path) -> None:
    text = samples.csynth_rpt(samples.Hls())
    assert read_csynth_text(written(tmp_path, text.replace("\n", "\r\n"))) == EXPECTED
    wide = text.replace("|", "|   ").replace("|   ap_clk", "|ap_clk")
    assert read_csynth_text(written(tmp_path, wide)) == EXPECTED
    xml = samples.csynth_xml(samples.Hls(), modules=True)
    assert read_csynth(written(tmp_path, xml.replace("\n", "\r\n"))) == EXPECTED


def test_instances_of_one_module_are_summed(tmp_path: Path) -> None:
    text = samples.csynth_rpt(samples.Hls())
    latency = next(line for line in text.splitlines() if "axi_pack_9_U0" in line)
    area = [line for line in text.splitlines() if "axi_pack_9_U0" in line][1]
    text = text.replace(latency + "\n", latency + "\n" + latency.replace("_U0", "_U1") + "\n")
    text = text.replace(area + "\n", area + "\n" + area.replace("_U0", "_U1") + "\n")
    found = read_csynth_text(written(tmp_path, text))
    assert found.modules[2].resources == HlsResources(0, 0, 380, 488, 0)


def test_no_instances(tmp_path: Path) -> None:
    text = samples.csynth_rpt(samples.Hls())
    for heading in ("        * Instance: \n", "    * Instance: \n"):
        start = text.index("\n" + heading) + 1 + len(heading)
        end = text.index("\n\n", start)
        text = text[:start] + heading.partition("*")[0] + "N/A" + text[end:]
    assert read_csynth_text(written(tmp_path, text)) == replace(EXPECTED, modules=())


def test_unknown_cycles_of_a_module(tmp_path: Path) -> None:
    xml = samples.csynth_xml(samples.Hls(), modules=True)
    xml = xml.replace("<Worst-caseLatency>8011<", "<Worst-caseLatency>undef<")
    xml = xml.replace(">6145</PipelineInit", ">6000 ~ 6145</PipelineInit")
    module = read_csynth(written(tmp_path, xml)).modules[1]
    assert (module.latency, module.interval) == (CycleRange(8011, None), CycleRange(6000, 6145))
    text = samples.csynth_rpt(samples.Hls()).replace("     8011|     8011|", "        ?|        ?|")
    assert read_csynth_text(written(tmp_path, text)).modules[1].latency == CycleRange(None, None)


LATENCY = "PerformanceEstimates/SummaryOfOverallLatency"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<LUT>4567</LUT>\n", "", "has no AreaEstimates/Resources/LUT"),
        ("<LUT>4567<", "<LUT>?<", "AreaEstimates/Resources/LUT is '?', no number"),
        ("<LUT>4567<", "<LUT><", "AreaEstimates/Resources/LUT is empty"),
        ("<LUT>4567<", "<LUT>-4567<", "AreaEstimates/Resources/LUT is '-4567', no number"),
        ("<DSP>12</DSP>\n", "", "has no AreaEstimates/Resources/DSP"),
        (
            "<Interval-max>6149<", "<Interval-max>undef<",
            f"{LATENCY}/Interval-max is 'undef', no number",
        ),
        (
            "<Worst-caseLatency>8127<", "<Worst-caseLatency>N/A<",
            f"{LATENCY}/Worst-caseLatency is 'N/A', no number",
        ),
        (
            "<EstimatedClockPeriod>7.125<", "<EstimatedClockPeriod>&lt;0.1<",
            "PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod is '<0.1', no",
        ),
        ("<FF>2100</FF>\n", "", "module 'conv2d_conv1': has no AreaEstimates/Resources/FF"),
        (
            ">96</PipelineInit", ">a lot</PipelineInit",
            f"module 'axi_unpack_8': {LATENCY}/PipelineInitiationInterval is 'a lot', no number",
        ),
        ("<TopModelName>tiny_axi</TopModelName>\n", "", "has no UserAssignments/TopModelName"),
        ("</profile>", "", "is not XML"),
        ("<profile>", '<!DOCTYPE a [<!ENTITY b "c">]><profile>', "declares entities"),
    ],
)  # fmt: skip
def test_wrong_xml(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = samples.csynth_xml(samples.Hls(), modules=True)
    assert old in text
    found = refused(read_csynth, written(tmp_path, text.replace(old, new)))
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("== Vitis HLS Report for 'tiny_axi'", "", "has no line \"== Vitis HLS Report for '...'\""),
        ("* Version: ", "* Edition: ", "has no line '* Version:'"),
        ("+ Timing: ", "+ Clocks: ", "has no line '+ Timing:'"),
        ("+ Latency: ", "", "has no line '+ Latency:'"),
        ("== Utilization Estimates", "== Areas", "has no line '== Utilization Estimates'"),
        ("|ap_clk  |  10.00 ns|", "|ap_clk  |  - |", "Target of clock 'ap_clk' is '-', no time"),
        ("|Total                |", "|Sum                  |", "has no row 'Total' in the util"),
        ("|     4567|        0|", "|     <100|        0|", "LUT of 'Total' is '<100', no number"),
        ("|     4567|        0|", "|     4567|", "row 'Total' has 5 cells, its header has 6"),
        ("|  6145|  6149|", "|  6145|     ?|", "the top's interval max is not known"),
        ("|  6145|  6149|", "|  6145|  fast|", "the top's cycles is 'fast', no number"),
        ("   98|       98| 0", "   98|", "instance 'axi_unpack_8_U0' has 8 cells"),
        ("    |axi_pack_9_U0 |axi_pack_9 |        0|", "    |b |b |        0|",
         "instance 'axi_pack_9_U0' has no row in the utilization table"),
    ],
)  # fmt: skip
def test_wrong_text(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = samples.csynth_rpt(samples.Hls())
    assert old in text
    found = refused(read_csynth_text, written(tmp_path, text.replace(old, new)))
    assert found.startswith(message), found


@pytest.mark.parametrize("read", [read_csynth, read_csynth_text])
def test_files_that_are_no_reports(
    tmp_path: Path, read: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(read, tmp_path / "missing") == "No such file or directory"
    assert refused(read, tmp_path) == "Is a directory"
    assert refused(read, written(tmp_path, " \n")) == "is empty"
    monkeypatch.setattr("fcn_hw.vendor_reports.text.MAX_BYTES", 10)
    assert refused(read, written(tmp_path, "x" * 11)).startswith("larger than")


def test_text_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.rpt"
    path.write_bytes(b"abc\xff\xfe")
    with pytest.raises(ReportError, match="byte 3 is no text"):
        read_csynth_text(path)


def test_cut_off_at_every_line(tmp_path: Path) -> None:
    """A report whose end is missing is refused or says nothing wrong; never a zero."""
    text = samples.csynth_rpt(samples.Hls())
    lines = text.splitlines(keepends=True)
    path = tmp_path / "a.rpt"
    refusals = 0
    for count in range(1, len(lines)):
        path.write_text("".join(lines[:count]))
        try:
            found = read_csynth_text(path)
        except ReportError:
            refusals += 1
        else:
            assert found.resources == EXPECTED.resources
            assert set(found.modules) <= set(EXPECTED.modules)
    assert refusals > len(lines) - 15


def test_folder(tmp_path: Path) -> None:
    """Modules are in a file of their own; the report must be about the right function."""
    (tmp_path / "tiny_axi_csynth.xml").write_text(samples.csynth_xml(samples.Hls()))
    assert read_folder(tmp_path, "tiny_axi") == replace(EXPECTED, modules=())
    (tmp_path / "csynth.xml").write_text(samples.csynth_xml(samples.Hls(), modules=True))
    assert read_folder(tmp_path, "tiny_axi") == EXPECTED
    other = samples.csynth_xml(replace(samples.Hls(), top="other"))
    (tmp_path / "tiny_axi_csynth.xml").write_text(other)
    with pytest.raises(ReportError, match="is about 'other', not about 'tiny_axi'"):
        read_folder(tmp_path, "tiny_axi")
