"""LUT, FF, DSP and block RAM of a process, as yosys maps its Verilog; nothing is placed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from fcn_hw.costs.resources import Resources
from fcn_hw.errors import ReportError
from fcn_hw.plan import Command, Plan
from fcn_hw.resources import data_folder
from fcn_hw.rtl.ecp5 import small_products, synthesis_commands
from fcn_hw.rtl.reports import Gates
from fcn_hw.rtl.verilog import CARRY_CHAIN, legal

FOLDER = "gates"
TIMEOUT_S = 3600.0

_XILINX: Mapping[str, str] = {"7series": "xc7", "ultrascale+": "xcup"}
"""Families by the words of ``synth_xilinx``."""

_SMALL_PRODUCTS = f"{FOLDER}/small_products.v"
_CARRY_CHAINS = f"{FOLDER}/carry_chains.v"

_LUTS: Mapping[str, int] = {
    **{f"LUT{inputs}": 1 for inputs in range(1, 7)},
    "TRELLIS_DPR16X4": 4, "CCU2C": 2, "SRL16E": 1, "SRLC32E": 1,
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1S": 4,
    "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8,
}  # fmt: skip
"""Look-up tables of a cell (UG474 and UG574, "SLICEM"; FPGA-TN-02205 for ECP5)."""

_FLIP_FLOPS = frozenset({"FDRE", "FDSE", "FDCE", "FDPE", "TRELLIS_FF"})
_DSPS = frozenset({"DSP48E1", "DSP48E2", "MULT18X18D"})
_BRAM36: Mapping[str, float] = {
    "RAMB18E1": 0.5, "RAMB18E2": 0.5, "RAMB36E1": 1.0, "RAMB36E2": 1.0,
    "DP16KD": 0.5, "PDPW16KD": 0.5,
}  # fmt: skip


def plan_gates(process: str, verilog: str, family: str, *, no_dsps: bool = False) -> Plan:
    """Has yosys map a process; the counts of its cells go to ``gates/<process>.cells.json``.

    Args:
        family: of the device, as ``boards.Board.family`` names it, or ``ecp5``.
        no_dsps: makes all products of LUTs. By itself yosys takes a DSP slice of AMD for each
            product of nine bits or more, however small its factors are; on an ECP5 the products
            that the estimate has in LUTs are made of them, as for a bitstream.
    """
    module = legal(process)
    verilog = verilog.replace('rom_style = "distributed"', 'rom_style = "logic"')  # yosys' word
    source, cells = f"{FOLDER}/{process}.v", f"{FOLDER}/{process}.cells.json"
    options, files = f"{'-nodsp ' if no_dsps else ''}-top {module}", {source: verilog}
    if family == "ecp5":
        synthesis = synthesis_commands(f"-noflatten {options}", _SMALL_PRODUCTS)
        files[_SMALL_PRODUCTS] = small_products()
    else:
        # Additions become carry chains before yosys joins them with others.
        synth = f"synth_xilinx -family {_XILINX[family]} {options}"
        chains = data_folder("templates") / "rtl" / "board" / "carry_chains.v"
        files[_CARRY_CHAINS] = chains.read_text(encoding="utf-8")
        synthesis = (
            f"{synth} -run begin:map_dsp; "
            f"techmap -map {_CARRY_CHAINS} a:{CARRY_CHAIN} t:$add %i; "
            f"{synth} -run map_dsp:"
        )
    script = f"read_verilog {source}; {synthesis}; tee -q -o {cells} stat -json"
    command = Command(f"yosys-{process}", ("yosys", "-q", "-p", script), TIMEOUT_S, (cells,))
    return Plan(files=files, stages=((command,),))


def read_gates(
    process: str, folder: Path, estimated: Resources | None = None, *, of: str | None = None
) -> Gates:
    """What yosys counted.

    Args:
        estimated: what the model of ``fcn-hw estimate`` says of the process.
        of: the module that was mapped, where the process is one of its parts.

    Raises:
        ReportError: it left no counts.
    """
    path = folder / FOLDER / f"{of or process}.cells.json"
    try:
        text = path.read_text(encoding="utf-8")
        cells = json.loads(text[text.index("{") :])["modules"][f"\\{legal(process)}"]
        counts = {str(kind): int(count) for kind, count in cells["num_cells_by_type"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path}: holds no counts of cells ({error})") from error
    return Gates(
        process,
        lut=sum(_LUTS.get(kind, 0) * count for kind, count in counts.items()),
        ff=sum(count for kind, count in counts.items() if kind in _FLIP_FLOPS),
        dsp=sum(count for kind, count in counts.items() if kind in _DSPS),
        bram36=sum(_BRAM36.get(kind, 0.0) * count for kind, count in counts.items()),
        estimated_lut=None if estimated is None else float(estimated.lut),
        estimated_ff=None if estimated is None else float(estimated.ff),
        estimated_dsp=None if estimated is None else float(estimated.dsp),
        estimated_bram36=None if estimated is None else estimated.bram36,
    )
