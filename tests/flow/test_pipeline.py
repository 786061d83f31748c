"""A whole tiny design through every stage, twice, broken and interrupted."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import vendor_samples as samples
from rich.console import Console

from fcn_hw.backend.hls_scripts import hls_layout
from fcn_hw.boards import load_board
from fcn_hw.flow import Workspace, csim_stage, open_workspace, pipeline
from fcn_hw.flow.progress import Progress
from fcn_hw.handoff.archive import read
from fcn_hw.handoff.verify import check_contents, check_files
from fcn_hw.ir.serialize import load
from fcn_hw.plan import Plan

pytestmark = pytest.mark.gxx

DESIGN = """
name: mini
dataset: {kind: digit_scenes, height: 19, width: 26, train_images: 12, val_images: 5, seed: 3}
network: {kind: fcn8s, filters: [2, 3, 4], upsampling: nearest}
training: {batch_size: 4, float_epochs: 1, retrain_epochs: 1, calibration_images: 4}
hls: {ReuseFactor: 100}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a root with spaces é")
    (folder / "hls_projects" / "mini").mkdir(parents=True)
    (folder / "hls_projects" / "mini" / "design.yaml").write_text(DESIGN)
    return folder


def said(workspace: Workspace, **kwargs: Any) -> tuple[str, pipeline.CsimResult]:
    output = io.StringIO()
    progress = Progress(Console(file=output, width=100))
    result = csim_stage(workspace, load_board("arty-z7-20"), progress, **kwargs)
    return output.getvalue(), result


@pytest.fixture(scope="module")
def first_run(root: Path) -> tuple[str, pipeline.CsimResult]:
    return said(open_workspace("mini", root))


def test_every_stage_runs_and_is_exact(
    root: Path, first_run: tuple[str, pipeline.CsimResult]
) -> None:
    text, result = first_run
    for stage in ("train", "export", "hls", "lint", "build", "csim"):
        assert stage in text
    assert result.exact
    assert result.images == 5
    assert result.score_csim == result.score_quantized
    assert {row.models for row in result.layers} == {"Q=O=C", "O=C"}
    report = root / "hls_projects" / "mini" / "arty-z7-20" / "report"
    stored = json.loads((report / "csim.json").read_text())
    for key in (
        "images", "values_compared", "mismatches", "argmax_flips", "score_float",
        "score_quantized", "score_csim", "compile_s", "csim_images_per_s",
    ):  # fmt: skip
        assert key in stored
    assert stored["values_compared"] == sum(row.values for row in result.layers)
    assert (report / "segmentation.png").read_bytes().startswith(b"\x89PNG")


def test_second_run_skips_every_stage(
    root: Path, first_run: tuple[str, pipeline.CsimResult]
) -> None:
    text, result = said(open_workspace("mini", root))
    assert [line.split() for line in text.splitlines()] == [
        [stage, "up", "to", "date"] for stage in ("train", "export", "hls", "lint", "csim")
    ]
    assert first_run[1].compile_s is not None and result.compile_s is None
    assert replace(result, compile_s=first_run[1].compile_s) == first_run[1]


def test_fewer_images(root: Path, first_run: tuple[str, pipeline.CsimResult]) -> None:
    _, result = said(open_workspace("mini", root), images=2)
    assert result.exact
    assert result.images == 2


def test_emitted_cpp_has_no_warning(root: Path, first_run: tuple[str, pipeline.CsimResult]) -> None:
    logs = root / "hls_projects" / "mini" / "arty-z7-20" / "logs"
    compiled = sorted(logs.glob("compile-*.log"))
    assert {log.stem for log in compiled} >= {"compile-firmware-mini", "compile-tb-lanes_main"}
    for log in compiled:
        assert "warning" not in log.read_text()


def test_sign_off_finds_the_same(root: Path, first_run: tuple[str, pipeline.CsimResult]) -> None:
    """With the official ap_types: another program and another record, the same result."""
    workspace = open_workspace("mini", root)
    (workspace.report(load_board("arty-z7-20")) / ".csim.stage.json").unlink()
    said(workspace)  # on all images: the last run may have been of a part
    text, result = said(workspace, sign_off=True)
    assert "build" in text
    assert "sign_off" in text
    assert result.ap_types
    timeless = {"compile_s": 0.0, "csim_images_per_s": 0.0, "ap_types": False}
    assert replace(result, **timeless) == replace(first_run[1], **timeless)
    maps = [
        (workspace.project(load_board("arty-z7-20")) / folder / "class_map.u8").read_bytes()
        for folder in ("csim", "sign_off")
    ]
    assert maps[0] == maps[1]
    for kwargs in ({"sign_off": True}, {}):
        assert "up to date" in said(workspace, **kwargs)[0].splitlines()[-1]


