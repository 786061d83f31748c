"""yosys for an ECP5: products in look-up tables equal its own by proof; the byte port maps."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from fcn_hw.plan import Command, Plan
from fcn_hw.resources import data_folder
from fcn_hw.rtl.ecp5 import NETLIST, plan_synthesis
from fcn_hw.rtl.gates import plan_gates, read_gates
from fcn_hw.tools.runner import run

pytestmark = pytest.mark.usefixtures("yosys")

ROWS = data_folder("templates") / "rtl" / "board" / "small_products.v"

# operands and result: signed or not, bits; a result may be shorter or longer than both together
PRODUCTS = (
    ("signed", 4, "signed", 4, 8), ("signed", 4, "", 3, 7), ("", 3, "signed", 5, 5),
    ("", 1, "", 4, 4), ("signed", 3, "signed", 2, 9), ("signed", 2, "signed", 1, 3),
)  # fmt: skip


def module(name: str) -> str:
    ports, body = [], []
    for number, (a_sign, a_bits, b_sign, b_bits, bits) in enumerate(PRODUCTS):
        signs = {a_sign, b_sign}
        a, b, y = f"a{number}", f"b{number}", f"y{number}"
        ports += [
            f"input {a_sign} [{a_bits - 1}:0] {a}", f"input {b_sign} [{b_bits - 1}:0] {b}",
            f"output signed [{bits - 1}:0] {y}",
        ]  # fmt: skip
        if signs == {"signed", ""}:  # Verilog would take both as unsigned
            a, b = (
                x if sign else f"$signed({{1'b0, {x}}})" for x, sign in ((a, a_sign), (b, b_sign))
            )
        body.append(f"assign {y} = {a} * {b};")
    return f"module {name} ({', '.join(ports)});\n" + "\n".join(body) + "\nendmodule\n"


def test_they_are_products(tmp_path: Path) -> None:
    shutil.copy(ROWS, tmp_path / "rows.v")
    limits = "-D SMALLEST_OPERAND=4 -D LARGEST_RESULT=18"
    script = (
        "read_verilog a.v b.v; proc; wreduce; "
        f"cd b; techmap -map rows.v {limits}; select -assert-none t:$mul; cd ..; "
        "select -assert-min 1 a/t:$mul; miter -equiv -flatten -make_assert a b both; "
        "hierarchy -top both; sat -verify -prove-asserts both"
    )
    command = Command("prove", ("yosys", "-q", "-p", script), 600.0)
    run(Plan({"a.v": module("a"), "b.v": module("b")}, ((command,),)), tmp_path)


def test_gates_have_the_multipliers_of_the_estimate(tmp_path: Path) -> None:
    """Of a small and a large product the large one alone, in a process of its own too."""
    text = """module products (
        input signed [5:0] a, b, input signed [11:0] c, d, output signed [11:0] y,
        output signed [23:0] z
    );
    assign y = a * b;
    assign z = c * d;
    endmodule"""
    run(plan_gates("products", text, "ecp5"), tmp_path)
    found = read_gates("products", tmp_path)
    assert found.dsp == 1 and found.lut > 36  # of six rows of six bits
    run(plan_gates("products", text, "ecp5", no_dsps=True), tmp_path)
    assert read_gates("products", tmp_path).dsp == 0


def test_the_byte_port_in_cells_of_an_ecp5(tmp_path: Path) -> None:
    templates = data_folder("templates") / "rtl"
    sources = [*(templates / "board").glob("fcn_hw_*.v"), templates / "verilog/fcn_hw_fifo_bram.v"]
    for source in sources:
        shutil.copy(source, tmp_path)
    plan = plan_synthesis(sorted(source.name for source in sources), "fcn_hw_byte_port")
    run(plan, tmp_path)
    netlist = json.loads((tmp_path / NETLIST).read_text())["modules"]["fcn_hw_byte_port"]
    kinds = Counter(cell["type"] for cell in netlist["cells"].values())
    assert kinds["DP16KD"] == 2, "a FIFO each way"
    assert 50 < kinds["TRELLIS_FF"] < 300 and 50 < kinds["LUT4"] < 500
    assert any(name.startswith("receiver.") for name in netlist["cells"])
