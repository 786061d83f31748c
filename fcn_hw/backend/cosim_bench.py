"""The test bench of the top with AXI ports, the same for C simulation and RTL cosimulation."""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.backend.axi_interface import AxiInterface
from fcn_hw.backend.jinja import render


@dataclass(frozen=True)
class BenchPort:
    """An AXI4-Stream of the test bench; frames lie in files as on the wires."""

    name: str
    data_width_bits: int
    bytes_per_frame: int


@dataclass(frozen=True)
class CosimBench:
    """What the template sees.

    Args:
        registers: the top's arguments behind the streams.
        error_registers: those that count frames with a wrong TLAST.
    """

    top: str
    inputs: tuple[BenchPort, ...]
    outputs: tuple[BenchPort, ...]
    registers: tuple[str, ...]
    error_registers: tuple[str, ...]


def render_cosim_bench(interface: AxiInterface) -> str:
    """The text of ``tb/cosim_main.cpp``."""
    registers = tuple(item.name for item in interface.registers if item.name != "ctrl")
    inputs, outputs = (
        tuple(BenchPort(p.name, p.data_width_bits, p.bytes_per_frame) for p in ports)
        for ports in (interface.inputs, interface.outputs)
    )
    context = CosimBench(
        top=interface.top,
        inputs=inputs,
        outputs=outputs,
        registers=registers,
        error_registers=tuple(name for name in registers if name.startswith("errors_")),
    )
    return render("project/cosim_main.cpp.j2", context)
