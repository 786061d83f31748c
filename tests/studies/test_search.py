"""A whole search of a tiny design: a worker killed, Ctrl-C, resumed; a point is built."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from rich.console import Console

from fcn_hw.api import search_design
from fcn_hw.boards import load_board
from fcn_hw.errors import ConfigError
from fcn_hw.flow import csim_stage, open_workspace
from fcn_hw.flow.progress import Progress
from fcn_hw.ir.serialize import load
from fcn_hw.results import read_result
from fcn_hw.studies.search import run
from fcn_hw.studies.search.front import SearchResult
from fcn_hw.studies.search.options import SearchOptions
from fcn_hw.studies.search.setting import setting_of
from fcn_hw.studies.search.space import Space

pytestmark = pytest.mark.gxx

DESIGN = """
name: mini
dataset: {kind: digit_scenes, height: 19, width: 26, train_images: 24, val_images: 5, seed: 3}
network: {kind: fcn16s, filters: [2, 3], upsampling: nearest}
training: {batch_size: 4, float_epochs: 1, retrain_epochs: 1, calibration_images: 4}
hls: {ReuseFactor: 100}
"""
TRIALS = 4


def words(root: Path, *more: str) -> list[str]:
    return ["search", "mini", "--root", str(root), "--board", "arty-z7-20", "--epochs", "8",
            "--json", "--trials", str(TRIALS), *more]  # fmt: skip


def until(condition: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    started = time.monotonic()
    while not (found := condition()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - started < 600, "it did not come"
        time.sleep(0.05)
    return found


def workers_of(pid: int) -> list[int]:
    """Processes that another one has started by ``multiprocessing`` and that live."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            words = (folder / "cmdline").read_text()
        except OSError:
            continue
        if int(parent) == pid and state != "Z" and "spawn_main" in words:
            found.append(int(folder.name))
    return sorted(found)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    (folder / "hls_projects" / "mini").mkdir(parents=True)
    (folder / "hls_projects" / "mini" / "design.yaml").write_text(DESIGN)
    return folder


