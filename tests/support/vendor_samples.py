# ruff: noqa: E501, W291 -- the forms have wide tables and blanks at the ends of lines
"""Reports of the vendor's tools for tests: our own numbers in the tools' forms.

Written from the documentation of the formats (UG1399 and UG902 for HLS, UG906 for Vivado); a keyword
changes a number. The fake tools of ``tests/fake_tools/xilinx`` leave the same texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hls:
    """Numbers of a C synthesis; modules are (name, latency, interval, bram18, dsp, ff, lut)."""

    top: str = "tiny_axi"
    version: str = "2022.2"
    part: str = "xc7z020-clg400-1"
    target: str = "10.00"
    estimated: str = "7.125"
    latency: tuple[int, int] = (8123, 8127)
    interval: tuple[int, int] = (6145, 6149)
    bram18: int = 5
    dsp: int = 12
    ff: int = 3456
    lut: int = 4567
    available: tuple[int, int, int, int, int] = (280, 220, 106400, 53200, 0)
    modules: tuple[tuple[str, int, int, int, int, int, int], ...] = field(
        default=(
            ("axi_unpack_8", 98, 96, 0, 0, 210, 305),
            ("conv2d_conv1", 8011, 6145, 4, 9, 2100, 2700),
            ("axi_pack_9", 97, 96, 0, 0, 190, 244),
        )
    )


def csynth_xml(n: Hls, *, modules: bool = False, dsp: str = "DSP", uram: bool = True) -> str:
    """``<top>_csynth.xml``; with ``modules`` ``csynth.xml``."""
    listed = ""
    if modules:
        rows = "".join(_module_xml(row, n.available, dsp) for row in n.modules)
        listed = f"<ModuleInformation>\n{rows}</ModuleInformation>\n"
    unit = "<unit>clock cycles</unit>"
    words = "<Best-caseRealTimeLatency>81.230 us</Best-caseRealTimeLatency>"
    used = _resources_xml((n.bram18, n.dsp, n.ff, n.lut, 0), dsp, uram)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<profile>
<ReportVersion>
<Version>{n.version}</Version>
</ReportVersion>
<UserAssignments>
<unit>ns</unit>
<ProductFamily>zynq</ProductFamily>
<Part>{n.part}</Part>
<TopModelName>{n.top}</TopModelName>
<TargetClockPeriod>{n.target}</TargetClockPeriod>
<ClockUncertainty>2.70</ClockUncertainty>
<FlowTarget>vivado</FlowTarget>
</UserAssignments>
<PerformanceEstimates>
<PipelineType>dataflow</PipelineType>
<SummaryOfTimingAnalysis>
<unit>ns</unit>
<EstimatedClockPeriod>{n.estimated}</EstimatedClockPeriod>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
{unit}
<Best-caseLatency>{n.latency[0]}</Best-caseLatency>
<Average-caseLatency>{n.latency[1]}</Average-caseLatency>
<Worst-caseLatency>{n.latency[1]}</Worst-caseLatency>
{words}
<Interval-min>{n.interval[0]}</Interval-min>
<Interval-max>{n.interval[1]}</Interval-max>
</SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
<Resources>
{used}</Resources>
<AvailableResources>
{_resources_xml(n.available, dsp, uram)}</AvailableResources>
</AreaEstimates>
{listed}</profile>
"""


def _resources_xml(numbers: tuple[int, ...], dsp: str, uram: bool) -> str:
    names = ("BRAM_18K", dsp, "FF", "LUT", *(["URAM"] if uram else []))
    return "".join(f"<{k}>{v}</{k}>\n" for k, v in zip(names, numbers, strict=False))


def _module_xml(
    row: tuple[str, int, int, int, int, int, int], have: tuple[int, ...], d: str
) -> str:
    name, latency, interval, bram18, dsp, ff, lut = row
    return f"""<Module>
<Name>{name}</Name>
<PerformanceEstimates>
<SummaryOfTimingAnalysis>
<unit>ns</unit>
<Target>10.00</Target>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<Best-caseLatency>{latency}</Best-caseLatency>
<Average-caseLatency>{latency}</Average-caseLatency>
<Worst-caseLatency>{latency}</Worst-caseLatency>
<PipelineInitiationInterval>{interval}</PipelineInitiationInterval>
</SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
<Resources>
<BRAM_18K>{bram18}</BRAM_18K>
<AVAIL_BRAM>{have[0]}</AVAIL_BRAM>
<UTIL_BRAM>~0</UTIL_BRAM>
<{d}>{dsp}</{d}>
<FF>{ff}</FF>
<LUT>{lut}</LUT>
<URAM>0</URAM>
</Resources>
</AreaEstimates>
</Module>
"""


