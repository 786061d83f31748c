"""The command ``fcn-hw estimate``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from estimate_graphs import fcn
from rich.console import Console
from typer.testing import CliRunner

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
        "next_folds", "untrained",
    }  # fmt: skip
    assert data["untrained"] is False
    speed = data["estimate_network_performance"]
    assert speed["fold_limit_cycles"] <= speed["max_cycles"]
    assert "fifos" in data["estimate_layer_resources"]


def test_table(folder: Path) -> None:
    result = CliRunner().invoke(app, ["estimate", "--graph", str(folder), "-b", "zcu102"])
    assert result.exit_code == 0, result.output
    assert "net on zcu102: estimate" in result.output
    for text in ("conv1_1", "pool1_fork", "fifos", "total", "274,080", "limit of these folds"):
        assert text in result.output


def test_files_of_a_design(folder: Path, tmp_path: Path) -> None:
    from fcn_hw.boards import load_board
    from fcn_hw.design import Hls
    from fcn_hw.flow.estimate import estimate_graph, write_report
    from fcn_hw.flow.progress import Progress
    from fcn_hw.ir.serialize import load

    report, quiet = tmp_path / "report", Progress(Console(), quiet=True)
    run = estimate_graph(load(folder), load_board("pynq-z2"), Hls(ReuseFactor=9), quiet)
    write_report(run, report)
    assert {path.name for path in report.iterdir()} == {
        "cycles.svg", "resources.svg", "estimate_layer_cycles.json",
        "estimate_layer_resources.json", "estimate_network_performance.json", "network.svg",
    }  # fmt: skip
    before = {path: path.stat().st_mtime_ns for path in report.iterdir()}
    again = estimate_graph(run.graph, run.board, Hls(ReuseFactor=9), quiet)
    write_report(again, report)
    assert again.estimate == run.estimate
    assert {path: path.stat().st_mtime_ns for path in report.iterdir()} == before


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
