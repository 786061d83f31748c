"""The Verilog of small processes equals a hand-written one, proved by yosys.

From reset on both get every sequence of inputs. What is proved: they read and write in the same
clocks, and what they write is equal.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rtl_bench import headers_of_templates

from fcn_hw.errors import ToolFailed
from fcn_hw.plan import Command, Plan
from fcn_hw.rtl.compile import compile_call
from fcn_hw.rtl.front_end import ProcessSource
from fcn_hw.rtl.if_conversion import PixelType
from fcn_hw.rtl.network import Call, Network, StreamSpec
from fcn_hw.tools.runner import run

pytestmark = [pytest.mark.rtl, pytest.mark.usefixtures("yosys")]

PIXELS = 2
"""Of a frame."""

STATE = """
reg n;
always @(posedge clk) if (rst) n <= 0; else if (go) n <= ~n;
assign frame_begins = valid & ~n;
assign frame_taken = frame_begins & ~hold;
"""

FORK = f"""
wire valid = ~rst;
wire hold = (~n & ~frame_ready) | x_empty | y_full | z_full;
wire go = valid & ~hold;
{STATE}
assign x_read = go;
assign y_write = go;
assign z_write = go;
assign y_din = x_dout;
assign z_din = x_dout;
"""

SKIP_ADD = f"""
wire valid = ~rst;
wire hold = (~n & ~frame_ready) | a_empty | b_empty | y_full;
wire go = valid & ~hold;
{STATE}
assign a_read = go;
assign b_read = go;
assign y_write = go;
wire signed [4:0] sum = {{{{2{{a_dout[2]}}}}, a_dout}} + {{3'b000, b_dout}};
assign y_din = sum > 3 ? 3'd3 : sum < -4 ? 3'd4 : sum[2:0];
"""
"""Saturates a signed and an unsigned code's sum to three bits."""

QUANTIZE = f"""
wire valid = ~rst;
wire hold = (~n & ~frame_ready) | x_empty | y_full;
wire go = valid & ~hold;
{STATE}
assign x_read = go;
assign y_write = go;
wire [4:0] half_up = {{x_dout[3], x_dout}} + 5'd2;
wire signed [2:0] rounded = half_up[4:2];
assign y_din = rounded < 0 ? 2'd0 : rounded[1:0];
"""
"""Rounds two bits away, half up, and saturates below at zero."""


def pixel_type(kind: str) -> PixelType:
    return PixelType(int(re.findall(r"<(\d+)", kind)[0]), 1)


class Process:
    """A process of one channel a pixel.

    Args:
        call: of the header's function.
        reads, writes: ap_type of each stream.
        header: that declares the function.
        before: what the call needs.
    """

    def __init__(
        self,
        call: str,
        reads: dict[str, str],
        writes: dict[str, str],
        header: str,
        before: str = "",
    ) -> None:  # fmt: skip
        kinds = reads | writes
        types = "".join(f"typedef nnet::array<{t}, 1> {s}_t;\n" for s, t in kinds.items())
        source = ProcessSource(
            "process",
            f'#include "fcn_hw/{header}.h"\n#include "fcn_hw/code.h"\n#include "nnet_types.h"\n'
            f"{types}{before}",
            call, (), {s: f"{s}_t" for s in kinds},
        )  # fmt: skip
        streams = {s: StreamSpec(s, pixel_type(kind), 0) for s, kind in kinds.items()}
        self.call = Call(source, tuple(reads), tuple(writes))
        self.network = Network("n", streams, (self.call,), headers_of_templates())

    def verilog(self, folder: Path) -> str:
        return compile_call(
            self.network, self.call, folder, family="7series", period_ns=10.0
        ).verilog

    def ports(self) -> dict[str, tuple[str, int]]:
        """Direction and bits of each port."""
        found = {"clk": ("input", 1), "rst": ("input", 1), "frame_ready": ("input", 1),
                 "frame_begins": ("output", 1), "frame_taken": ("output", 1)}  # fmt: skip
        for stream in self.network.streams.values():
            name, bits = stream.name, stream.pixel.bits
            if name in self.call.reads:
                ends = (("dout", "input", bits), ("empty", "input", 1), ("read", "output", 1))
            else:
                ends = (("din", "output", bits), ("full", "input", 1), ("write", "output", 1))
            found |= {f"{name}_{end}": (way, width) for end, way, width in ends}
        return found

    def proof(self, reference: str) -> str:
        """The reference as a module, and one that holds both and asserts what must be equal."""
        ports = self.ports()
        declared = ", ".join(f"{way} wire [{w - 1}:0] {name}" for name, (way, w) in ports.items())
        inputs = {name: width for name, (way, width) in ports.items() if way == "input"}
        outputs = {name: width for name, (way, width) in ports.items() if way == "output"}
        wires = "".join(f"wire [{w - 1}:0] {o}_0, {o}_1;\n" for o, w in outputs.items())
        instances = "".join(
            f"{module} instance_{n} ({', '.join(f'.{i}({i})' for i in inputs)}, "
            f"{', '.join(f'.{o}({o}_{n})' for o in outputs)});\n"
            for n, module in enumerate(("process", "reference"))
        )
        checks = "".join(
            f"always @* assert ({o}_0 == {o}_1"
            + (f" || !{o[:-3]}write_0" if o.endswith("_din") else "")
            + ");\n"
            for o in outputs
        )
        given = ", ".join(f"input wire [{w - 1}:0] {name}" for name, w in inputs.items())
        return (
            f"module reference ({declared});\n{reference}\nendmodule\n"
            f"module both ({given});\n{wires}{instances}{checks}endmodule\n"
        )


CONFIG = f"static constexpr int height = 1, width = {PIXELS};"
PROCESSES: dict[str, tuple[Process, str, tuple[str, str]]] = {
    "fork": (
        Process(
            f"fcn_hw::fork<x_t, {PIXELS}>(x, y, z);", {"x": "ap_ufixed<3, 0>"},
            {"y": "ap_ufixed<3, 0>", "z": "ap_ufixed<3, 0>"}, "fork",
        ),
        FORK, ("| z_full", ""),
    ),
    "skip_add": (
        Process(
            "fcn_hw::skip_add<a_t, b_t, y_t, config>(a, b, y);",
            {"a": "ap_fixed<3, 1>", "b": "ap_ufixed<2, 0>"},
            {"y": "ap_fixed<3, 1, AP_TRN, AP_SAT>"}, "skip_add",
            f"struct config {{ {CONFIG} typedef ap_fixed<5, 3> accum_t; }};\n",
        ),
        SKIP_ADD, ("3'd3", "3'd2"),
    ),
    "quantize": (
        Process(
            "fcn_hw::quantize<x_t, y_t, config>(x, y);", {"x": "ap_fixed<4, 2>"},
            {"y": "ap_ufixed<2, 2, AP_RND, AP_SAT>"}, "quantize",
            f"struct config {{ {CONFIG} }};\n",
        ),
        QUANTIZE, ("5'd2", "5'd1"),
    ),
}  # fmt: skip
"""A process, its reference, and a change of that which is to be found."""


def prove(process: Process, verilog: str, reference: str, folder: Path) -> None:
    """Raises :class:`ToolFailed` where they differ."""
    script = (
        "read_verilog -formal proof.v; prep -flatten -top both; chformal -lower; opt; "
        "sat -verify -tempinduct -prove-asserts -set-at 1 rst 1 -seq 1 both"
    )
    plan = Plan(
        files={"proof.v": verilog + process.proof(reference)},
        stages=((Command("prove", ("yosys", "-q", "-p", script), 600.0),),),
    )
    run(plan, folder)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_equals_its_reference(tmp_path: Path, name: str) -> None:
    process, reference, (old, new) = PROCESSES[name]
    verilog = process.verilog(tmp_path)
    prove(process, verilog, reference, tmp_path)
    with pytest.raises(ToolFailed):
        prove(process, verilog, reference.replace(old, new), tmp_path)
