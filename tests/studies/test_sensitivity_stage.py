"""``fcn-hw sensitivity``: killed, taken up, asked for nonsense."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import call

from fcn_hw.api import sensitivity_design
from fcn_hw.cli.printers.sensitivity import print_sensitivity
from fcn_hw.design import Training
from fcn_hw.errors import ConfigError
from fcn_hw.flow import open_workspace
from fcn_hw.results import read_result
from fcn_hw.studies.sensitivity import stage
from fcn_hw.studies.sensitivity.measure import Setting
from fcn_hw.studies.sensitivity.picture import sensitivity_png, sensitivity_svg
from fcn_hw.studies.sensitivity.result import Finding, Kind, Level, Point, Sensitivity, Verdict
from fcn_hw.studies.sensitivity.stage import Request, parse_levels, points_of

DESIGN = """
name: mini
dataset: {kind: digit_scenes, height: 19, width: 26, train_images: 12, val_images: 5, seed: 3}
network: {kind: fcn8s, filters: [2, 3, 4], upsampling: nearest}
training: {batch_size: 4, float_epochs: 1, retrain_epochs: 1, calibration_images: 4}
"""
WORDS = (
    "--bits", "2,16", "--layers", "conv1_1", "--kind", "weights", "--retrain", "1",
    "--images", "4", "--jobs", "1",
)  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a root é")
    (folder / "hls_projects" / "mini").mkdir(parents=True)
    (folder / "hls_projects" / "mini" / "design.yaml").write_text(DESIGN)
    return folder


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--layers", "conv1_1,conf2_1"), "--layers: 'conf2_1' is not a layer of 'mini'"),
        (("--bits", "2,17"), "bits: '17' is no number from 1 to 16"),
        (("--bits", "0"), "bits: '0' is no number"),
        (("--bits", "2,,3"), "bits: '' is no number"),
        (("--bits", "²"), "bits: '²' is no number"),
        (("--kind", "bias"), "--kind is weights, activations or both, not 'bias'"),
        (("--bits", "t", "--kind", "activations"), "nothing to measure"),
        (("--bits", "1", "--kind", "activations", "--layers", "score_fr"), "nothing to measure"),
    ],
)
def test_mistakes_are_named_before_anything_is_trained(
    root: Path, words: tuple[str, ...], message: str
) -> None:
    called = call("sensitivity", "mini", "--root", str(root), "--json", *words)
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"error: {message}")
    if "conf2_1" in message:
        assert "nearest: 'conv2_1'" in called.err
    assert not (root / "hls_projects" / "mini" / "model").exists()


def test_other_mistakes(root: Path) -> None:
    for words in (("--images", "0"), ("--jobs", "0"), ("--retrain", "0"), ("--retrain", "x")):
        assert call("sensitivity", "mini", "--root", str(root), *words).status == 2
    with pytest.raises(ConfigError, match=r"'2\.5' is no number"):
        parse_levels("2.5")
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"jobs": 0}, "jobs: 0 is less than 1"), ({"images": -1}, "images: -1 is less than 1"),
        ({"retrain": -1}, "retrain: -1 is less than 0"), ({"bits": (0,)}, "'0' is no number"),
        ({"kinds": ("bias",)}, "not 'bias'"), ({"layers": ("x",)}, "'x' is not a layer"),
    )  # fmt: skip
    for options, message in wrong:
        with pytest.raises(ConfigError, match=message):
            sensitivity_design("mini", root, **options)


def test_order_of_points(root: Path) -> None:
    """Layer after layer; no activation that can't be."""
    workspace = open_workspace("mini", root)
    assert parse_levels("8, 2,t,1,2") == (1, "ternary", 2, 8)
    request = Request(levels=(1, "ternary", 2), layers=("score_fr", "conv1_1"))
    assert [point.name for point in points_of(workspace, request)] == [
        "conv1_1-weights-1", "conv1_1-weights-ternary", "conv1_1-weights-2",
        "conv1_1-activations-1", "conv1_1-activations-2",
        "score_fr-weights-1", "score_fr-weights-ternary", "score_fr-weights-2",
        "score_fr-activations-2",
    ]  # fmt: skip
    assert len(points_of(workspace, Request())) == 2 * 5 * 6


