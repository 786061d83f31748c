"""The command fifo and the layout that the HLS project is emitted from; no training."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from dataflow_graphs import unet
from rich.console import Console
from typer.testing import CliRunner

from fcn_hw import cli
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.dataflow.certificate import Certificate, check_certificate
from fcn_hw.dataflow.lowering import lower
from fcn_hw.errors import ConfigError
from fcn_hw.flow import Workspace, fifos, open_workspace
from fcn_hw.flow.layout import (
    CERTIFICATE,
    DEPTHS,
    LAYOUT,
    OCCUPANCY,
    SIMULATION,
    current_layout,
)
from fcn_hw.flow.progress import Progress
from fcn_hw.ir.serialize import digest
from fcn_hw.results import read_result

pytestmark = pytest.mark.gxx

DESIGN = """
name: mini
dataset: {{kind: digit_scenes, height: 32, width: 32}}
network: {{kind: unet, filters: [8, 16, 16]}}
hls: {{ReuseFactor: 9, fifo_margin: {margin}}}
"""
GRAPH = unet(32, 32, (8, 16, 16, 8, 8))
BOARD = load_board("pynq-z2")
SKIP = "enc1_to_cat1"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path, 0.1)


def make_workspace(root: Path, margin: float) -> Workspace:
    folder = root / "hls_projects" / "mini"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "design.yaml").write_text(DESIGN.format(margin=margin))
    return open_workspace("mini", root)


def choose(workspace: Workspace):
    """The layout, and what was said."""
    output = io.StringIO()
    layout = current_layout(workspace, GRAPH, BOARD, Progress(Console(file=output)))
    return layout, output.getvalue()


def test_the_reports_agree_with_the_layout(workspace: Workspace) -> None:
    layout, said = choose(workspace)
    assert "fifo" in said
    project = workspace.project(BOARD)
    table = json.loads((project / DEPTHS).read_text())
    initial = {fifo.name: fifo.depth for fifo in lower(GRAPH).fifos}
    for fifo in layout.dataflow.fifos:
        row = table[fifo.name]
        assert list(row) == ["initial", "minimum", "optimized", "width_bits", "storage", "bram36"]
        assert (row["initial"], row["optimized"]) == (initial[fifo.name], fifo.depth)
        assert row["width_bits"] == fifo.tensor.channels * fifo.tensor.format.width
        assert (row["bram36"] > 0) == (row["storage"] == "bram")
    assert len(table) == len(layout.dataflow.fifos)
    assert table[SKIP]["optimized"] < table[SKIP]["initial"] == 32 * 32
    assert (project / OCCUPANCY).read_text().count(SKIP) == 1
    simulation = json.loads((project / SIMULATION).read_text())
    assert simulation["interval"] == simulation["frame_ends"][2] - simulation["frame_ends"][1]
    certificate = read_result(project / CERTIFICATE, Certificate)
    check_certificate(certificate, lower(GRAPH), layout.folding.folds, digest(GRAPH))


def test_a_layout_is_chosen_again_only_when_something_changed(
    workspace: Workspace, tmp_path: Path
) -> None:
    first, _ = choose(workspace)
    again, said = choose(workspace)
    assert again == first and said == ""
    deeper, said = choose(make_workspace(tmp_path, 1.0))
    assert said != ""
    assert depth(deeper, SKIP) > 1.5 * depth(first, SKIP)
    (workspace.project(BOARD) / LAYOUT).unlink()
    assert choose(workspace)[1] != ""


def depth(layout, name: str) -> int:
    return next(fifo.depth for fifo in layout.dataflow.fifos if fifo.name == name)


def test_the_emitted_project_has_the_sized_depths(workspace: Workspace) -> None:
    layout, _ = choose(workspace)
    plan = plan_project(GRAPH, BOARD, workspace.design.hls, layout)
    text = str(plan.files["firmware/unet.cpp"])
    emitted = dict(re.findall(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)", text))
    assert emitted == {fifo.name: str(fifo.depth) for fifo in layout.dataflow.fifos}
    table = json.loads((workspace.project(BOARD) / DEPTHS).read_text())
    bound = dict(re.findall(r"#pragma HLS BIND_STORAGE variable=(\w+) type=fifo impl=(\w+)", text))
    # the tool builds two words of registers by itself
    assert bound == {n: row["storage"] for n, row in table.items() if row["storage"] != "ff"}
    assert "bram" in bound.values()
    without = str(plan_project(GRAPH, BOARD, workspace.design.hls).files["firmware/unet.cpp"])
    assert f"variable={SKIP} depth=1024" in without


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def call(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fifos, "export_stage", lambda *_: GRAPH)
    arguments = ["fifo", "mini", "--board", "pynq-z2", "--root", str(tmp_path)]

    def run(*words: str):
        return CliRunner().invoke(cli.app, [*arguments, *words])

    return run


def test_the_table_shows_every_fifo(call) -> None:
    done = call()
    assert done.exit_code == 0, done.output
    for fifo in lower(GRAPH).fifos:
        assert fifo.name in done.output
    assert "no order of reads and writes deadlocks" in done.output
    assert "then a frame every" in done.output


def test_json_holds_depths_storage_and_what_processes_do(call) -> None:
    done = json.loads(call("--json").stdout)
    assert set(done["fifos"]) == {fifo.name for fifo in lower(GRAPH).fifos}
    assert 0 < done["bram36"] < done["initial_bram36"]
    run = done["simulation"]
    assert run["processes"][run["bottleneck"]]["stall_share"] == 0
    assert run["first_input"] < run["first_output"] < run["frame_ends"][0] < run["frame_ends"][1]
    assert run["frame_latency"] == run["frame_ends"][0] - run["first_input"] + 1
    for item in run["processes"].values():
        waits = item["waits_for_pixels"] + item["waits_for_slots"]
        assert item["stall_share"] == pytest.approx(waits / (item["busy"] + waits), abs=1e-4)
    for name, peak in run["peak_pixels"].items():
        assert peak <= done["fifos"][name]["optimized"]


def test_an_explanation_names_the_processes_that_wait(call) -> None:
    done = call("--explain", SKIP)
    assert done.exit_code == 0, done.output
    assert "'enc1_fork1' waits for a slot" in done.output
    assert "'cat1' waits for pixel 0 (row 0, column 0) of 'up1'" in done.output
    stored = json.loads(call("--explain", SKIP, "--json").stdout)
    assert stored["avoids_deadlock"] <= stored["keeps_rate"] <= stored["depth"]
    assert stored["deadlock"][0].startswith("'enc1_fork1' waits for a slot")


def test_fifos_are_sized_once_and_what_was_changed_is_not_believed(
    call, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, said, table = call().output.split("\n", 2)  # behind a warning: no training
    assert said == "fifo    folds, FIFO depths"
    explained, data = call("--explain", SKIP).output, call("--json").stdout
    with monkeypatch.context() as patch:
        patch.setattr("fcn_hw.flow.layout.choose_structure", None)
        assert call().output.split("\n", 2)[1:] == ["fifo    up to date", table]
        assert call("--json").stdout == data
        assert call("--explain", SKIP).output == explained
    depths = replace(workspace, untrained=True).project(BOARD) / DEPTHS
    whole = depths.read_text()
    depths.write_text(whole.replace('"optimized": 2', '"optimized": 3', 1))
    again = call().output
    assert again.endswith(table)
    assert (
        again.removesuffix(table)
        .replace("\n", " ")
        .endswith(f"fifo    folds, FIFO depths; changed or lost since they were written: {DEPTHS} ")
    )
    assert depths.read_text() == whole


def test_an_unknown_fifo_is_an_error(call) -> None:
    done = call("--explain", "skip_pool3")
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception) == "there is no FIFO 'skip_pool3'"
