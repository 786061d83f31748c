"""The report of workspaces in every state, read by a parser."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from html_checks import Document, problems
from report_workspaces import (
    BOARD,
    add_csim,
    add_graph,
    add_training,
    csim_result,
    empty_workspace,
    full_workspace,
    record_csim,
    skip_network,
)
from vendor_samples import (
    ROWS_7SERIES,
    Hls,
    cosim_rpt,
    csynth_xml,
    timing_rpt,
    utilization_rpt,
)

from fcn_hw.backend.block_design import TIMING, UTILIZATION
from fcn_hw.backend.hls_scripts import hls_layout
from fcn_hw.backend.structure import Layout, estimate_layout
from fcn_hw.boards import load_board
from fcn_hw.cli.printers.report import print_report
from fcn_hw.dataflow.certificate import Certificate
from fcn_hw.dataflow.lowering import lower
from fcn_hw.dataflow.occupancy import Held, Occupancy
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.files import replace_file
from fcn_hw.flow import Workspace, open_workspace
from fcn_hw.flow.estimate import EstimateRun
from fcn_hw.flow.estimate import write_report as write_estimate
from fcn_hw.flow.layout import FifoRow, FrameTimes, StoredFifos
from fcn_hw.flow.scenes import save_scenes
from fcn_hw.frontend.proofs import Status
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import digest
from fcn_hw.report import DesignReport, make_report, report_to_json, write_report
from fcn_hw.report.measured import Measured
from fcn_hw.report.page import page
from fcn_hw.report.section import Section
from fcn_hw.report.sections.exactness import exactness
from fcn_hw.report.sources import Sources, read_sources
from fcn_hw.results import write_result
from fcn_hw.rtl.reports import FifoReport, Gates, ProcessReport, RtlCosim, RtlSynthesis
from fcn_hw.studies.search.front import Point as Trial
from fcn_hw.studies.search.front import SearchResult, front_svg
from fcn_hw.studies.search.pricing import Costs
from fcn_hw.studies.search.space import Configuration
from fcn_hw.studies.sensitivity.picture import sensitivity_svg
from fcn_hw.studies.sensitivity.result import Finding, Kind, Level, Point, Sensitivity, Verdict

ALL = (
    "scenes", "accuracy", "training", "exactness", "network", "cycles", "resources", "fifos",
    "rtl", "precision", "weights", "exploration", "versions",
)  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return full_workspace(tmp_path_factory.mktemp("full é"))


def ready(workspace: Workspace) -> dict[str, bool]:
    made = make_report(workspace, load_board(BOARD))
    assert problems(made.html) == []
    assert [section.id for section in made.sections] == list(ALL)
    return {section.id: section.is_ready for section in made.sections}


def test_nothing_has_run_and_every_section_says_how_to_get_it(tmp_path: Path) -> None:
    workspace = empty_workspace(tmp_path)
    made = make_report(workspace, load_board(BOARD))
    assert problems(made.html) == []
    commands = {section.id: section.commands for section in made.sections}
    assert commands == {
        "scenes": ("fcn-hw csim mini --board pynq-z2",),
        "accuracy": ("fcn-hw train mini",),
        "training": ("fcn-hw train mini",),
        "exactness": ("fcn-hw csim mini --board pynq-z2",),
        "network": ("fcn-hw export mini",),
        "cycles": ("fcn-hw estimate mini --board pynq-z2",),
        "resources": ("fcn-hw estimate mini --board pynq-z2",),
        "fifos": ("fcn-hw fifo mini --board pynq-z2",),
        "rtl": (
            "fcn-hw csynth mini --board pynq-z2 --compiler fcn_hw --gates",
            "fcn-hw cosim mini --board pynq-z2 --compiler fcn_hw",
        ),
        "precision": ("fcn-hw export mini",),
        "weights": ("fcn-hw export mini",),
        "exploration": ("fcn-hw sensitivity mini", "fcn-hw search mini"),
        "versions": (),
    }
    shown = {element.text for element in Document(made.html).all("code")}
    assert {text for texts in commands.values() for text in texts} <= shown
    assert made.tiles == () and made.problems == ()


def test_a_section_appears_with_its_stage(tmp_path: Path) -> None:
    workspace, graph = empty_workspace(tmp_path), skip_network()
    add_training(workspace)
    assert [name for name, is_ready in ready(workspace).items() if is_ready] == [
        "accuracy", "training", "versions",
    ]  # fmt: skip
    add_graph(workspace, graph)
    assert [name for name, is_ready in ready(workspace).items() if is_ready] == [
        "accuracy", "training", "exactness", "network", "precision", "weights", "versions",
    ]  # fmt: skip
    assert "has not been simulated yet" in make_report(workspace, load_board(BOARD)).html
    add_csim(workspace, graph)
    assert ready(workspace)["scenes"]
    assert not ready(workspace)["cycles"]


@pytest.mark.gxx
def test_all_stages(full: Workspace) -> None:
    found = ready(full)
    assert [name for name, is_ready in found.items() if not is_ready] == ["rtl", "exploration"]
    made = make_report(full, load_board(BOARD))
    document = Document(made.html)
    pictures = document.all("img")
    alts = [picture.attributes["alt"] for picture in pictures]
    scenes = [alt for alt in alts if alt.startswith("Scene ")]
    assert len(scenes) == 2 * 6
    assert "4 differ between C simulation and quantized network" in scenes[-1]
    assert {tile.label for tile in made.tiles} == {
        "model = graph = C++", "mIoU of the C++", "Frames/s, estimate", "On pynq-z2, estimate",
    }  # fmt: skip
    titles = [element.text for element in document.all("title")]
    depth = json.loads((full.project(load_board(BOARD)) / "report/fifo_depths.json").read_text())
    skip = depth["conv1_to_score1"]["optimized"]
    assert any(
        t.startswith("conv1_to_score1: 16×24×4") and f" {skip:,} pixels" in t for t in titles
    )
    assert any(t.startswith("conv1: Conv2D; 16×24×4 ufixed<4,2") and "PE" in t for t in titles)
    assert sum(t.startswith("Weights of ") for t in titles) == 4


@pytest.mark.gxx
def test_what_rtl_measured_stands_beside_the_models(full: Workspace, tmp_path: Path) -> None:
    board = load_board(BOARD)
    shutil.copytree(full.folder.parent, tmp_path / "hls_projects")
    workspace = open_workspace("mini", tmp_path)
    graph = digest(skip_network())
    process = ProcessReport(
        "conv1", "conv2d", 5, 4, 1, 3.5, ("n",), "windows.h:203", 6.5, 7.3, 80, (), 1.0
    )
    gates = Gates("conv1", 600, 300, 0, 1.5, 620.0, 310.0, 0.0, 2.0)
    synthesis = RtlSynthesis(
        "mini", "fcn_hw", graph, "7series", 10.0, (process,), {"conv1": 12}, (gates,)
    )
    fifo = FifoReport("conv1_to_score1", 99, 7, 8)
    cosim = RtlCosim(
        "mini", "fcn_hw", graph, 2, 9, 12345, 4321, 4355, 4320, 9000, 9100, (fifo,), 9, 1.0
    )
    report = workspace.report(board)
    write_result(report / "rtl_csynth.json", synthesis)
    found = make_report(workspace, board)
    section = next(item for item in found.sections if item.id == "rtl")
    assert section.data["commands"] == ["fcn-hw cosim mini --board pynq-z2 --compiler fcn_hw"]
    assert section.data["latencies"] == [{"name": "conv1", "stages": 5, "rtl": 4, "modelled": 12}]
    assert [tuple(row.values()) for row in section.data["gates"]] == [
        ("conv1", "LUT", 600.0, 620.0),
        ("conv1", "FF", 300.0, 310.0),
        ("conv1", "BRAM36", 1.5, 2.0),
    ]
    write_result(report / "rtl_cosim.json", cosim)
    found = make_report(workspace, board)
    assert problems(found.html) == []
    section = next(item for item in found.sections if item.id == "rtl")
    assert section.data["clocks"] == [
        {"name": "frame to frame", "rtl": 4321, "modelled": 4355, "estimated": 4320},
        {"name": "first frame", "rtl": 9000, "modelled": 9100, "estimated": None},
    ]
    assert section.data["peaks"] == [
        {"name": "conv1_to_score1", "depth": 99, "rtl": 7, "modelled": 8}
    ]
    assert (
        '<td class="n">4,321</td><td class="n">4,355</td><td class="n">4,320</td>' in section.body
    )

    write_result(report / "rtl_cosim.json", replace(cosim, graph="another"))
    found = make_report(workspace, board)
    (problem,) = found.problems
    assert problem == (
        "pynq-z2/report/rtl_cosim.json is of an earlier graph: "
        "run fcn-hw cosim mini --board pynq-z2"
    )


@pytest.mark.gxx
def test_its_figures_are_those_that_the_verbs_write(full: Workspace, tmp_path: Path) -> None:
    board = load_board(BOARD)
    sources = read_sources(full, board)
    assert sources.graph and sources.layout and sources.estimate
    assert sources.fifos
    latency = sources.fifos.times.frame_latency
    run = EstimateRun(sources.graph, board, sources.layout, sources.estimate, latency)
    write_estimate(run, tmp_path)
    html = page(sources).html
    time_ms = sources.estimate.milliseconds(latency)
    assert (
        f"One frame through the empty design takes {latency:,} cycles, {time_ms:,.4g} ms, " in html
    )
    assert (tmp_path / "network.svg").read_text() in html
    occupancy = full.report(board) / "fifo_occupancy.svg"
    for path in (tmp_path / "cycles.svg", tmp_path / "resources.svg", occupancy):
        assert base64.b64encode(path.read_bytes()).decode() in html, path.name


@pytest.mark.gxx
def test_it_is_the_same_everywhere_and_names_no_folder(full: Workspace, tmp_path: Path) -> None:
    first = make_report(full, load_board(BOARD)).html
    shutil.copytree(full.folder.parent, tmp_path / "elsewhere" / "hls_projects")
    again = open_workspace("mini", tmp_path / "elsewhere")
    assert make_report(again, load_board(BOARD)).html == first
    assert str(full.folder.parents[1]) not in first
    path = write_report(make_report(again, load_board(BOARD)), again, load_board(BOARD))
    stamp = path.stat().st_mtime_ns
    write_report(make_report(again, load_board(BOARD)), again, load_board(BOARD))
    assert path.stat().st_mtime_ns == stamp


def test_with_convolutions_of_hls4ml_cycles_are_not_known(tmp_path: Path) -> None:
    workspace = empty_workspace(tmp_path).with_conv("hls4ml")
    add_graph(workspace, skip_network())
    made = make_report(workspace, load_board(BOARD))
    assert problems(made.html) == []
    assert "Convolutions are hls4ml's own" in made.html
    bodies = {section.id: section.body for section in made.sections}
    for name in ("cycles", "resources", "fifos"):
        assert "their cycles are not known" in bodies[name]
    assert "Folds, cycles and depths of FIFOs are missing" not in bodies["network"]


def test_a_design_elsewhere_is_named_without_its_folder(tmp_path: Path) -> None:
    workspace = empty_workspace(tmp_path)
    moved = shutil.move(workspace.folder, tmp_path / "mine")
    made = make_report(open_workspace(f"{moved}/design.yaml", tmp_path), load_board(BOARD))
    assert made.sections[0].commands == ("fcn-hw csim mine/design.yaml --board pynq-z2",)
    assert str(tmp_path) not in made.html


def test_void_is_white_and_counts_nowhere(tmp_path: Path) -> None:
    workspace, graph = empty_workspace(tmp_path), skip_network()
    add_graph(workspace, graph)
    add_csim(workspace, graph)
    image = np.zeros((1, 2, 2, 1), np.uint8)
    truth = np.array([[[1, 11], [1, 0]]], np.uint8)
    maps = dict.fromkeys(("truth", "float", "quantized", "C simulation"), np.ones_like(truth))
    path = workspace.report(load_board(BOARD)) / "segmentation.npz"
    save_scenes(path, image, {**maps, "truth": truth}, 11)
    record_csim(workspace, graph)
    made = make_report(workspace, load_board(BOARD))
    assert problems(made.html) == []
    texts = [element.attributes["alt"] for element in Document(made.html).all("img")]
    assert texts[1:3] == [
        "Scene 1, truth: classes class 0, class 1",
        "Scene 1, float: classes class 1; 66.7 % of the pixels are as in the truth",
    ]
    assert "1 pixels are wrong" in texts[-1]
    assert "does not count" in made.html


def test_mismatches_are_shown(tmp_path: Path) -> None:
    workspace, graph = empty_workspace(tmp_path), skip_network()
    add_training(workspace)
    add_graph(workspace, graph)
    add_csim(workspace, graph, mismatches=7)
    made = make_report(workspace, load_board(BOARD))
    assert made.tiles[0].value == "✗ not exact"
    assert "Not exact." in made.html and "[0,1,2,3] expected 4, got -5" in made.html
    rows = made.sections[ALL.index("exactness")].data["rows"]
    assert (rows[0]["cpp_values"], rows[0]["cpp_mismatches"]) == (1000, 7)
    assert (rows[0]["qkeras_values"], rows[0]["qkeras_mismatches"]) == (1000, 0)
    assert rows[0]["status"] == "exact"
    assert rows[-1]["status"] == "-" and rows[-1]["cpp_values"] == 1500


def test_a_measured_layer_shows_how_far_it_differs_and_is_no_failure(tmp_path: Path) -> None:
    workspace, graph = empty_workspace(tmp_path), skip_network()
    add_graph(workspace, graph)
    path = workspace.graph / "qkeras.json"
    rows = json.loads(path.read_text())
    first, second = [op.name for op in graph.ops if op.origin and op.inputs][:2]
    rows[first] |= {"mismatches": 3, "most_steps": 1.25}
    path.write_text(json.dumps(rows))
    known = {first: Status.MEASURED, second: Status.EXACT}
    made = exactness(replace(read_sources(workspace, load_board(BOARD)), statuses=known))
    shown = {row["tensor"]: row for row in made.data["rows"]}
    assert (shown[first]["qkeras_mismatches"], shown[first]["qkeras_steps"]) == (3, 1.25)
    assert (shown[first]["must_be_equal"], shown[second]["must_be_equal"]) == (False, True)
    assert 'class="bad"' not in made.body
    page_of_exact = make_report(workspace, load_board(BOARD)).html
    assert "1.25 steps" in page_of_exact and 'tr class="bad"' in page_of_exact


def test_results_of_another_graph_are_not_shown(tmp_path: Path) -> None:
    workspace = empty_workspace(tmp_path)
    add_graph(workspace, skip_network())
    add_csim(workspace, skip_network(seed=2))
    made = make_report(workspace, load_board(BOARD))
    assert made.problems == (
        "pynq-z2/report/csim.json is of an earlier graph: run fcn-hw csim mini --board pynq-z2",
    )
    assert not made.sections[0].is_ready
    assert problems(made.html) == []


@pytest.mark.gxx
def test_a_layout_of_another_graph_is_not_shown(full: Workspace, tmp_path: Path) -> None:
    shutil.copytree(full.folder.parent, tmp_path / "hls_projects")
    workspace = open_workspace("mini", tmp_path)
    add_graph(workspace, skip_network(seed=2))
    found = ready(workspace)
    assert not (found["scenes"] or found["cycles"] or found["resources"] or found["fifos"])


@pytest.mark.gxx
@pytest.mark.parametrize(
    "name",
    [
        "model/training.json", "model/float.h5", "graph/graph.json", "graph/weights.npz",
        "graph/qkeras.json", "graph/proofs.json", "pynq-z2/report/csim.json",
        "pynq-z2/report/segmentation.npz", "pynq-z2/report/dataflow.json",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["", "{", "[1]", "{}"])
def test_a_broken_file_is_named_and_the_rest_is_shown(
    full: Workspace, tmp_path: Path, name: str, text: str
) -> None:
    shutil.copytree(full.folder.parent, tmp_path / "hls_projects")
    workspace = open_workspace("mini", tmp_path)
    (workspace.folder / name).write_text(text)
    made = make_report(workspace, load_board(BOARD))
    assert problems(made.html) == []
    assert any(name in problem for problem in made.problems), made.problems
    assert str(tmp_path) not in made.html


def sections(made: DesignReport) -> dict[str, Section]:
    return {section.id: section for section in made.sections}


@pytest.mark.gxx
def test_nothing_is_stale_right_after_its_stage(full: Workspace) -> None:
    made = make_report(full, load_board(BOARD))
    assert made.problems == ()
    assert [section.stale for section in made.sections] == [()] * len(ALL)


@pytest.mark.gxx
def test_a_changed_design_marks_what_it_touches(
    full: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(full.folder.parent, tmp_path / "hls_projects")
    path = tmp_path / "hls_projects" / "mini" / "design.yaml"
    path.write_text(path.read_text() + "training: {patience: 11}\n")
    made = make_report(open_workspace("mini", tmp_path), load_board(BOARD))
    assert problems(made.html) == []
    found = sections(made)
    assert found["accuracy"].stale == (
        "changed since they were trained: training.patience 10 -> 11: run fcn-hw train mini",
    )
    below = "it stands on the result of {}, which is out of date: run fcn-hw {} mini"
    export, csim = below.format("train", "export"), below.format("export", "csim")
    csim += " --board pynq-z2"
    assert found["exactness"].stale == (export, csim)
    assert found["scenes"].stale == (csim,)
    assert found["accuracy"].is_ready and found["exactness"].is_ready
    assert "Stale, not of the design as it is now" in made.html
    assert {tile.value for tile in made.tiles} == {"stale"}
    print_report(made, tmp_path)
    assert (
        "shown   Accuracy\n        stale: changed since they were trained: "
        "training.patience 10 -> 11: run fcn-hw train mini\n"
    ) in capsys.readouterr().out
    assert "exact</b>" not in made.html


@pytest.mark.gxx
def test_other_settings_of_the_hardware_leave_the_training_alone(
    full: Workspace, tmp_path: Path
) -> None:
    shutil.copytree(full.folder.parent, tmp_path / "hls_projects")
    path = tmp_path / "hls_projects" / "mini" / "design.yaml"
    path.write_text(path.read_text().replace("ReuseFactor: 100", "ReuseFactor: 50"))
    found = sections(make_report(open_workspace("mini", tmp_path), load_board(BOARD)))
    assert found["accuracy"].stale == found["weights"].stale == ()
    assert not found["cycles"].is_ready  # folds are shown of these settings or not at all
    assert found["scenes"].stale == (
        "the project is of an earlier design.yaml, graph, or version of fcn_hw: "
        "run fcn-hw csim mini --board pynq-z2",
    )


@pytest.mark.gxx
def test_an_edited_source_makes_csim_stale(full: Workspace, tmp_path: Path) -> None:
    shutil.copytree(full.folder.parent, tmp_path / "hls_projects")
    workspace = open_workspace("mini", tmp_path)
    (workspace.project(load_board(BOARD)) / "graph.txt").write_text("mine\n")
    found = sections(make_report(workspace, load_board(BOARD)))
    assert found["scenes"].stale == (
        "the project has files that were edited by hand: graph.txt: "
        "run fcn-hw csim mini --board pynq-z2",
    )


@pytest.mark.gxx
@pytest.mark.parametrize(
    ("name", "verb", "section"),
    [
        ("model/training.json", "train mini", "accuracy"),
        ("graph/qkeras.json", "export mini", None),
        ("pynq-z2/report/csim.json", "csim mini --board pynq-z2", "scenes"),
        ("pynq-z2/report/fifo_depths.json", "fifo mini --board pynq-z2", "fifos"),
        ("pynq-z2/layout.json", "fifo mini --board pynq-z2", "cycles"),
    ],
)
def test_a_number_that_was_typed_in_is_named_and_not_shown(
    full: Workspace, tmp_path: Path, name: str, verb: str, section: str | None
) -> None:
    shutil.copytree(full.folder.parent, tmp_path / "hls_projects")
    workspace = open_workspace("mini", tmp_path)
    path = workspace.folder / name
    text = path.read_text()
    digits = [i for i, letter in enumerate(text) if letter in "12345678"]
    path.write_text(f"{text[: digits[-1]]}9{text[digits[-1] + 1 :]}")
    made = make_report(workspace, load_board(BOARD))
    told = f"{name} was changed after its stage wrote it: run fcn-hw {verb}"
    assert told in made.problems
    if section is not None:
        assert not sections(made)[section].is_ready


def test_a_simulation_of_a_part_of_the_images_is_not_shown_as_the_whole(tmp_path: Path) -> None:
    workspace, graph = empty_workspace(tmp_path), skip_network()
    add_training(workspace)
    add_graph(workspace, graph)
    add_csim(workspace, graph)
    report = workspace.report(load_board(BOARD))
    (report / "partial").mkdir()
    (report / "csim.json").rename(report / "partial" / "csim.json")
    made = make_report(workspace, load_board(BOARD))
    assert made.problems == (
        "pynq-z2/report/partial/csim.json is of a part of the images: "
        "run fcn-hw csim mini --board pynq-z2",
    )
    assert not made.sections[0].is_ready
    assert [tile.label for tile in made.tiles] == ["mIoU, quantized"]


def finding(layer: str, kind: Kind, level: Level, score: float) -> Finding:
    return Finding(Point(layer, kind, level), "f", 0.25, 0.5, Verdict(score, 1.5), None)


SENSITIVITY = Sensitivity(
    "mini", "mIoU", 5, 0.83, None, 0,
    (
        finding("conv1", "weights", 2, 0.5), finding("conv1", "weights", 4, 0.8),
        finding("conv1", "activations", 4, 0.81), finding("score", "weights", 2, 0.83),
    ),
)  # fmt: skip


def trial(number: int, lut: float, metric: float, is_front: bool) -> Trial:
    return Trial(number, Configuration({}, {}), metric, Costs(lut=lut), 4.0, is_front=is_front)


SEARCH = SearchResult(
    "mini", "mIoU", "lut", BOARD, "mini-lut",
    (trial(0, 2000, 0.8, True), trial(1, 1000, 0.7, True), trial(2, 2000, 0.6, False)),
    Costs(lut=1500), 0.79, 4.0, {},
)  # fmt: skip


def test_exploration_is_drawn_where_it_is(tmp_path: Path) -> None:
    workspace = empty_workspace(tmp_path)
    write_result(workspace.model / "sensitivity.json", SENSITIVITY)
    made = make_report(workspace, load_board(BOARD))
    section = made.sections[ALL.index("exploration")]
    assert problems(made.html) == [] and made.problems == ()
    assert section.is_ready and section.data["commands"] == ["fcn-hw search mini"]
    write_result(workspace.model / "search.json", SEARCH)
    made = make_report(workspace, load_board(BOARD))
    assert problems(made.html) == []
    for svg in (sensitivity_svg(SENSITIVITY), front_svg(SEARCH)):
        assert base64.b64encode(svg.encode()).decode() in made.html
    alts = [image.attributes["alt"] for image in Document(made.html).all("img")]
    assert any("the lowest is 0.5, weights of conv1 at 2 bits" in alt for alt in alts)
    assert any("trial 1: LUT 1,000, mIoU 0.7; trial 0: LUT 2,000, mIoU 0.8" in alt for alt in alts)


def test_retrained_points_and_errors_are_shown(tmp_path: Path) -> None:
    workspace = empty_workspace(tmp_path)
    point = replace(finding("conv1", "weights", "ternary", 0.5), retrained=Verdict(0.71, 1.0))
    again = replace(
        SENSITIVITY, baseline_retrained=0.84, retrain_epochs=2,
        findings=(point, *SENSITIVITY.findings),
    )  # fmt: skip
    write_result(workspace.model / "sensitivity.json", again)
    made = make_report(workspace, load_board(BOARD))
    assert problems(made.html) == [] and made.problems == ()
    cells = [element.text for element in Document(made.html).all("td")]
    place = cells.index("1.58")
    assert cells[place - 1 : place + 6] == ["weights", "1.58", "0.5", "0.71", "0.25", "0.5", "1.5"]


@pytest.mark.parametrize(
    "wrong",
    ["{}", '{"metric": "m", "float": NaN, "curves": []}', '{"metric":1,"cost":1,"points":[]}'],
)
def test_exploration_that_is_broken_is_named(tmp_path: Path, wrong: str) -> None:
    workspace = empty_workspace(tmp_path)
    for name in ("sensitivity.json", "search.json"):
        replace_file(workspace.model / name, wrong)
    made = make_report(workspace, load_board(BOARD))
    assert [problem.partition(" can't be read: ")[0] for problem in made.problems] == [
        "model/sensitivity.json", "model/search.json",
    ]  # fmt: skip
    assert not made.sections[ALL.index("exploration")].is_ready


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{ 7 * 7 }}"


def hostile(graph: Graph) -> Graph:
    """The graph, every op with a name that is markup."""
    names = {op.name: f"{op.name}{HOSTILE}" for op in graph.ops}
    ops = [
        replace(
            op,
            name=names[op.name],
            inputs=tuple(names[source] for source in op.inputs),
            output=replace(op.output, name=names[op.name]),
            origin=names[op.name] if op.origin else "",
        )
        for op in graph.ops
    ]
    return Graph(HOSTILE, tuple(ops), tuple(names[name] for name in graph.outputs))


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    workspace, board = empty_workspace(tmp_path), load_board(BOARD)
    add_training(workspace, classes=("background", HOSTILE, f"b{HOSTILE}"))
    add_graph(workspace, skip_network())
    add_csim(workspace, skip_network())
    graph, hls = hostile(skip_network()), workspace.design.hls
    layout = Layout(choose_folding(graph, board, hls), lower(graph))
    names = [fifo.name for fifo in layout.dataflow.fifos]
    fifo = FifoRow(9, 4, 5, 8, HOSTILE, 0.5)
    held = Occupancy(10, [9], {names[0]: Held([0, 5], [0, 4])})
    sources = replace(
        read_sources(workspace, board),
        graph=graph,
        csim=csim_result(graph, mismatches=1),
        statuses={},
        layout=layout,
        estimate=estimate_layout(graph, board, hls, layout),
        fifos=StoredFifos(
            dict.fromkeys(names, fifo),
            FrameTimes(0, 3, (9,), 9, 10, names[0], {}, dict.fromkeys(names, 4)),
            held,
            Certificate(HOSTILE, HOSTILE, {}, {}, (), HOSTILE, HOSTILE),
        ),
        measured=(Measured(HOSTILE, {"LUT": 1e9, "interval_cycles": 5.0}),),
        problems=(HOSTILE,),
        sensitivity=replace(
            SENSITIVITY, design=HOSTILE, findings=(finding(HOSTILE, "weights", 2, 0.5),)
        ),
        search=replace(SEARCH, design=HOSTILE, board=HOSTILE, study=HOSTILE),
        rtl_csynth=RtlSynthesis(
            HOSTILE, HOSTILE, HOSTILE, "7series", 10.0,
            (
                ProcessReport(
                    HOSTILE, HOSTILE, 5, 4, 1, 3.5, (HOSTILE,), HOSTILE, 6.5, 7.3, 80, (), 1.0
                ),
            ),
            {HOSTILE: 12}, (Gates(HOSTILE, 600, 300, 0, 1.5, 620.0, 310.0, 0.0, 2.0),),
        ),
        rtl_cosim=RtlCosim(
            HOSTILE, HOSTILE, HOSTILE, 2, 9, 12345, 4321, 4355, 4320, 9000, 9100,
            (FifoReport(HOSTILE, 99, 7, 8),), 9, 1.0,
        ),
    )  # fmt: skip
    made = page(sources)
    assert problems(made.html) == []
    assert all(section.is_ready for section in made.sections)
    document = Document(made.html)
    texts = [element.text for element in document.elements]
    for tag in ("th", "title", "desc", "figcaption", "td", "li"):
        assert any(HOSTILE in element.text for element in document.all(tag)), tag
    assert any(HOSTILE in element.attributes["alt"] for element in document.all("img"))
    assert not any("49" in text and "{{" not in text and "alert" in text for text in texts)
    assert "Does not fit: LUT" in made.html


def test_a_board_that_is_too_small_and_measurements(tmp_path: Path) -> None:
    workspace, board = empty_workspace(tmp_path), load_board(BOARD)
    graph, hls = skip_network(), workspace.design.hls
    layout = Layout(choose_folding(graph, board, hls), lower(graph))
    small = board.model_copy(
        update={"resources": board.resources.model_copy(update={"lut": 10, "dsp": 0})}
    )
    estimate = estimate_layout(graph, small, hls, layout)
    measured = (Measured("C synthesis", {"LUT": 7.0, "DSP": 0.0, "interval_cycles": 4321.0}),)
    made = page(
        Sources(workspace, small, graph=graph, layout=layout, estimate=estimate, measured=measured)
    )
    assert problems(made.html) == []
    data = {section.id: section.data for section in made.sections}
    assert data["resources"]["over"] == ["LUT (estimate)"]
    assert [row["source"] for row in data["resources"]["rows"] if row["resource"] == "LUT"] == [
        "estimate", "C synthesis",
    ]  # fmt: skip
    assert made.tiles[-1].state == "bad"
    assert "C synthesis says 4,321 cycles" in made.html
    assert not data["resources"]["commands"]  # C synthesis has run


@pytest.mark.gxx
def test_vendor_reports_stand_beside_the_estimate(full: Workspace, tmp_path: Path) -> None:
    shutil.copytree(full.folder.parent, tmp_path / "hls_projects")
    workspace, board = open_workspace("mini", tmp_path), load_board(BOARD)
    project, layout = workspace.project(board), hls_layout("mini")
    texts = {
        layout.csynth_xml: csynth_xml(Hls(top=layout.top)),
        layout.cosim_rpt: cosim_rpt(),
        UTILIZATION: utilization_rpt(ROWS_7SERIES),
        TIMING: timing_rpt(),
    }
    for name, text in texts.items():
        replace_file(project / name, text)
    made = make_report(workspace, board)
    assert made.problems == () and problems(made.html) == []
    data = {section.id: section.data for section in made.sections}
    lut = [row for row in data["resources"]["rows"] if row["resource"] == "LUT"]
    assert [(row["source"], row["used"]) for row in lut[1:]] == [
        ("C synthesis", 4567.0), ("routed, with DMA and interconnect", 9321.0),
    ]  # fmt: skip
    old = "; STALE, of other sources than the project has now: run fcn-hw"  # no stage left them
    assert data["resources"]["notes"] == [
        ["C synthesis", f"estimated clock 7.125 ns of 10 ns{old} csynth"],
        ["RTL cosimulation", f"Verilog passed{old} cosim"],
        [
            "routed, with DMA and interconnect",
            f"timing met, worst setup slack 0.412 ns{old} bitstream",
        ],
    ]
    assert data["cycles"]["measured"] == [["C synthesis", 6149], ["RTL cosimulation", 6149]]
    replace_file(project / UTILIZATION, "nonsense")
    made = make_report(workspace, board)
    assert "utilization.rpt" in made.problems[0] and problems(made.html) == []


def test_command_line(tmp_path: Path) -> None:
    workspace = empty_workspace(tmp_path)
    add_training(workspace)
    code = (
        "import sys; from fcn_hw.cli import main; sys.argv = ['fcn-hw', *sys.argv[1:]]\n"
        "try: main()\n"
        "finally:\n"
        "    loaded = {'tensorflow', 'tf_keras', 'qkeras', 'hls4ml'} & set(sys.modules)\n"
        "    assert not loaded, loaded\n"
    )

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        words = ("report", "mini", "--board", BOARD, "--root", str(tmp_path), *words)
        return subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
        )

    done = call()
    assert done.returncode == 0, done.stderr
    assert "shown   Accuracy" in done.stdout
    assert "missing FIFOs: fcn-hw fifo mini --board pynq-z2" in done.stdout
    assert "stale" not in done.stdout
    path = workspace.report(load_board(BOARD)) / "report.html"
    assert str(path) in done.stdout
    html = path.read_text(encoding="utf-8")
    assert problems(html) == []
    stored = json.loads(call("--json").stdout)
    assert stored["bytes"] == len(html.encode())
    assert stored["sections"]["accuracy"]["data"]["models"][2]["miou"] == 0.75
    assert stored["sections"]["fifos"]["commands"] == ["fcn-hw fifo mini --board pynq-z2"]
    assert stored["sections"]["fifos"]["ready"] is False


@pytest.mark.gxx
def test_json_holds_the_facts_and_no_pictures(full: Workspace) -> None:
    made = make_report(full, load_board(BOARD))
    text = json.dumps(report_to_json(made, Path("report.html")))
    assert "<" not in text.replace("fixed<", "") and "base64" not in text
    data = json.loads(text)["sections"]
    assert data["cycles"]["data"]["limit"] <= data["cycles"]["data"]["interval"]
    assert {row["name"] for row in data["precision"]["data"]["rows"]} >= {"conv1", "class_map"}


def test_broken_pages_are_noticed() -> None:
    good = '<html lang="en"><h1 id="a">x</h1><a href="#a">y</a></html>'
    assert problems(good) == []
    for bad, said in (
        (good.replace("#a", "#b"), "link to #b leads nowhere"),
        (good.replace("#a", "https://example.org"), "<a> refers to https://example.org"),
        (good.replace("</a>", "</a><p id='a'></p>"), "id 'a' occurs twice"),
        (good.replace("</a>", "</a><img src='data:x'>"), "an image has no alt text"),
        (good.replace("</a>", "</a><svg></svg>"), "an SVG has no label"),
        (good.replace("</a>", "</a><script></script>"), "<script> occurs"),
        (good.replace("</h1>", ""), "</html> at (1, 46) closes"),
        (good.replace("</a>", "</a><style>a{background:url(x)}</style>"), "style: url(x)"),
    ):
        assert any(problem.startswith(said) for problem in problems(bad)), problems(bad)
