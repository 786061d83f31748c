"""The test bench of the top with AXI ports: stimulus, a run as C++, and what the RTL wrote.

cosim/<port>.in.bin          frames as they are sent
cosim/csim/<port>.0.bin      what the C++ sent back, compiled by g++
cosim/rtl/<port>.<run>.bin   the same inside RTL cosimulation: run 0 the C++, run 1 the RTL
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.backend.axi_interface import AxiInterface
from fcn_hw.backend.hls_scripts import COSIM_BENCH, COSIM_FOLDER
from fcn_hw.errors import Mismatch, ReportError
from fcn_hw.fixed import Codes
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import QUIET
from fcn_hw.harness.traces import read_trace, write_frames
from fcn_hw.ir import Graph
from fcn_hw.plan import Command, Plan
from fcn_hw.tools.gxx import plan_compile

CSIM_FOLDER = f"{COSIM_FOLDER}/csim"
RTL_FOLDER = f"{COSIM_FOLDER}/rtl"
PROGRAM = f"{COSIM_FOLDER}/bench"

RTL_RUN = 1
"""The run of the test bench that gets what the RTL wrote (UG1399, "C/RTL Co-Simulation")."""


def stimulus_files(interface: AxiInterface) -> tuple[str, ...]:
    """The input frames, relative to the project."""
    return tuple(f"{COSIM_FOLDER}/{port.name}.in.bin" for port in interface.inputs)


def output_files(interface: AxiInterface, folder: str, run: int) -> tuple[str, ...]:
    """What a run of the test bench leaves, relative to the project."""
    return tuple(f"{folder}/{port.name}.{run}.bin" for port in interface.outputs)


def write_stimulus(interface: AxiInterface, project: Path, codes: Mapping[str, Codes]) -> None:
    """Writes the frames of every input and removes what earlier runs sent back.

    Args:
        codes: (N, H, W, C) by the name of the graph's input.
    """
    for folder in (CSIM_FOLDER, RTL_FOLDER):
        shutil.rmtree(project / folder, ignore_errors=True)
        (project / folder).mkdir(parents=True)
    for port, path in zip(interface.inputs, stimulus_files(interface), strict=True):
        write_frames(project / path, codes[port.tensor], port.format)


def plan_build(graph: Graph, interface: AxiInterface, ap_types: Path) -> Plan:
    """Compiles the test bench with the emitted sources.

    Args:
        ap_types: folder of ``ap_fixed.h`` and its neighbours.
    """
    return plan_compile(
        sources=(f"firmware/{graph.name}.cpp", f"firmware/{interface.top}.cpp", COSIM_BENCH),
        program=PROGRAM,
        flags=(
            "-std=c++14", "-O1", "-Wall", "-Wextra", *QUIET, "-Ifirmware", "-Itb/axis",
            "-isystem", str(ap_types),
        ),
    )  # fmt: skip


def plan_run(interface: AxiInterface, timeout_s: float = 7200.0) -> Plan:
    """Runs the compiled test bench once, as C++."""
    command = Command(
        name="cosim-bench",
        argv=(f"./{PROGRAM}", COSIM_FOLDER, CSIM_FOLDER),
        timeout_s=timeout_s,
        expects=output_files(interface, CSIM_FOLDER, 0),
    )
    return Plan(stages=((command,),))


def last_run(interface: AxiInterface, project: Path) -> int:
    """The last run of the test bench inside RTL cosimulation.

    Raises:
        ReportError: it ran once or never, so no RTL's codes are there.
    """
    port = interface.outputs[0].name
    names = [path.name for path in (project / RTL_FOLDER).glob(f"{port}.*.bin")]
    matches = [re.fullmatch(rf"{re.escape(port)}\.(\d+)\.bin", name) for name in names]
    runs = [int(match[1]) for match in matches if match]
    if max(runs, default=0) < RTL_RUN:
        raise ReportError(
            f"{project / RTL_FOLDER}: the test bench ran {len(runs)} times, so the RTL's codes of "
            f"'{port}' are not there",
            hint="run fcn-hw cosim again; the log says how far it came",
        )
    return max(runs)


def read_outputs(
    graph: Graph, interface: AxiInterface, project: Path, folder: str, run: int, frames: int
) -> dict[str, npt.NDArray[np.generic]]:
    """The codes (N, H, W, C) of every output, by the tensor's name.

    Raises:
        ReportError: a file is missing or has another size.
    """
    return {
        port.tensor: read_trace(project / path, graph.tensor(port.tensor), frames)
        for port, path in zip(interface.outputs, output_files(interface, folder, run), strict=True)
    }


def must_agree(
    expected: Mapping[str, npt.NDArray[np.generic]], actual: Mapping[str, npt.NDArray[np.generic]]
) -> int:
    """Compares all outputs code for code; returns how many codes that were.

    Raises:
        Mismatch: with the first difference.
    """
    compared = 0
    for name, codes in expected.items():
        found = Comparison(name).extended(codes, actual[name], 0)
        if found.first is not None:
            raise Mismatch(
                name, found.first.index, int(found.first.expected), int(found.first.actual),
                found.mismatches,
            )  # fmt: skip
        compared += found.values
    return compared