@pytest.mark.parametrize("key", ["equalize", "bias_correction"])
def test_what_quantization_begins_with_is_measured_anew(root: Path, key: str) -> None:
    """Also where nothing is retrained."""
    workspace = open_workspace("mini", root)
    points = points_of(workspace, Request(layers=("conv1_1",), levels=(2,)))

    def digests(training: Training) -> set[str]:
        design = workspace.design.model_copy(update={"training": training})
        setting = Setting(design, workspace.model, "f" * 64, workspace.model, None, 0)
        other = replace(workspace, source=replace(workspace.source, design=design))
        return {job.digest for job in stage._jobs(other, setting, points)}

    plain = workspace.design.training
    assert not digests(plain) & digests(plain.model_copy(update={key: True}))


def test_a_killed_run_is_taken_up(root: Path) -> None:
    """An untrained design is trained first; what is measured is not measured again."""
    model = root / "hls_projects" / "mini" / "model"
    command = [sys.executable, "-m", "fcn_hw", "sensitivity", "mini", "--root", str(root), *WORDS]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first: list[Path] = []
    while not first:
        time.sleep(0.02)
        assert child.poll() is None, child.communicate()
        first = sorted((model / "sensitivity").glob("*.json"))
    child.send_signal(signal.SIGSTOP)  # it holds its lock
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    child.kill()
    child.communicate()
    assert second.returncode == 1
    assert f"process {child.pid} (fcn-hw sensitivity) is at work there" in second.stderr
    before = {path: path.stat().st_mtime_ns for path in first}
    assert not (model / "sensitivity.json").exists()

    done = call("sensitivity", "mini", "--root", str(root), *WORDS, "--json")
    assert (done.status, done.err) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in first} == before
    assert len(list((model / "sensitivity").glob("*.json"))) == 3
    assert not list((model / "sensitivity").glob("*.npz"))  # checkpoints of finished retrainings
    found = json.loads(done.out)
    assert json.loads((model / "sensitivity.json").read_text(encoding="utf-8")) == found
    assert found["images"] == 4 and found["metric"] == "mIoU" and found["retrain_epochs"] == 1
    read = read_result(model / "sensitivity.json", Sensitivity)
    assert {(item.point.layer, item.point.kind) for item in read.findings} == {
        ("conv1_1", "weights")
    }
    assert read.curve("conv1_1", "weights")[1].direct.score == read.baseline  # 16 bits
    for item in read.findings:
        assert item.retrained is not None and item.retrained.score >= item.direct.score

    results = sorted((model / "sensitivity").glob("*.json"))
    times = [path.stat().st_mtime_ns for path in results]
    again = call("sensitivity", "mini", "--root", str(root), *WORDS)
    assert again.status == 0 and "up to date" in again.out
    assert [path.stat().st_mtime_ns for path in results] == times
    assert "weights: after 1 epochs of retraining" in again.out


def found_by(*rows: tuple[str, Kind, Level, float]) -> Sensitivity:
    findings = tuple(
        Finding(Point(layer, kind, level), "f", 0.5, 0.25, Verdict(score, 0.125), None)
        for layer, kind, level, score in rows
    )
    return Sensitivity("[red]d", "accuracy", 1234, 0.9, None, 0, findings)


def test_table_marks_the_worst_of_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    found = found_by(
        ("a", "weights", "ternary", 0.51234), ("a", "weights", 4, 0.7), ("b", "weights", 4, 0.6),
        ("b", "activations", 2, 0.25),
    )  # fmt: skip
    print_sensitivity(found, Path("model"))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["layer", "ternary", "4", "bits"] in lines
    assert ["a", "51.23*", "70.00"] in lines and ["b", "-", "60.00*"] in lines
    assert ["b", "25.00"] in lines  # alone: nothing to compare
    assert lines[-2][:6] == ["float:", "90.00", "%", "on", "1,234", "images;"]


@pytest.mark.parametrize("layers", [1, 5])
def test_pictures_are_the_same_bytes_each_time(layers: int) -> None:
    rows: list[tuple[str, Kind, Level, float]] = [
        (f"layer{number}", "weights", bits, 0.5 + bits / 20)
        for number in range(layers) for bits in (2, 4)
    ]  # fmt: skip
    found = found_by(*rows)
    svg = sensitivity_svg(found)
    assert svg == sensitivity_svg(found_by(*rows))
    assert all(f">layer{number}<" in svg for number in range(layers))
    assert "#0072b2" in svg and "accuracy, %" in svg
    assert sensitivity_png(found) == sensitivity_png(found_by(*rows))
    assert sensitivity_png(found).startswith(b"\x89PNG")
