"""yosys, nextpnr-ecp5 and ecppack for tests: they take the words of the flow and no others.

FAKE_ECP5   of nextpnr-ecp5. slow: 41.3 MHz are reached; full: it finds no place for all cells;
            killed: it ends by a signal
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

SCRIPT = re.compile(
    r"read_verilog ([\w/.\- ]+); "
    r'setattr -set rom_style "logic" \*/a:rom_style=distributed; '
    r"synth_ecp5 -noflatten -top (\w+) -run begin:coarse; proc; opt_expr; opt_clean; wreduce; "
    r"techmap -map ecp5/small_products.v -D SMALLEST_OPERAND=4 -D LARGEST_RESULT=18; "
    r"synth_ecp5 -noflatten -top (\w+) -run coarse:; flatten; opt_clean -purge; "
    r"write_json ([\w/.]+)"
)


def step(kind: str, cell: str, delay: float) -> dict[str, object]:
    return {"type": kind, "delay": delay, "from": {"cell": cell, "port": "Q", "loc": [1, 2]}}


FIFO = "serial.network.score_fifo.words.0.0$DPRAM_COMB0"
PROCESS = "serial.network.class_map_process.class_map_din_LUT4_Z"
PATH = [
    step("clk-to-q", FIFO, 0.5), step("routing", FIFO, 1.25), step("logic", PROCESS, 0.25),
    step("routing", PROCESS, 1.0), step("logic", "$nextpnr_CCU2C_7$CCU2_COMB0", 0.5),
    step("routing", "serial.port.result_TRELLIS_FF_Q", 0.75),
    step("setup", "serial.port.result_TRELLIS_FF_Q", 0.0),
]  # fmt: skip


def report(fmax: float) -> dict[str, object]:
    """A report of nextpnr-ecp5 0.11, shortened."""
    clock = "$glbnet$clk"
    used = {"TRELLIS_COMB": 1650, "TRELLIS_FF": 603, "DP16KD": 3, "MULT18X18D": 9, "EHXPLLL": 1}
    have = {
        "TRELLIS_COMB": 83640,
        "TRELLIS_FF": 83640,
        "DP16KD": 208,
        "MULT18X18D": 156,
        "EHXPLLL": 4,
    }
    return {
        "critical_paths": [
            {"from": "<async>", "to": f"posedge {clock}", "path": PATH[:1]},
            {"from": f"posedge {clock}", "to": f"posedge {clock}", "path": PATH},
        ],
        "fmax": {
            "$glbnet$other": {"achieved": 300.0, "constraint": 25.0},
            clock: {"achieved": fmax, "constraint": 50.0},
        },
        "utilization": {k: {"used": used[k], "available": have[k]} for k in used},
    }


def yosys(words: list[str]) -> None:
    assert words[:2] == ["-q", "-p"] and len(words) == 3
    match = SCRIPT.fullmatch(words[2])
    assert match is not None, words[2]
    texts = [Path(name).read_text() for name in match[1].split()]
    assert any(f"module {match[2]} " in text for text in texts), "no source has the top"
    assert match[2] == match[3] and "small_product" in Path("ecp5/small_products.v").read_text()
    Path(match[4]).write_text("{}")


def nextpnr(words: list[str]) -> None:
    found = dict(zip(words[1:-1:2], words[2:-1:2], strict=True))
    assert words[0] == "--85k" and words[-1] == "--timing-allow-fail"
    assert (found["--package"], found["--speed"]) == ("CABGA381", "6")
    assert "LOCATE COMP" in Path(found["--lpf"]).read_text() and Path(found["--json"]).is_file()
    how = os.environ.get("FAKE_ECP5", "")
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "full":
        print(
            "ERROR: Unable to find legal placement for all cells, design is probably at its limit."
        )
        sys.exit(1)
    Path(found["--textcfg"]).write_text(".device LFE5U-85F\n")
    Path(found["--report"]).write_text(json.dumps(report(41.3 if how == "slow" else 56.59)))


def ecppack(words: list[str]) -> None:
    assert words[0] == "--compress" and words[1] == "--input" and words[3] == "--bit"
    Path(words[4]).write_bytes(b"\xff\x00" + Path(words[2]).read_bytes())


if __name__ == "__main__":
    print(" ".join(sys.argv))
    {"yosys": yosys, "nextpnr-ecp5": nextpnr, "ecppack": ecppack}[Path(sys.argv[1]).name](
        sys.argv[2:]
    )
