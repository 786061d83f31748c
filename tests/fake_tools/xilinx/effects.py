"""Leaves what a command of a vendor's tool leaves; called by effects.tcl with its name."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import vendor_samples as samples

HOW = os.environ.get("FAKE_XILINX_HOW", "")
VIVADO_HLS = os.environ.get("FAKE_XILINX_PROGRAM") == "vivado_hls"
LUT = int(os.environ.get("FAKE_XILINX_LUT", "4567"))


def csynth_design(solution: str, top: str) -> None:
    folder = Path(solution) / "syn" / "report"
    folder.mkdir(parents=True)
    numbers = replace(samples.Hls(), top=top, lut=LUT)
    dsp, uram = ("DSP48E", False) if VIVADO_HLS else ("DSP", True)
    xml = samples.csynth_xml(numbers, dsp=dsp)
    (folder / f"{top}_csynth.xml").write_text(xml)
    tool = "Vivado" if VIVADO_HLS else "Vitis"
    text = samples.csynth_rpt(numbers, tool=tool, dsp=dsp, uram=uram)
    (folder / f"{top}_csynth.rpt").write_text(text)
    if not VIVADO_HLS:
        (folder / "csynth.xml").write_text(samples.csynth_xml(numbers, modules=True))


def cosim_design(solution: str, top: str, frames: str, target: str) -> None:
    """Plays the test bench's two runs: what the C++ gave is there, the RTL's is the same."""
    for reference in sorted((Path(frames) / "csim").glob("*.0.bin")):
        for run in (0, 1):
            copy = Path(target) / reference.name.replace(".0.bin", f".{run}.bin")
            shutil.copyfile(reference, copy)
        if HOW == "mismatch":
            data = bytearray(copy.read_bytes())
            data[5] ^= 1
            copy.write_bytes(bytes(data))
        if HOW == "once":
            copy.unlink()
    report = Path(solution) / "sim" / "report"
    report.mkdir(parents=True, exist_ok=True)
    status = "Fail" if HOW == "fail" else "Pass"
    text = samples.cosim_rpt(verilog=(status, 8123, 8125, 8127, 6145, 6147, 6149))
    (report / f"{top}_cosim.rpt").write_text(text)


def export_design(solution: str, top: str) -> None:
    folder = Path(solution) / "impl" / "ip"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "component.xml").write_text(f"<spirit:component>{top}</spirit:component>\n")


def save_core(folder: str, name: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / "component.xml").write_text(f"<spirit:component>{name}</spirit:component>\n")


def save_bd_design(folder: str, project: str, design: str) -> None:
    target = Path(folder) / f"{project}.gen" / "sources_1" / "bd" / design / "hw_handoff"
    if "STUB_OLD_VIVADO" in os.environ:
        target = Path(folder) / f"{project}.srcs" / "sources_1" / "bd" / design / "hw_handoff"
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{design}.hwh").write_text('<EDKSYSTEM EDWVERSION="1.2"></EDKSYSTEM>\n')


def launch_runs(folder: str, project: str, run: str) -> None:
    target = Path(folder) / f"{project}.runs" / run
    target.mkdir(parents=True, exist_ok=True)
    text = "INFO: all is well\n"
    if os.environ.get("STUB_RUN_FAILS") == run:
        text += "ERROR: [Place 30-640] Place Check : This design requires more Slice LUTs\n"
    (target / "runme.log").write_text(text)


def report_utilization(path: str) -> None:
    Path(path).write_text(samples.utilization_rpt(samples.ROWS_7SERIES))


def report_timing_summary(path: str) -> None:
    if HOW == "slow_clock":
        text = samples.timing_rpt(
            setup=("-0.731", "-12.500", 44, 24518), verdict="Timing constraints are not met."
        )
    else:
        text = samples.timing_rpt()
    Path(path).write_text(text)


def write_bitstream(path: str) -> None:
    Path(path).write_bytes(b"\x00\x09\x0f\xf0 a bitstream of a test")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
