"""Vitis HLS, Vivado HLS and Vivado for tests: argv as theirs, the script in tclsh, their reports.

FAKE_XILINX_VERSION   what -version tells, 2022.2 by default
FAKE_XILINX_LOG       gets a line of JSON a call: program and arguments
FAKE_XILINX_FAIL      SCRIPT:HOW, HOW one of exit1, hang, forget, licence, kill; for effects.py
                      mismatch, once, fail, slow_clock
FAKE_XILINX_PID       gets the number of the process that fails
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
STUBS = HERE.parents[1] / "support" / "vendor_stubs.tcl"

SYNTAX = {
    "vitis_hls": (["-f"], "vitis"),
    "vitis-run": (["--mode", "hls", "--tcl"], "vitis"),
    "vivado_hls": (["-f"], "vivado_hls"),
    "vivado": (["-mode", "batch", "-nojournal", "-nolog", "-notrace", "-source"], "vivado"),
}
BANNERS = {
    "vitis_hls": "Vitis HLS - High-Level Synthesis from C, C++ and OpenCL v{} (64-bit)",
    "vitis-run": "vitis-run v{} (64-bit)",
    "vivado_hls": "Vivado(TM) HLS - High-Level Synthesis from C, C++ and SystemC v{} (64-bit)",
    "vivado": "Vivado v{} (64-bit)",
}


def main(program: str, arguments: list[str]) -> int:
    if "FAKE_XILINX_LOG" in os.environ:
        with Path(os.environ["FAKE_XILINX_LOG"]).open("a") as log:
            log.write(json.dumps([program, *arguments]) + "\n")
    version = os.environ.get("FAKE_XILINX_VERSION", "2022.2")
    if arguments == ["--version" if program == "vitis-run" else "-version"]:
        print(BANNERS[program].format(version))
        print("SW Build 1234567 on Fri Oct 14 05:07:14 MDT 2022")
        return 0
    words, dialect = SYNTAX[program]
    if arguments[:-1] != words:
        print(f"ERROR: wrong arguments: {arguments}", file=sys.stderr)
        return 2
    script = Path(arguments[-1])
    print(f"****** {program} v{version} (64-bit)", flush=True)
    stem, _, how = os.environ.get("FAKE_XILINX_FAIL", "").partition(":")
    if stem != script.stem:
        how = ""
    if how == "exit1":
        print("ERROR: [HLS 200-70] something in the sources is wrong")
        return 1
    if how == "licence":
        print(
            "ERROR: [Common 17-345] A valid license was not found for feature 'Synthesis' "
            "and/or device 'xc7z020'. Please run the Vivado License Manager for assistance."
        )
        return 1
    if "FAKE_XILINX_PID" in os.environ and how:
        Path(os.environ["FAKE_XILINX_PID"]).write_text(str(os.getpid()))
    if how == "hang":
        time.sleep(600)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "forget":
        print("all done")
        return 0
    environment = {**os.environ, "FAKE_XILINX_HOW": how, "FAKE_XILINX_PROGRAM": program}
    calls = Path(os.environ.get("FAKE_XILINX_CALLS", os.devnull))
    return subprocess.call(
        ["tclsh", str(HERE / "effects.tcl"), dialect, str(calls), str(script)], env=environment
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
