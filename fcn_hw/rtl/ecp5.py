"""From Verilog to a bitstream of an ECP5: yosys, nextpnr-ecp5, ecppack; what nextpnr-ecp5 reports.

In the folder of the project::

    ecp5/netlist.json      yosys
    ecp5/placed.config     nextpnr-ecp5: the configuration
    ecp5/placed.json       nextpnr-ecp5: clocks, utilisation, critical paths
    ecp5/<design>.bit      ecppack
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from fcn_hw.boards import Ecp5
from fcn_hw.costs.arithmetic import MAX_FABRIC_PRODUCT_BITS, MIN_DSP_OPERAND_BITS
from fcn_hw.errors import ReportError
from fcn_hw.plan import Command, Plan
from fcn_hw.resources import data_folder
from fcn_hw.rtl.reports import PathPart, Placement, Used

FOLDER = "ecp5"
NETLIST = f"{FOLDER}/netlist.json"
CONFIGURATION = f"{FOLDER}/placed.config"
REPORT = f"{FOLDER}/placed.json"

TIMEOUT_S = 12 * 3600.0

_RESOURCES = {
    "LUT4": "TRELLIS_COMB", "FF": "TRELLIS_FF", "EBR": "DP16KD", "MULT18X18D": "MULT18X18D",
}  # fmt: skip
"""Cells of nextpnr-ecp5 by the names of FPGA-DS-02012."""


SMALL_PRODUCTS = f"{FOLDER}/small_products.v"


_ROMS_IN_LOGIC = 'setattr -set rom_style "logic" */a:rom_style=distributed'
"""yosys' word for a ROM of look-up tables; "distributed" is Vivado's."""


def plan_synthesis(sources: Sequence[str], top: str) -> Plan:
    """Has yosys map Verilog to cells of an ECP5.

    Each module is mapped by itself and only then made part of the top, so the name of a cell says
    whose it is.

    Args:
        sources: paths, relative to the project's folder.
    """
    script = (
        f"read_verilog {' '.join(sources)}; {_ROMS_IN_LOGIC}; "
        f"{synthesis_commands(f'-noflatten -top {top}', SMALL_PRODUCTS)}; "
        f"flatten; opt_clean -purge; write_json {NETLIST}"
    )
    found = _one("yosys", ("yosys", "-q", "-p", script), NETLIST)
    return Plan({SMALL_PRODUCTS: small_products()}).then(found)


def synthesis_commands(options: str, small_products: str) -> str:
    """The commands of yosys that map what was read to cells of an ECP5.

    Products go to multipliers where :func:`fcn_hw.costs.arithmetic.in_dsp` has them there; yosys
    itself would give every product of two bits by two to one.

    Args:
        options: of ``synth_ecp5``.
        small_products: path of a file that holds :func:`small_products`.
    """
    limits = (
        f"-D SMALLEST_OPERAND={MIN_DSP_OPERAND_BITS} -D LARGEST_RESULT={MAX_FABRIC_PRODUCT_BITS}"
    )
    return (
        f"synth_ecp5 {options} -run begin:coarse; "
        f"proc; opt_expr; opt_clean; wreduce; techmap -map {small_products} {limits}; "
        f"synth_ecp5 {options} -run coarse:"
    )


def small_products() -> str:
    """The modules that yosys puts in place of products that get no multiplier."""
    return (data_folder("templates") / "rtl" / "board" / "small_products.v").read_text()


def plan_placement(chip: Ecp5, pins: str) -> Plan:
    """Has nextpnr-ecp5 place and route the netlist; a clock that is not met is not its failure.

    Args:
        pins: path of the pins file, relative to the project's folder.
    """
    argv = (
        "nextpnr-ecp5", f"--{chip.device}", "--package", chip.package,
        "--speed", str(chip.speed_grade), "--json", NETLIST, "--lpf", pins,
        "--router", "router2", "--textcfg", CONFIGURATION, "--report", REPORT,
        "--timing-allow-fail",
    )  # fmt: skip
    return _one("nextpnr", argv, CONFIGURATION, REPORT)


def plan_bitstream(design: str) -> Plan:
    """Has ecppack write the bitstream."""
    path = bitstream_path(design)
    argv = ("ecppack", "--compress", "--input", CONFIGURATION, "--bit", path)
    return _one("ecppack", argv, path)


def bitstream_path(design: str) -> str:
    """Path of the bitstream, relative to the project's folder."""
    return f"{FOLDER}/{design}.bit"


def _one(name: str, argv: tuple[str, ...], *expects: str) -> Plan:
    return Plan(stages=((Command(name, argv, TIMEOUT_S, expects),),))


def read_placement(path: Path, *, design: str, board: str) -> Placement:
    """What nextpnr-ecp5 reported.

    Raises:
        ReportError: it can't be read, or tells of no clock.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        name, clock = min(
            stored["fmax"].items(), key=lambda item: item[1]["achieved"] / item[1]["constraint"]
        )
        paths = [
            item["path"]
            for item in stored["critical_paths"]
            if item["from"].endswith(f" {name}") and item["to"].endswith(f" {name}")
        ]
        return Placement(
            design=design,
            board=board,
            clock_mhz=round(float(clock["constraint"]), 3),
            fmax_mhz=round(float(clock["achieved"]), 3),
            resources=tuple(
                Used(ours, int(cells["used"]), int(cells["available"]))
                for ours, theirs in _RESOURCES.items()
                for cells in (stored["utilization"][theirs],)
            ),
            path=_parts(paths[0]) if paths else (),
        )
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise ReportError(
            f"{path}: is no report of nextpnr-ecp5 ({error})", hint="run fcn-hw bitstream again"
        ) from error


def _parts(steps: Sequence[dict[str, Any]]) -> tuple[PathPart, ...]:
    """The steps of a path, those of one owner in a row together.

    A net belongs to the cell that drives it, and a cell that nextpnr-ecp5 has put in, a piece of a
    carry chain, to the owner before it.
    """
    owned: list[tuple[str, dict[str, Any]]] = []
    for step in steps:
        cell = step["from"]["cell"]
        inserted = cell.startswith("$nextpnr") and owned
        owned.append((owned[-1][0] if inserted else owner_of(cell), step))
    return tuple(
        PathPart(
            owner,
            logic_ns=round(sum(s["delay"] for _, s in group if s["type"] != "routing"), 3),
            routing_ns=round(sum(s["delay"] for _, s in group if s["type"] == "routing"), 3),
        )
        for owner, found in groupby(owned, key=lambda item: item[0])
        for group in (list(found),)
    )


_OWNER = re.compile(r"(?:^|\.)network\.(\w+?)_(process|fifo|token)\.")
_PORT = re.compile(r"(?:^|\.)serial\.port\.")


def owner_of(cell: str) -> str:
    """Whose a cell is: a process, ``FIFO <stream>``, ``token <stream>``, or ``byte port``.

    What lies between them belongs to the ``top``.

    Args:
        cell: its name in the flattened netlist.
    """
    match = _OWNER.search(cell)
    if match is None:
        return "byte port" if _PORT.search(cell) else "top"
    name, kind = match.groups()
    return {"process": name, "fifo": f"FIFO {name}", "token": f"token {name}"}[kind]
