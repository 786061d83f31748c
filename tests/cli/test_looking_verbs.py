"""show, diff, boards, doctor, new, clean: what they print for people and for machines."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from command_line import call
from sample_graphs import tiny_graph
from vendor_path import put_on_path

from fcn_hw.boards import board_names
from fcn_hw.design_yaml import check_layer_names, load_design_source
from fcn_hw.flow import doctor
from fcn_hw.flow.stage import StageRecord
from fcn_hw.frontend.proofs import Proof, save_proofs
from fcn_hw.ir.serialize import load, save
from fcn_hw.ops import Constant
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.train.design_network import layer_names


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    save(tiny_graph(), tmp_path / "graph")
    return tmp_path / "graph"


# -- new -------------------------------------------------------------------------------------------


PAIRS = [
    *product(["digit_scenes", "camvid", "voc", "list"], ["fcn32s", "fcn16s", "fcn8s", "unet"]),
    ("mnist", "cnn"),
]


@pytest.mark.parametrize("dataset, network", PAIRS)
def test_new_design_is_valid_and_commented(tmp_path: Path, dataset: str, network: str) -> None:
    words = ("new", "mine", "--dataset", dataset, "--network", network, "--root", str(tmp_path))
    maps = ("--upsampling", "transposed", "--skip", "concat", "--height", "40")
    called = call(*words, *(maps if network != "cnn" else ()))
    path = tmp_path / "hls_projects" / "mine" / "design.yaml"
    assert (called.status, called.out.replace("\n", "")) == (0, f"design: {path}")
    source = load_design_source(path)
    check_layer_names(source, layer_names(source.design))  # builds the network
    design = source.design
    assert (design.name, design.dataset.kind, design.network.kind) == ("mine", dataset, network)
    if network != "cnn":
        assert (design.network.upsampling, design.network.skip) == ("transposed", "concat")
        assert design.dataset.height == 40
    text = path.read_text()
    assert text.count("#") > 25
    assert max(map(len, text.splitlines())) <= 120
    columns = {line.rindex("# ") for line in text.splitlines() if "   # " in line.lstrip(" #")}
    assert columns == {34}
    # every commented key is a key: switched on, the design is valid too
    switched = text.replace("  # target_fps", "  target_fps").replace(
        "  # ClockPeriod", "  ClockPeriod"
    )
    switched = switched.replace("# csim:", "csim:").replace("#   images:", "  images:")
    switched = switched.replace("layers: {}   ", "layers:      ").replace(
        "  #   conv1", "    conv1"
    )
    switched = switched.replace("  # pruning", "  pruning").replace("#   split", "  split")
    switched = switched.replace("  # path", "  path").replace("  # train_limit", "  train_limit")
    switched = switched.replace("  # input", "  input").replace("  # masks", "  masks")
    path.write_text(switched)
    source = load_design_source(path)
    assert source.design.dataset.input is not None
    check_layer_names(source, layer_names(source.design))
    assert source.design.csim.images == 50
    assert source.design.precision.layers["conv1_1"].weight == 8
    if dataset != "digit_scenes":
        assert source.design.dataset.model_dump()["train_limit"] == 500


@pytest.mark.parametrize("dataset, network", [("mnist", "unet"), ("camvid", "cnn")])
def test_new_refuses_a_classifier_of_maps(tmp_path: Path, dataset: str, network: str) -> None:
    called = call(
        "new", "mine", "--dataset", dataset, "--network", network, "--root", str(tmp_path)
    )
    assert called.status == 2
    assert f"network {network} does not: mnist and cnn go together" in called.err
    assert not list(tmp_path.iterdir())


def test_new_never_overwrites(tmp_path: Path) -> None:
    words = ("new", "mine", "--root", str(tmp_path), "--json")
    called = call(*words)
    path = Path(json.loads(called.out)["path"])
    path.write_text("mine, edited")
    again = call(*words)
    assert (again.status, again.out, path.read_text()) == (2, "", "mine, edited")
    assert "there is such a design already" in again.err
    assert sorted(item.name for item in path.parent.iterdir()) == ["design.yaml"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("Mine",), "'Mine' can't be the name of a design"),
        (("../mine",), "'../mine' can't be the name of a design"),
        (("m" * 41,), "can't be the name of a design"),
        (("math",), "design: the compiler would take its math.h for that of the C library"),
        (("class",), "'class' can't be the name of a design: the name is a word of C, C++ or"),
        (("mine", "--dataset", "camvit"), "--dataset: there is no 'camvit'; near: 'camvid'"),
        (("mine", "--network", "fcn4s"), "--network: there is no 'fcn4s'; near: 'fcn8s'"),
        (("mine", "--skip", "sum"), "--skip: there is no 'sum'"),
        (("mine", "--height", "7"), "--height 7: input should be greater than or equal to 8"),
        (("mine", "--from", "no.h5"), "no.h5: there is no such model file"),
        (
            ("mine", "--from", "no.h5", "--network", "unet"),
            "--from and --network: the model is the network",
        ),
    ],
)
def test_new_refuses(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    called = call("new", *words, "--root", str(tmp_path))
    assert called.status == 2
    assert message in called.err.splitlines()[0]
    assert list(tmp_path.iterdir()) == []


# -- show ------------------------------------------------------------------------------------------


def test_show_a_graph_with_its_statuses(graph: Path) -> None:
    plain = call("show", str(graph))
    assert plain.out == (graph / "graph.txt").read_text()
    proofs = [
        Proof("scaled", "scaled", True, "scale and bias", "all steps"),
        Proof("counted", "counted", True, "thresholds", "all codes"),
    ]
    save_proofs(proofs, graph)
    shown = call("show", str(graph / "graph.json"))
    lines = shown.out.splitlines()
    assert lines[0] == plain.out.splitlines()[0]
    counted = next(line for line in lines if "%counted:" in line)
    assert counted.startswith("proved   ")
    looked_up = next(line for line in lines if "%looked_up:" in line)
    assert looked_up.startswith("measured ")
    data = json.loads(call("show", str(graph), "--json").out)
    assert data["digest"] == json.loads((graph / "graph.json").read_text())["digest"]
    by_name = {op["name"]: op for op in data["ops"]}
    assert by_name["counted"]["status"] == "proved"
    assert by_name["counted"]["proof"]["text"] == "all codes"
    assert by_name["conv1"]["macs"] == 6 * 8 * 9 * 2
    assert by_name["class_map"]["status"] is None


def test_show_a_design(tmp_path: Path, graph: Path) -> None:
    call("new", "mine", "--root", str(tmp_path))
    early = call("show", "mine", "--root", str(tmp_path))
    assert (early.status, early.out) == (2, "")
    assert early.err == "error: design 'mine' has no graph yet\nRun fcn-hw export mine.\n"
    shutil.copytree(graph, tmp_path / "hls_projects" / "mine" / "graph")
    assert call("show", "mine", "--root", str(tmp_path)).out == (graph / "graph.txt").read_text()
    assert "unknown design 'none'" in call("show", "none", "--root", str(tmp_path)).err


# -- diff ------------------------------------------------------------------------------------------


def test_diff_of_graphs(tmp_path: Path, graph: Path) -> None:
    same = call("diff", str(graph), str(graph))
    assert (same.status, same.out) == (0, "the two graphs are the same\n")
    tiny = load(graph)
    conv = tiny["conv1"]
    assert isinstance(conv, Conv2D)
    codes = np.array(conv.weight.codes)
    codes[1, 2, 0, 1] = -codes[1, 2, 0, 1] - 1
    other = replace(conv, weight=Constant(codes, conv.weight.format))
    save(tiny.with_ops([other if op.name == "conv1" else op for op in tiny.ops]), tmp_path / "b")
    called = call("diff", str(graph), str(tmp_path / "b"), "--json")
    assert called.status == 1
    data = json.loads(called.out)
    assert (data["kind"], data["same"]) == ("graphs", False)
    (change,) = data["changes"]
    assert (change["where"], change["what"]) == ("conv1", "weight codes")
    assert change["before"] == f"[1,2,0,1] = {conv.weight.codes[1, 2, 0, 1]}"
    assert change["after"] == f"[1,2,0,1] = {codes[1, 2, 0, 1]}; 1 of 18 differ"
    people = call("diff", str(graph), str(tmp_path / "b"))
    assert (people.status, people.out.splitlines()[-1]) == (1, "1 difference")


def test_diff_of_designs_and_reports(tmp_path: Path) -> None:
    root = ("--root", str(tmp_path))
    call("new", "a", *root)
    call("new", "b", *root, "--network", "fcn16s", "--height", "32")
    called = call("diff", "a", "b", *root, "--json")
    changes = {(c["where"], c["what"]): c for c in json.loads(called.out)["changes"]}
    assert set(changes) == {("", "name"), ("dataset", "height"), ("network", "kind")}
    assert changes["dataset", "height"]["after"] == "32 (-50.0 %)"
    for name, mismatches, layers in (("x", 0, ["p", "q"]), ("y", 4, ["q"])):
        rows = [{"layer": layer, "mismatches": mismatches} for layer in layers]
        document = {"images": 3, "compile_s": mismatches + 1.5, "layers": rows}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    called = call("diff", str(tmp_path / "x.json"), str(tmp_path / "y.json"), "--json")
    changes = {(c["where"], c["what"]): c for c in json.loads(called.out)["changes"]}
    assert set(changes) == {("layers", "p"), ("layers.q", "mismatches")}
    assert changes["layers.q", "mismatches"]["after"] == "4"
    (tmp_path / "y.json").write_text((tmp_path / "x.json").read_text().replace("1.5", "2.5"))
    assert call("diff", str(tmp_path / "x.json"), str(tmp_path / "y.json")).status == 0


def test_diff_refuses(tmp_path: Path, graph: Path) -> None:
    (tmp_path / "r.json").write_text("{")
    report = str(tmp_path / "r.json")
    called = call("diff", str(graph), report)
    assert called.status == 2
    assert "is one of the graphs" in called.err
    assert "not JSON" in call("diff", report, report).err
    assert "No such file" in call("diff", "none.json", "none.json").err
    assert "unknown design" in call("diff", "none", "none", "--root", str(tmp_path)).err


# -- boards, doctor, clean -------------------------------------------------------------------------


def test_boards() -> None:
    rows = json.loads(call("boards", "--json").out)
    assert [row["name"] for row in rows] == list(board_names())
    printed = call("boards").out
    for row in rows:
        assert row["name"] in printed
        assert f"{row['resources']['lut']:,}" in printed


def test_doctor_names_the_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "_NVIDIA", tmp_path)
    assert json.loads(call("doctor", "--json").out)["gpus"] == []
    assert "GPUs: none: training runs on the cores" in call("doctor").out
    for number in (0, 1):
        card = tmp_path / f"0000:0{number}:00.0"
        card.mkdir()
        (card / "information").write_text("Model: \t\t NVIDIA A10G\nIRQ:   \t\t 24\n")
    monkeypatch.setattr(doctor, "package_item", _without("nvidia-cudnn-cu12"))
    data = json.loads(call("doctor", "--json").out)
    assert data["gpus"] == ["NVIDIA A10G", "NVIDIA A10G"]
    assert data["gpus_problem"].startswith(
        "TensorFlow finds no CUDA libraries: pip install 'tensorflow[and-cuda]=="
    )
    printed = " ".join(call("doctor").out.split())
    assert "GPUs: NVIDIA A10G, NVIDIA A10G; TensorFlow finds no CUDA" in printed


def test_doctor_tells_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in list(os.environ):
        if name.startswith("FCN_HW_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FCN_HW_DATA", str(tmp_path / "none"))
    monkeypatch.setattr(doctor, "package_item", _without("scipy"))
    called = call("doctor", "--json")
    assert called.status == 1
    data = json.loads(called.out)
    stages = {item["stage"]: item for item in data["stages"]}
    assert stages["csim"]["missing"] == ["scipy", "g++"]
    assert stages["csynth"]["licensed"]
    assert data["data_problem"] == "there is no such folder"
    remedies = {item["name"]: item["remedy"] for item in data["items"]}
    assert remedies["g++"].endswith("Or set FCN_HW_GXX to its full path.")
    assert "pip install 'scipy" in remedies["scipy"]
    printed = call("doctor")
    assert printed.status == 1
    assert "csim       misses scipy, g++" in printed.out
    assert "something is missing" in printed.err


def test_doctor_says_what_vivado_hls_ignores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_on_path(monkeypatch, tmp_path, "vitis_hls", "vivado_hls")
    notes = {
        item["name"]: item["note"] for item in json.loads(call("doctor", "--json").out)["items"]
    }
    assert notes["vivado_hls"].startswith("Vivado HLS ignores the pragma BIND_STORAGE: it chooses")
    assert notes["vitis_hls"] == ""
    assert f"vivado_hls: {notes['vivado_hls']}" in " ".join(call("doctor").out.split())


def _without(name: str):  # type: ignore[no-untyped-def]
    real = doctor.package_item

    def package(asked: str, wanted: str) -> doctor.Item:
        return (
            real("no-such-package" if asked == name else asked, wanted)
            if asked != name
            else (
                doctor.Item(
                    name, "package", problem="is not installed", remedy=f"pip install '{name}'"
                )
            )
        )

    return package


def test_doctor_knows_an_installed_wrong_version() -> None:
    item = doctor.package_item("numpy", "==0.1")
    assert item.problem.startswith("is ")
    assert item.problem.endswith("fcn_hw needs 0.1")
    assert doctor.package_item("numpy", ">=1").problem == ""
    assert doctor.package_item("no-such-package", "").problem == "is not installed"


@pytest.mark.gxx
def test_doctor_asks_the_compiler() -> None:
    found = {item.name: item for item in doctor.diagnose().items}
    assert found["g++"].version.count(".") >= 1
    assert found["numpy"].version == np.__version__


def test_clean_json(tmp_path: Path, graph: Path) -> None:
    call("new", "mine", "--root", str(tmp_path))
    folder = tmp_path / "hls_projects" / "mine"
    shutil.copytree(graph, folder / "graph")
    files = len(list((folder / "graph").iterdir()))
    words = ("clean", "mine", "--root", str(tmp_path), "--json")
    removed = {"removed": [str(folder / "graph")], "files": files, "kept": []}
    assert json.loads(call(*words, "--dry-run").out) == removed
    assert json.loads(call(*words).out) == removed
    assert not (folder / "graph").exists()
    assert json.loads(call(*words).out) == {"removed": [], "files": 0, "kept": []}


def test_a_report_that_was_changed_by_hand_is_named(tmp_path: Path) -> None:
    for name, count in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "csim.json"
        path.write_text(json.dumps({"mismatches": count}))
        StageRecord("csim", path.parent, "d").finish([path])
    assert call("diff", str(tmp_path / "a"), str(tmp_path / "b")).err == ""
    (tmp_path / "b" / "csim.json").write_text(json.dumps({"mismatches": 1}))
    called = call("diff", str(tmp_path / "a"), str(tmp_path / "b"))
    assert called.status == 0
    told = "".join(called.err.split())
    assert "b/csim.jsonwaschangedafteritsstagewroteit" in told
