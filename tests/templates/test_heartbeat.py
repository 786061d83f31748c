"""The heartbeat's Verilog, simulated by Icarus Verilog."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fcn_hw.resources import data_folder

BENCH = """
module bench;
    reg clk = 0, resetn = 0;
    wire beat;
    integer cycle;
    heartbeat #(.HALF_PERIOD_CYCLES(HALF)) dut (.clk(clk), .resetn(resetn), .beat(beat));
    initial begin
        repeat (2) begin #1 clk = 1; #1 clk = 0; end
        resetn = 1;
        for (cycle = 0; cycle < 20; cycle = cycle + 1) begin
            #1 clk = 1; #1 clk = 0;
            $write("%b", beat);
        end
        resetn = 0;
        #1 clk = 1; #1 clk = 0;
        $display(" %b", beat);
    end
endmodule
"""


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not on PATH")
@pytest.mark.parametrize("half", [1, 3, 4])
def test_it_blinks(tmp_path: Path, half: int) -> None:
    """Low for so many cycles, then high for as many, and low in reset."""
    source = data_folder("templates") / "hdl" / "heartbeat.v"
    (tmp_path / "bench.v").write_text(BENCH.replace("HALF)", f"{half})"))
    program = tmp_path / "bench"
    subprocess.run(
        ["iverilog", "-Wall", "-o", str(program), str(source), str(tmp_path / "bench.v")],
        check=True,
    )
    done = subprocess.run(["vvp", str(program)], capture_output=True, text=True, check=True)
    wave, reset = done.stdout.split()
    expected = "".join(str(((cycle + 1) // half) % 2) for cycle in range(20))
    assert (wave, reset) == (expected, "0")
