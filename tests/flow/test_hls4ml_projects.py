"""``Conv: hls4ml`` in a design: what the stages refuse, and where the project goes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sample_graphs import tiny_graph

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.hls4ml_conv import emitted_graph
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.cli.printers.csim import print_csim
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError
from fcn_hw.flow import open_workspace
from fcn_hw.flow.clean import find_generated
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.estimate import estimate_design
from fcn_hw.flow.fifos import fifo_stage
from fcn_hw.flow.frames import random_codes
from fcn_hw.flow.hls4ml_conv import say_own_convolutions
from fcn_hw.flow.progress import Progress
from fcn_hw.harness.bounded import compare_outputs, plan_build, simulate
from fcn_hw.tools.runner import run, write_files

DESIGN = """
name: mini
dataset: {kind: digit_scenes, height: 19, width: 26}
network: {kind: fcn8s, filters: [2, 3, 4]}
hls: {Conv: %s}
"""
BOARD = load_board("pynq-z2")


def write_design(root: Path, conv: str = "hls4ml") -> None:
    folder = root / "hls_projects" / "mini"
    folder.mkdir(parents=True)
    (folder / "design.yaml").write_text(DESIGN % conv)


def progress() -> Progress:
    return Progress(Console(file=io.StringIO(), width=200))


def test_both_projects_have_a_folder(tmp_path: Path) -> None:
    write_design(tmp_path)
    theirs = open_workspace("mini", tmp_path)
    ours = theirs.with_conv("fcn_hw")
    assert theirs.with_conv(None) is theirs
    assert (ours.design.hls.Conv, ours.source.path) == ("fcn_hw", theirs.source.path)
    assert theirs.project(BOARD).name == "pynq-z2_hls4ml"
    assert theirs.report(BOARD).parent == theirs.project(BOARD)
    assert ours.project(BOARD).name == "pynq-z2"
    for workspace in (theirs, ours):
        workspace.report(BOARD).mkdir(parents=True)
    found = find_generated(tmp_path, "mini", models=False)
    assert {item.folder for item in found} == {ours.project(BOARD), theirs.project(BOARD)}


def test_what_stands_on_cycles_is_refused(tmp_path: Path) -> None:
    write_design(tmp_path)
    workspace = open_workspace("mini", tmp_path)
    for what, command in {
        "fifo": lambda: fifo_stage(workspace, BOARD, progress()),
        "estimate": lambda: estimate_design(workspace, BOARD, progress()),
    }.items():
        with pytest.raises(ConfigError) as caught:
            command()
        assert caught.value.message == (
            f"hls.Conv is hls4ml: '{what}' stands on the cycles of fcn_hw's convolutions, those "
            "of hls4ml are not known"
        )
        assert caught.value.hint == (
            "Set hls.Conv to fcn_hw, or run csim, which compares the codes of both."
        )


def test_a_wrong_value_names_the_line(tmp_path: Path) -> None:
    write_design(tmp_path, conv="finn")
    with pytest.raises(ConfigError, match=r"design.yaml:5: hls.Conv"):
        open_workspace("mini", tmp_path)


def test_emission_says_what_stays(tmp_path: Path) -> None:
    for conv, expected in {
        "fcn_hw": "",
        "hls4ml": "        hls4ml's convolutions: cycles and FIFO depths are not proved; "
        "fcn_hw's stay: up, apart\n",
    }.items():
        said = io.StringIO()
        say_own_convolutions(tiny_graph(), Hls(Conv=conv), Progress(Console(file=said, width=200)))
        assert said.getvalue() == expected


def test_the_verdict_says_what_is_not_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "convolutions: hls4ml's own; cycles and FIFO depths are not proved\n"
    ours = CsimResult(1, 0, 0, 0, None, None, None, None, 1.0, ())
    print_csim(ours, tmp_path)
    assert said not in capsys.readouterr().out
    print_csim(replace(ours, conv="hls4ml"), tmp_path)
    assert said in capsys.readouterr().out


@pytest.mark.gxx
def test_safe_depths_do_not_deadlock(tmp_path: Path) -> None:
    graph = tiny_graph()
    emitted = emitted_graph(graph, "hls4ml")
    write_files(plan_project(graph, BOARD, Hls(Conv="hls4ml", ReuseFactor=4)), tmp_path)
    run(plan_build(ap_types_folder(), optimize="-O0"), tmp_path)
    codes = random_codes(graph, 3)
    finished = simulate(emitted, tmp_path, codes)
    for found in compare_outputs(emitted, finished, codes).values():
        assert (found.values, found.mismatches) == (3 * 48, 0)
    assert "conv1_padding" in {fifo.name for fifo in finished.fifos}