@pytest.fixture(scope="module")
def story(root: Path) -> dict[str, Any]:
    """Two workers, one killed in a trial; then Ctrl-C; then the same command again."""
    options = SearchOptions(board="arty-z7-20", trials=TRIALS, epochs=8)
    setting = setting_of("mini", root, options)
    folder = root / "hls_projects" / "mini"
    first = subprocess.Popen(
        [sys.executable, "-m", "fcn_hw", *words(root, "--workers", "2")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until((folder / "search" / "formats.json").exists, first)
        trials = setting.trials()
        # a checkpoint: retraining has begun and is not at its end
        until(lambda: len(list((folder / "search" / "work").glob("[!.]*.npz"))) == 2, first)
        killed, other = workers_of(first.pid)
        os.kill(killed, signal.SIGKILL)
        until(lambda: trials.counts().evaluated >= 2, first)
        workers = workers_of(first.pid)
        assert other in workers and killed not in workers
        before = {p: p.stat().st_mtime_ns for p in (folder / "search" / "evaluations").iterdir()}
        first.send_signal(signal.SIGINT)
        out, told = first.communicate(timeout=600)
    finally:
        first.kill()
    gone = [not Path(f"/proc/{pid}").exists() for pid in workers]
    second = call(*words(root, "--workers", "1"))
    return {
        "status": first.returncode, "out": out, "told": told,
        "gone": gone, "before": before, "second": second, "trials": trials, "space": setting.space,
    }  # fmt: skip


def test_ctrl_c_keeps_what_is_finished_and_leaves_no_worker(story: dict[str, Any]) -> None:
    assert story["status"] == 130
    assert "interrupted; what was finished is kept" in story["told"]
    assert story["out"] == ""
    assert all(story["gone"])


def test_nothing_is_lost_and_nothing_done_twice(root: Path, story: dict[str, Any]) -> None:
    assert story["second"].status == 0, story["second"].err
    found = story["trials"].evaluated()
    assert len(found) == TRIALS
    assert len({chosen.digest for _, chosen, _ in found}) == TRIALS
    assert story["trials"].counts().running == 0
    evaluations = root / "hls_projects" / "mini" / "search" / "evaluations"
    assert len(list(evaluations.iterdir())) == TRIALS  # one a configuration
    for path, changed in story["before"].items():
        assert path.stat().st_mtime_ns == changed
    assert not list((root / "hls_projects" / "mini" / "search" / "work").iterdir())


def test_what_is_printed_and_kept(root: Path, story: dict[str, Any]) -> None:
    printed = json.loads(story["second"].out)
    model = root / "hls_projects" / "mini" / "model"
    assert printed == json.loads((model / "search.json").read_text())
    assert (model / "search.png").read_bytes().startswith(b"\x89PNG")
    assert read_result(model / "search.json", SearchResult).front
    space: Space = story["space"]
    own = space.as_designed()
    assert own is not None
    (first,) = [  # the design itself is evaluated too
        row
        for row in printed["points"]
        if row["configuration"] == {"weights": own.weights, "activations": own.activations}
    ]
    assert printed["average_bits_as_designed"] == first["average_bits"]
    for row in printed["points"]:
        assert (row["design"] is not None) == row["is_front"]


def test_a_point_of_the_front_is_built(root: Path, story: dict[str, Any]) -> None:
    """Its bits are those of the graph, its cost the search's but for what retraining changed."""
    rows = json.loads(story["second"].out)["points"]
    row = min((row for row in rows if row["is_front"]), key=lambda row: row["costs"]["lut"])
    workspace = open_workspace(str(root / "hls_projects" / "mini" / row["design"]), root)
    result = csim_stage(workspace, load_board("arty-z7-20"), Progress(Console(), quiet=True))
    assert result.exact
    graph = load(workspace.graph)
    for layer, bits in row["configuration"]["weights"].items():
        assert graph[layer].weight.format.width == bits
        assert graph[layer].output.format.width == row["configuration"]["activations"][layer]
    # its float network is the search's: it was not trained again
    training = json.loads((workspace.model / "training.json").read_text())
    own = json.loads((root / "hls_projects" / "mini" / "model" / "training.json").read_text())
    assert training["float"] == own["float"]
    assert training["seconds"]["float"] == own["seconds"]["float"]


def test_a_finished_search_only_shows(
    root: Path, story: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fcn_hw.studies.search import run

    monkeypatch.setattr(run, "_evaluate", None)  # it would fail
    options = SearchOptions(board="arty-z7-20", trials=TRIALS, epochs=8)
    result = search_design("mini", root, options)
    assert len(result.points) == TRIALS
    with pytest.raises(ConfigError, match="was made with another number of epochs: 8, not 9"):
        search_design("mini", root, replace(options, epochs=9))
    assert story["second"].status == 0


def test_what_does_not_fit_the_board_is_on_no_front(
    root: Path, story: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = json.loads(story["second"].out)
    costs = [row["costs"]["lut"] for row in printed["points"]]
    monkeypatch.setattr(run, "fits_device", lambda cost, board, own: cost.lut < max(costs))
    command = [word for word in words(root) if word != "--json"]
    (wide,) = [row["number"] for row in printed["points"] if row["costs"]["lut"] == max(costs)]
    told = call(*command)
    assert told.status == 0, told.err
    assert f"trial {wide} needs more than arty-z7-20 has" in told.out
    rows = json.loads((root / "hls_projects" / "mini" / "model" / "search.json").read_text())
    unfit = [row for row in rows["points"] if not row["fits"]]
    assert [row["number"] for row in unfit] == [wide]
    assert not unfit[0]["is_front"] and unfit[0]["design"] is None
    assert sum(row["is_front"] for row in rows["points"]) >= 1