def csynth_rpt(n: Hls, *, tool: str = "Vitis", dsp: str = "DSP", uram: bool = True) -> str:
    """``<top>_csynth.rpt``."""
    names = ["BRAM_18K", dsp, "FF", "LUT", *(["URAM"] if uram else [])]
    instances = "".join(
        f"        |{name}_U0 |{name} |{lat:>9}|{lat:>9}| 0.98 us | 0.98 us |{ii:>5}|{ii:>5}|     none|\n"
        for name, lat, ii, *_ in n.modules
    )
    areas = "".join(
        f"    |{name}_U0 |{name} |{bram:>9}|{d:>5}|{ff:>6}|{lut:>6}|{'    0|' if uram else ''}\n"
        for name, _, _, bram, d, ff, lut in n.modules
    )
    edge = "    +----+\n"

    def cells(label: str, numbers: tuple[object, ...]) -> str:
        shown = numbers if uram else numbers[:4]
        return f"|{label:<21}|" + "".join(f"{number!s:>9}|" for number in shown) + "\n"

    line = "+---------------------+---------+---------+\n"
    return f"""

================================================================
== {tool} HLS Report for '{n.top}'
================================================================
* Date:           Mon Mar  2 10:11:12 2026

* Version:        {n.version} (Build 1234567 on Fri Oct 14 05:07:14 MDT 2022)
* Project:        {n.top}_prj
* Solution:       solution1 (Vivado IP Flow Target)
* Product family: zynq
* Target device:  {n.part}


================================================================
== Performance Estimates
================================================================
+ Timing: 
    * Summary: 
    +--------+----------+----------+------------+
    |  Clock |  Target  | Estimated| Uncertainty|
    +--------+----------+----------+------------+
    |ap_clk  |  {n.target} ns|  {n.estimated} ns|     2.70 ns|
    +--------+----------+----------+------------+

+ Latency: 
    * Summary: 
    +---------+---------+-----------+-----------+------+------+----------+
    |  Latency (cycles) |   Latency (absolute)  |   Interval  | Pipeline |
    |   min   |   max   |    min    |    max    |  min |  max |   Type   |
    +---------+---------+-----------+-----------+------+------+----------+
    |{n.latency[0]:>9}|{n.latency[1]:>9}|  81.230 us|  81.270 us|{n.interval[0]:>6}|{n.interval[1]:>6}|  dataflow|
    +---------+---------+-----------+-----------+------+------+----------+

    + Detail: 
        * Instance: 
        +----+
        |            |        |  Latency (cycles) | Latency (absolute)|  Interval | Pipeline|
        |  Instance  | Module |   min   |   max   |   min   |   max   | min | max |   Type  |
        +----+
{instances}        +----+

        * Loop: 
        N/A


================================================================
== Utilization Estimates
================================================================
* Summary: 
{line}|         Name        |{"|".join(names)}|
{line}{cells("DSP", ("-",) * 5)}{cells("Expression", ("-", "-", 0, 12, "-"))}{cells("FIFO", (0, "-", 95, 60, "-"))}{cells("Instance", (n.bram18, n.dsp, 2500, 3249, 0))}{cells("Memory", ("-",) * 5)}{line}{cells("Total", (n.bram18, n.dsp, n.ff, n.lut, 0))}{line}{cells("Available", n.available)}{line}{cells("Utilization (%)", (1, 5, 3, 8, 0))}{line}
+ Detail: 
    * Instance: 
{edge}    |  Instance  | Module |{"|".join(names)}|
{edge}{areas}{edge}    |Total | |{n.bram18}|{n.dsp}|2500|3249|{"0|" if uram else ""}
{edge}
    * DSP: 
    N/A

"""


def cosim_rpt(
    *,
    verilog: tuple[object, ...] = ("Pass", 8123, 8125, 8127, 6145, 6147, 6149),
    vhdl: tuple[object, ...] = ("NA",) * 7,
    total: object = 14276,
) -> str:
    """``<top>_cosim.rpt``; ``total`` None leaves its column out, as older tools do."""
    last = "" if total is None else f"{total!s:>22}|"
    head = "" if total is None else " Total Execution Time |"

    def row(name: str, cells: tuple[object, ...]) -> str:
        status, *numbers = cells
        words = "".join(f"{number!s:>15}|" for number in numbers)
        return f"|{name:>10}|{status!s:>10}|{words}{last if status != 'NA' else last and '                    NA|'}\n"

    edge = "+----------+----------+-----------------------------------------------+\n"
    return f"""Report time       : Mon Mar  2 10:31:12 UTC 2026.
Solution          : solution1.
Simulation tool   : xsim.

{edge}|          |          |             Latency(Clock Cycles)             |              Interval(Clock Cycles)           |{head}
+   RTL    +  Status  +-----------------------------------------------+-----------------------------------------------+
|          |          |      min      |      avg      |      max      |      min      |      avg      |      max      |
{edge}{row("VHDL", vhdl)}{row("Verilog", verilog)}{edge}"""


