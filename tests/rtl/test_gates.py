"""What yosys counts of a process, read from its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fcn_hw.costs.resources import Resources
from fcn_hw.errors import ReportError
from fcn_hw.rtl.gates import FOLDER, plan_gates, read_gates
from fcn_hw.rtl.reports import Gates


def test_the_plan_maps_one_module_for_the_family() -> None:
    plan = plan_gates("output", "module output_; endmodule", "ultrascale+")
    (command,) = plan.commands
    assert command.argv == (
        "yosys", "-q", "-p",
        "read_verilog gates/output.v; "
        "synth_xilinx -family xcup -top output_ -run begin:map_dsp; "
        "techmap -map gates/carry_chains.v a:carry_chain t:$add %i; "
        "synth_xilinx -family xcup -top output_ -run map_dsp:; "
        "tee -q -o gates/output.cells.json stat -json",
    )  # fmt: skip
    assert plan.files["gates/output.v"] == "module output_; endmodule"
    (command,) = plan_gates("conv", "", "7series", no_dsps=True).commands
    assert "synth_xilinx -family xc7 -nodsp -top conv -run map_dsp:;" in command.argv[3]


def test_cells_are_counted_by_what_they_take(tmp_path: Path) -> None:
    cells = {"LUT6": 10, "LUT2": 3, "RAM32M": 2, "SRL16E": 1, "CARRY4": 9, "FDRE": 20, "FDSE": 1,
             "DSP48E1": 4, "RAMB18E1": 3, "RAMB36E1": 2, "BUFG": 1, "INV": 2}  # fmt: skip
    folder = tmp_path / FOLDER
    folder.mkdir()
    text = json.dumps({"modules": {"\\conv": {"num_cells_by_type": cells}}})
    (folder / "conv.cells.json").write_text("\n" + text)
    estimated = Resources(lut=20, ff=30, dsp=4, bram18=7)
    assert read_gates("conv", tmp_path) == Gates("conv", 22, 21, 4, 3.5)
    assert read_gates("conv", tmp_path, estimated) == Gates(
        "conv", 22, 21, 4, 3.5, 20.0, 30.0, 4.0, 3.5
    )


def test_counts_that_are_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "conv.cells.json").write_text("no JSON")
    with pytest.raises(ReportError, match=r"conv\.cells\.json: holds no counts of cells"):
        read_gates("conv", tmp_path)
