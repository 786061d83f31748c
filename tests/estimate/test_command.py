"""The command ``fcn-hw estimate``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from estimate_graphs import fcn
from typer.testing import CliRunner

import fcn_hw
from fcn_hw.cli import app
from fcn_hw.errors import ConfigError, DoesNotFit
from fcn_hw.ir.serialize import save

pytestmark = pytest.mark.gxx
RUN = """
import sys
from fcn_hw.cli import main
sys.argv = ["fcn-hw", *sys.argv[1:]]
try:
    main()
finally:
    assert not {"tensorflow", "tf_keras", "qkeras"} & set(sys.modules), "TensorFlow was loaded"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(fcn(), tmp_path / "graph")
    return tmp_path / "graph"


def test_json_without_tensorflow(folder: Path) -> None:
    command = [sys.executable, "-c", RUN, "estimate", "--graph", str(folder)]
    done = subprocess.run(
        [*command, "--board", "pynq-z2", "--json"], capture_output=True, text=True, check=True
    )
    data = json.loads(done.stdout)
    assert set(data) == {
        "estimate_layer_cycles", "estimate_layer_resources", "estimate_network_performance",
        "frame_latency_cycles", "next_folds", "untrained",
    }  # fmt: skip
    assert data["untrained"] is False
    assert data["frame_latency_cycles"] > data["estimate_network_performance"]["fold_limit_cycles"]
    speed = data["estimate_network_performance"]
    assert speed["fold_limit_cycles"] <= speed["max_cycles"]
    assert "fifos" in data["estimate_layer_resources"]


def test_table(folder: Path) -> None:
    result = CliRunner().invoke(app, ["estimate", "--graph", str(folder), "-b", "zcu102"])
    assert result.exit_code == 0, result.output
    assert "net on zcu102: estimate" in result.output
    run = fcn_hw.estimate_graph(folder, "zcu102")
    cycles, ms = (
        run.frame_latency_cycles,
        run.frame_latency_cycles * run.estimate.clock_period_ns / 1e6,
    )
    assert f"latency of a frame: {cycles:,} cycles, {ms:.4g} ms, from its first" in result.output
    for text in ("conv1_1", "pool1_fork", "fifos", "total", "274,080", "limit of these folds"):
        assert text in result.output


def test_files_of_a_design(folder: Path, tmp_path: Path) -> None:
    from fcn_hw.flow.estimate import write_report

    report = tmp_path / "report"
    run = fcn_hw.estimate_graph(folder, "pynq-z2")
    write_report(run, report)
    assert {path.name for path in report.iterdir()} == {
        "cycles.svg", "resources.svg", "estimate_layer_cycles.json",
        "estimate_layer_resources.json", "estimate_network_performance.json", "network.svg",
    }  # fmt: skip
    before = {path: path.stat().st_mtime_ns for path in report.iterdir()}
    again = fcn_hw.estimate_graph(folder, "pynq-z2")
    write_report(again, report)
    assert again.estimate == run.estimate
    assert {path: path.stat().st_mtime_ns for path in report.iterdir()} == before


def test_an_estimate_of_a_graph_keeps_its_folds_and_fifos(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def estimate() -> tuple[str, str]:
        result = CliRunner().invoke(app, ["estimate", "--graph", str(folder), "-b", "zcu102"])
        assert result.exit_code == 0, result.output
        said, title, table = result.output.partition("net on zcu102: estimate")
        return said.strip(), title + table

    said, table = estimate()
    assert said.startswith("fifo    folds, FIFO depths")
    with monkeypatch.context() as patch:
        patch.setattr("fcn_hw.flow.layout.choose_structure", None)
        assert estimate() == ("", table)
    (layout,) = (tmp_path / "cache").rglob("layout.json")
    whole = layout.read_text()
    layout.write_text(whole.replace("2", "3", 1))
    assert estimate()[0].startswith("fifo    folds, FIFO depths; changed or lost since they were")
    assert layout.read_text() == whole
    save(fcn(filters=(3, 5)), folder)  # another graph is another layout
    assert estimate()[0] == "fifo    folds, FIFO depths"
    assert len(list((tmp_path / "cache").rglob("layout.json"))) == 2


def test_a_design_that_does_not_fit_is_shown_and_refused(tmp_path: Path) -> None:
    save(fcn(filters=(64, 128)), tmp_path / "graph")
    (tmp_path / "design.yaml").write_text(
        "name: net\n"
        "dataset: {kind: digit_scenes, height: 32, width: 48}\n"
        "network: {kind: fcn16s, filters: [64, 128]}\n"
        "hls: {ReuseFactor: 9}\n"
    )
    arguments = ["estimate", str(tmp_path / "design.yaml"), "-b", "pynq-z2"]
    result = CliRunner().invoke(app, [*arguments, "--graph", str(tmp_path / "graph")])
    assert "net on pynq-z2: estimate" in result.output
    assert isinstance(result.exception, DoesNotFit)
    assert result.exception.exit_status == 1


def test_nothing_to_estimate() -> None:
    result = CliRunner().invoke(app, ["estimate", "-b", "pynq-z2"])
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == "nothing to estimate"
    assert result.exception.hint == "Name a design, or give --graph DIR."