ROWS_7SERIES = {
    "Slice LUTs": ("9321", "53200", "17.52"),
    "Slice Registers": ("12044", "106400", "11.32"),
    "Block RAM Tile": ("6.5", "140", "4.64"),
    "DSPs": ("12", "220", "5.45"),
}
ROWS_ULTRASCALE = {
    "CLB LUTs": ("11234", "230400", "4.88"),
    "CLB Registers": ("14021", "460800", "3.04"),
    "Block RAM Tile": ("6.5", "312", "2.08"),
    "URAM": ("0", "96", "0.00"),
    "DSPs": ("12", "1728", "0.69"),
}


def utilization_rpt(rows: dict[str, tuple[str, str, str]], *, prohibited: bool = True) -> str:
    """``report_utilization``: ``prohibited`` is the column that came with 2021.1."""
    head = ["Site Type", "Used", "Fixed", *(["Prohibited"] if prohibited else []), "Available"]

    def table(number: str, title: str, names: list[str]) -> str:
        edge = "+" + "+".join("-" * 14 for _ in (*head, "")) + "+"
        lines = [f"{number}. {title}", "-" * (len(title) + 3), "", edge]
        lines += ["|" + "|".join(f" {word:<13}" for word in (*head, "Util%")) + "|", edge]
        for name in names:
            if name in rows:
                used, available, share = rows[name]
                cells = [name, used, "0", *(["0"] if prohibited else []), available, share]
                lines.append("|" + "|".join(f" {cell:<13}" for cell in cells) + "|")
        return "\n".join([*lines, edge, ""])

    slice_rows = [name for name in rows if name.split()[-1].rstrip("*") in ("LUTs", "Registers")]
    return "\n".join(
        [
            "Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.",
            "-" * 80,
            "| Tool Version : Vivado v.2022.2 (lin64) Build 3671981 Fri Oct 14 04:59:54 MDT 2022",
            "| Command      : report_utilization -file vivado/reports/utilization.rpt",
            "| Design State : Routed",
            "-" * 80,
            "",
            "Utilization Design Information",
            "",
            table("1", "Slice Logic", slice_rows),
            "* Warning! LUT value is adjusted to account for LUT combining.",
            "",
            table("3", "Memory", ["Block RAM Tile", "URAM"]),
            table("4", "DSP", ["DSPs"]),
        ]
    )


def timing_rpt(
    *,
    setup: tuple[object, ...] = ("0.412", "0.000", 0, 24518),
    hold: tuple[object, ...] = ("0.021", "0.000", 0, 24518),
    pulse: tuple[object, ...] = ("3.750", "0.000", 0, 9877),
    verdict: str = "All user specified timing constraints are met.",
) -> str:
    """``report_timing_summary``."""
    titles = ["WNS(ns)", "TNS(ns)", "TNS Failing Endpoints", "TNS Total Endpoints"]
    titles += ["WHS(ns)", "THS(ns)", "THS Failing Endpoints", "THS Total Endpoints"]
    titles += ["WPWS(ns)", "TPWS(ns)", "TPWS Failing Endpoints", "TPWS Total Endpoints"]
    width = 23
    head = "  ".join(f"{title:>{width}}" for title in titles)
    rule = "  ".join("-" * width for _ in titles)
    values = "  ".join(f"{value!s:>{width}}" for value in (*setup, *hold, *pulse))
    return f"""Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
| Tool Version      : Vivado v.2022.2 (lin64) Build 3671981

Timing Summary Report

------------------------------------------------------------------------------------------------
| Design Timing Summary
| ---------------------
------------------------------------------------------------------------------------------------

{head}  
{rule}  
{values}  


{verdict}


------------------------------------------------------------------------------------------------
| Clock Summary
| -------------
------------------------------------------------------------------------------------------------

Clock       Waveform(ns)       Period(ns)      Frequency(MHz)
-----       ------------       ----------      --------------
clk_fpga_0  {{0.000 5.000}}      10.000          100.000
"""
