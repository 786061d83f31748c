"""The stage bitstream on an ECP5: fcn_hw's own RTL, yosys, nextpnr-ecp5, ecppack.

ecp5/<design>.bit        the bitstream
ecp5/netlist.json ...    what it was made from, see :mod:`fcn_hw.rtl.ecp5`
report/placement.json    clock, utilisation, critical path
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fcn_hw.backend.ip_package import VERILOG
from fcn_hw.backend.serial_board import TOP, plan_serial_board
from fcn_hw.boards import Board
from fcn_hw.costs.resources import total
from fcn_hw.errors import TimingNotMet
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.estimate import estimate_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.rtl import compiled_project
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.flow.workspace import Target
from fcn_hw.plan import Plan
from fcn_hw.results import write_result
from fcn_hw.rtl.ecp5 import (
    REPORT,
    bitstream_path,
    plan_bitstream,
    plan_placement,
    plan_synthesis,
    read_placement,
)
from fcn_hw.rtl.reports import Placement
from fcn_hw.tools.find import find_tool
from fcn_hw.tools.runner import run

PLACEMENT = "placement.json"
TOOLS = ("clang++-16", "opt-16", "yosys", "nextpnr-ecp5", "ecppack")


@dataclass(frozen=True)
class Ecp5Bitstream:
    """A routed design and its bitstream.

    Args:
        bit: the bitstream; None where the clock is not reached, and then none lies there.
        report: the file that the placement is stored in.
    """

    bit: Path | None
    placement: Placement
    report: Path

    def check(self) -> None:
        """Refuses a design that is too slow for its clock.

        Raises:
            TimingNotMet: it is.
        """
        found = self.placement
        if self.bit is None:
            slow = f"the clock reaches {found.fmax_mhz:.2f} MHz of {found.clock_mhz:g}"
            raise TimingNotMet(self.report, [slow], 1000 / found.clock_mhz)


@alone_in_project("bitstream")
def ecp5_bitstream(
    workspace: Target, board: Board, progress: Progress, *, hours: float | None = None
) -> Ecp5Bitstream:
    """From the emitted C++ to a bitstream; a tool whose inputs did not change is not run again.

    Args:
        hours: time-out of each tool.

    Raises:
        ToolNotFound: a tool is missing; nothing has been done.
        NotSynthesizable: of the compiler.
        ToolFailed: a tool failed; nextpnr-ecp5 also where the design has no room.
    """
    assert board.ecp5 is not None
    for tool in TOOLS:
        find_tool(tool)
    project, verilog = compiled_project(workspace, board, progress)
    folder, name = project.folder, project.graph.name
    around = plan_serial_board(project.graph, board, workspace.hls.ClockPeriod).files
    hdl = [path for path in around if path.endswith(".v")]
    stages = _Stages(folder, progress, hours)
    netlist = digest_of(verilog, {path: around[path] for path in hdl}, code_digest(__name__))
    sources = [*(f"{VERILOG}/{file}" for file in verilog), *hdl]
    stages.run("yosys", plan_synthesis(sources, TOP), netlist)
    pins = f"constraints/{board.pins_file}"
    placed = digest_of(netlist, around[pins], board.ecp5.model_dump(mode="json"))
    bit = folder / bitstream_path(name)
    stages.run("nextpnr", plan_placement(board.ecp5, pins), placed, stale=[bit])
    found = _with_estimate(
        read_placement(folder / REPORT, design=name, board=board.name),
        workspace, board, progress,
    )  # fmt: skip
    report = workspace.report(board) / PLACEMENT
    write_result(report, found)
    if not found.met:
        return Ecp5Bitstream(None, found, report)
    stages.run("ecppack", plan_bitstream(name), placed)
    return Ecp5Bitstream(bit, found, report)


@dataclass(frozen=True)
class _Stages:
    folder: Path
    progress: Progress
    hours: float | None

    def run(self, name: str, plan: Plan, digest: str, *, stale: Sequence[Path] = ()) -> None:
        """Runs a tool unless what it left is of these inputs.

        Args:
            stale: files that are removed before, since they are of what the tool leaves.
        """
        (command,) = plan.commands
        record = StageRecord(name, self.folder, digest_of(digest, command.argv))
        label = f"{name:<9}"
        if record.is_current():
            self.progress.say(f"[green]{label}[/] up to date")
            return
        record.begin()
        for path in stale:
            path.unlink(missing_ok=True)
        self.progress.say(f"[cyan]{label}[/] {command.argv[0]}")
        if self.hours is not None:
            plan = Plan(stages=((replace(command, timeout_s=3600 * self.hours),),))
        run(plan, self.folder)
        record.finish(self.folder / path for path in command.expects)


def _with_estimate(
    found: Placement, workspace: Target, board: Board, progress: Progress
) -> Placement:
    amount = total(
        layer.resources for layer in estimate_stage(workspace, board, progress).estimate.layers
    )
    estimated = {
        "LUT4": amount.lut, "FF": amount.ff, "EBR": amount.bram18, "MULT18X18D": amount.dsp,
    }  # fmt: skip
    rows = tuple(replace(row, estimated=float(estimated[row.name])) for row in found.resources)
    return replace(found, resources=rows)