def test_compiled_once(root: Path, first_run: tuple[str, pipeline.CsimResult]) -> None:
    """Other images are another simulation, but the program is the same."""
    text, result = said(open_workspace("mini", root), images=3)
    assert "build" not in text
    assert result.images == 3
    assert said(open_workspace("mini", root))[1].exact


def test_wrong_weights_are_found(
    root: Path,
    first_run: tuple[str, pipeline.CsimResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emit = pipeline.plan_project

    def wrong(*args: object) -> Plan:
        plan = emit(*args)  # type: ignore[arg-type]
        path = "firmware/weights/conv1_1.h"
        text = str(plan.files[path])
        assert "{-" in text
        return replace(plan, files={**plan.files, path: text.replace("{-", "{")})

    monkeypatch.setattr(pipeline, "plan_project", wrong)
    _, result = said(open_workspace("mini", root))
    assert not result.exact
    first = next(row for row in result.layers if row.layer == "conv1_1")
    assert first.mismatches > 0
    assert first.first is not None
    monkeypatch.undo()
    assert said(open_workspace("mini", root))[1].exact


def test_estimate_stands_beside_csynth(
    root: Path, first_run: tuple[str, pipeline.CsimResult]
) -> None:
    words = [sys.executable, "-m", "fcn_hw", "estimate", "mini", "--board", "arty-z7-20"]
    words += ["--root", str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "beside C synthesis" not in done.stdout
    folder = root / "hls_projects/mini/arty-z7-20" / hls_layout("mini").csynth_folder
    folder.mkdir(parents=True)
    numbers = replace(samples.Hls(), top="mini_axi", lut=70001)
    (folder / "mini_axi_csynth.xml").write_text(samples.csynth_xml(numbers))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "estimate beside C synthesis" in done.stdout
    assert "70,001" in done.stdout


def test_interrupted_at_any_write_and_run_on(
    root: Path,
    first_run: tuple[str, pipeline.CsimResult],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every eleventh file is interrupted before it gets its name; each run goes on from there."""
    before, folder = root / "hls_projects" / "mini", tmp_path / "hls_projects" / "mini"
    shutil.copytree(before / "model", folder / "model")
    shutil.copy(before / "design.yaml", folder)
    replace_path, writes, interrupted = Path.replace, 0, 0

    def replace_or_stop(self: Path, target: Path) -> Path:
        nonlocal writes
        writes += 1
        if writes == 11:
            raise KeyboardInterrupt
        return replace_path(self, target)

    monkeypatch.setattr(Path, "replace", replace_or_stop)
    while True:
        writes = 0
        try:
            _, result = said(open_workspace("mini", tmp_path))
            break
        except KeyboardInterrupt:
            interrupted += 1
    assert interrupted > 4
    assert result.exact
    assert result.layers == first_run[1].layers
    names = ("graph/graph.json", "graph/weights.npz", "graph/proofs.json", "graph/qkeras.json")
    for name in (*names, "arty-z7-20/layout.json", "arty-z7-20/report/segmentation.png"):
        assert (folder / name).read_bytes() == (before / name).read_bytes(), name
    assert [path.name for path in folder.rglob(".*.lock")] == []


def test_handoff(root: Path, first_run: tuple[str, pipeline.CsimResult]) -> None:
    """From the command line to a bundle whose files and golden codes hold, twice the same."""

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fcn_hw", "handoff", "mini", "--board", "arty-z7-20", *words],
            capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"},
        )  # fmt: skip

    done = call("--root", str(root))
    assert done.returncode == 0, done.stderr
    path = root / "handoff" / "mini-arty-z7-20.tar.gz"
    assert f"bundle: {path}" in done.stdout
    assert "absent, their stages have not run: " in done.stdout
    assert "bitstream, hardware description" in done.stdout
    name, files = read(path)
    manifest = check_files(name, files)
    assert manifest.frames == 3
    graph = load(root / "hls_projects" / "mini" / "graph")
    _, agreeing = check_contents(manifest, graph, load_board("arty-z7-20"), files)
    assert agreeing == (
        "scripts/project.tcl", "scripts/block_design.tcl", "firmware/mini.cpp",
        "firmware/parameters.h", "README.md", "reports/estimate_layer_cycles.json",
        "reports/estimate_layer_resources.json", "reports/estimate_network_performance.json",
        "reports/csim.json", "reports/fifo_certificate.json", "reports/fifo_depths.json",
    )  # fmt: skip
    assert re.fullmatch("[0-9a-f]{40}|unknown", manifest.git_commit)
    assert set(manifest.tools) == {"fcn_hw", "g++", "hls4ml", "jinja2", "numpy"}
    assert "compile_s" not in json.loads(files["reports/csim.json"])
    assert "reports/fifo_certificate.json" in files
    project = root / "hls_projects" / "mini" / "arty-z7-20"
    (project / "bitstream").mkdir()
    (project / "bitstream" / "mini.bit").write_bytes(b"bits")
    other = root / "elsewhere"
    made = json.loads(
        call("--root", str(root), "--output", str(other), "--images", "2", "--json").stdout
    )
    # no finished stage stands for it, so it may be another design's
    assert made["vendor"]["bitstream"] == "absent"
    assert "bitstream/mini.bit" not in read(Path(made["path"]))[1]
    shutil.rmtree(project / "bitstream")
    again = json.loads(call("--root", str(root), "--output", str(other), "--json").stdout)
    assert Path(again["path"]).read_bytes() == path.read_bytes()


def test_command_line(root: Path, first_run: tuple[str, pipeline.CsimResult]) -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fcn_hw", *words, "--root", str(root)],
            capture_output=True, text=True, check=False,
            env={**os.environ, "COLUMNS": "80"},
        )  # fmt: skip

    done = call("csim", "mini", "--board", "arty-z7-20")
    assert done.returncode == 0, done.stderr
    assert "exact: model = integer oracle = C++" in done.stdout
    assert "0 mismatches, 0 arg-max flips" in done.stdout
    shown = call("csim", "mini", "--board", "arty-z7-20", "--json")
    assert json.loads(shown.stdout)["mismatches"] == 0
    trained = call("train", "mini", "--json")
    assert set(json.loads(trained.stdout)) >= {"float", "direct", "retrained"}
    bounded = ("csim", "mini", "--board", "arty-z7-20", "--bounded")
    done = call(*bounded)
    assert done.returncode == 0, done.stderr
    assert "no deadlock: 3 images back to back through" in done.stdout
    stored = json.loads(call(*bounded, "--images", "2", "--json").stdout)
    assert (stored["images"], stored["mismatches"]) == (2, 0)
    assert stored["values_compared"] == 2 * 19 * 26
    skip = "pool1_to_score_pool1"
    stuck = call(*bounded, "--depth", f"{skip}=1")
    assert stuck.returncode == 1
    assert "error: 'mini' deadlocks: 14 processes wait for one another" in stuck.stderr
    assert f"{skip}: full, 1 of 1, frame 0" in stuck.stderr
    for words, message in (
        ((*bounded, "--depth", "pool9=3"), "the project has no FIFO 'pool9'"),
        ((*bounded, "--depth", f"{skip}=0"), f"FIFO '{skip}' can't hold 0 pixels"),
        ((*bounded, "--depth", skip), f"'{skip}' is no FIFO=DEPTH"),
        ((*bounded[:-1], "--depth", f"{skip}=4"), "--depth has no effect without --bounded"),
        ((*bounded, "--sign-off"), "--sign-off has no effect with --bounded"),
        (("csim", "mini", "--board", "pynq-z3"), "unknown board 'pynq-z3'; near: 'pynq-z2'"),
        (("hls", "minni", "--board", "pynq-z2"), "unknown design 'minni'"),
    ):
        failed = call(*words)
        assert failed.returncode == 2
        assert message in failed.stderr
        assert "Traceback" not in failed.stderr
    removed = call("clean", "mini")
    assert removed.returncode == 0
    folder = root / "hls_projects" / "mini"
    left = sorted(path.name for path in (folder / "arty-z7-20").rglob("*") if path.is_file())
    assert left == ["mini_axi_csynth.xml"]  # of another test, by hand: no stage wrote it
    assert sorted(path.name for path in folder.iterdir() if path.name != "arty-z7-20") == [
        "design.yaml", "model",
    ]  # fmt: skip


def test_ctrl_c_keeps_what_was_finished() -> None:
    code = (
        "import sys; import fcn_hw.flow.clean as module; from fcn_hw.cli import main\n"
        "def stop(*a, **k): raise KeyboardInterrupt\n"
        "module.find_generated = stop; sys.argv = ['fcn-hw', 'clean']; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "interrupted; what was finished is kept\n"


@pytest.mark.parametrize(
    "words", [("--help",), *((verb, "--help") for verb in ("csim", "hls", "handoff"))]
)
def test_help_loads_no_tensorflow(words: tuple[str, ...]) -> None:
    code = (
        "import sys; from fcn_hw.cli import main; sys.argv = ['fcn-hw', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        "loaded = {'tensorflow', 'tf_keras', 'qkeras', 'hls4ml'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if words[0] != "--help":
        assert f": fcn-hw {words[0]} digits_fcn8s" in done.stdout
