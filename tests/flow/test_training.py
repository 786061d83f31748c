"""When a design is trained again, what is said before, and what needs no training."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from rich.console import Console
from seeded_design import DESIGN, seed_design

from fcn_hw.errors import ConfigError
from fcn_hw.flow import Workspace, open_workspace, train_stage, training
from fcn_hw.flow.layout import LAYOUT, StoredLayout
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.training import train_record, trained_models
from fcn_hw.ir.serialize import load
from fcn_hw.ops.convolution import Convolution
from fcn_hw.results import read_result, write_result
from fcn_hw.train.result import TRAINING, Scores, TrainResult

SCORE = Scores(0.5, 0.6, {"background": 0.5})
RESULT = TrainResult(
    SCORE, SCORE, SCORE, epochs={}, seconds={"float": 500.0, "retrain": 250.0}, parameters=1,
    multiplications=1, zeros={}, zeros_total=0.0, weight_bits=4,
)  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A design that is trained, as far as its files say."""
    found = seed_design(tmp_path)
    names = (*training.MODEL_FILES, TRAINING)
    write_result(found.model / TRAINING, RESULT)
    train_record(found.model, found.design).finish(found.model / name for name in names)
    return found


def changed(workspace: Workspace, more: str, **kwargs: bool) -> Workspace:
    (workspace.folder / "design.yaml").write_text(DESIGN + more)
    return open_workspace("seeded", workspace.folder.parents[1], **kwargs)


def trained(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of a training that is made up; quiet, as with --json."""

    def train(
        design: object, dataset: object, folder: Path, *, progress: bool,
        before_writing: Callable[[], None], **told: object,
    ) -> None:  # fmt: skip
        before_writing()
        for name in (*training.MODEL_FILES, "precision.json"):
            (folder / name).write_text("another\n")
        write_result(folder / TRAINING, RESULT)

    monkeypatch.setattr("fcn_hw.train.run.train", train)
    out = io.StringIO()
    train_stage(workspace, Progress(Console(file=out, width=300), quiet=True))
    return out.getvalue()


def test_what_changed_and_what_it_costs_is_said_first(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = changed(workspace, "training: {patience: 11, learning_rate: 0.5}\n")
    told = trained(now, monkeypatch)
    assert "changed since they were trained: training.learning_rate 0.003 -> 0.5, " in told
    assert "training.patience 10 -> 11. It is trained again; " in told
    assert "the last training took 12 min" in told
    assert trained(now, monkeypatch) == ""  # and it stands


def test_an_interrupted_training_leaves_the_last_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    now = changed(workspace, "training: {patience: 11}\n")
    monkeypatch.setattr("fcn_hw.train.run.run_phase", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_stage(now, Progress(Console(quiet=True), quiet=True))
    assert not training.is_trained(now)
    assert training.is_trained(changed(workspace, ""))


def test_blocks_of_folds_are_those_of_the_board(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the training is told; it asks once it has been checked."""
    told: dict[str, Any] = {}

    def train(*args: object, **kwargs: object) -> None:
        told.update(kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr("fcn_hw.train.run.train", train)
    quiet = Progress(Console(quiet=True), quiet=True)
    text = "training: {pruning: {sparsity: 0.5, block: fold, board: pynq-z2}}\n"
    for more, board in ((text, True), ("training: {pruning: {}}\n", False)):
        with pytest.raises(KeyboardInterrupt):
            train_stage(changed(workspace, more), quiet)
        assert (told["blocks"] is not None) == board
        if board:
            found = told["blocks"]()
    layout = read_result(workspace.folder / "pynq-z2_untrained" / LAYOUT, StoredLayout)
    graph = load(workspace.folder / "graph_untrained")
    several = [
        op
        for op in graph.ops
        if isinstance(op, Convolution) and op.fold_steps(layout.folds[op.name]) > 1
    ]
    assert several and list(found) == [op.name for op in several]
    for op in several:
        multipliers = layout.folds[op.name].multipliers
        assert found[op.name].cells.shape[3] == multipliers

    with pytest.raises(KeyboardInterrupt):
        train_stage(changed(workspace, text.replace("pynq-z2", "pynq-z3")), quiet)
    with pytest.raises(ConfigError, match="unknown board 'pynq-z3'"):
        told["blocks"]()
    hls4ml = DESIGN.replace("{ReuseFactor: 4}", "{ReuseFactor: 4, Conv: hls4ml}")
    (workspace.folder / "design.yaml").write_text(hls4ml + text)
    with pytest.raises(KeyboardInterrupt):
        train_stage(open_workspace("seeded", workspace.folder.parents[1]), quiet)
    with pytest.raises(ConfigError, match=r"'training\.pruning\.block: fold' stands on the cycles"):
        told["blocks"]()


def test_changed_data_are_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "dataset_digest", lambda config: "other")
    told = trained(workspace, monkeypatch)
    assert "changed since they were trained: the images or masks of the data set. It is" in told


def test_a_damaged_file_of_the_training_is_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(changed(workspace, "training: {patience: 11}\n"), monkeypatch)
    now = open_workspace("seeded", workspace.folder.parents[1])
    (now.model / "precision.json").write_text("4 typed in\n")
    told = trained(now, monkeypatch)
    assert "changed or lost since they were trained: model/precision.json" in told


def test_a_record_of_an_earlier_version_counts(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One digest a file, and no inputs."""
    path = train_record(workspace.model, workspace.design).path
    stored = json.loads(path.read_text())
    outputs = {name: digests[0] for name, digests in stored["outputs"].items()}
    path.write_text(json.dumps({"digest": stored["digest"], "outputs": outputs}))
    assert trained(workspace, monkeypatch) == ""
    now = changed(workspace, "training: {patience: 11}\n")
    told = trained(now, monkeypatch)
    assert "design.yaml or the data have changed since they were trained" in told


def test_a_first_training_is_no_news(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in workspace.model.iterdir():
        path.unlink()
    assert "again" not in trained(workspace, monkeypatch)


def test_nothing_is_trained_where_it_is_not_allowed(workspace: Workspace) -> None:
    now = changed(workspace, "training: {patience: 11}\n", may_train=False)
    quiet = Progress(Console(), quiet=True)
    for stage in (lambda: train_stage(now, quiet), lambda: trained_models(now)):
        with pytest.raises(ConfigError) as caught:
            stage()
        assert str(caught.value) == (
            "design 'seeded' is not trained as it is now: changed since they were trained: "
            "training.patience 10 -> 11"
        )
        assert caught.value.hint == "run: fcn-hw train seeded"
    for path in now.model.iterdir():
        path.unlink()
    with pytest.raises(ConfigError, match=r"^design 'seeded' is not trained$"):
        train_stage(now, quiet)
    assert replace(now, may_train=True).may_train


@pytest.mark.parametrize(
    "words",
    [
        ("export",), ("hls", "-b", "pynq-z2"), ("csim", "-b", "pynq-z2"), ("lint", "-b", "pynq-z2"),
        ("csim", "-b", "pynq-z2", "--bounded"), ("handoff", "-b", "pynq-z2"), ("sensitivity",),
        ("sparsity",),
    ],
)  # fmt: skip
def test_every_verb_can_be_told_not_to_train(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("it trains")

    monkeypatch.setattr("fcn_hw.train.run.train", never)
    root = workspace.folder.parents[1]
    changed(workspace, "training: {patience: 11}\n")
    verb, *more = words
    called = call(verb, "seeded", *more, "--root", str(root), "--no-train")
    assert called.status == 2, called.out + called.err
    assert "training.patience 10 -> 11" in called.err.replace("\n", " ")


@pytest.mark.gxx
def test_shapes_need_no_training(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("it trains")

    monkeypatch.setattr("fcn_hw.train.run.train", never)
    root, folder = workspace.folder.parents[1], workspace.folder
    changed(workspace, "training: {patience: 11}\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    words = ("seeded", "-b", "pynq-z2", "--root", str(root))
    called = call("estimate", *words, "--json")
    assert called.status == 0, called.err
    assert "Seeded weights stand in for the trained ones" in called.err.replace("\n", " ")
    assert json.loads(called.out)["untrained"] is True
    assert call("fifo", *words).status == 0
    emitted = call("hls", *words, "--no-csim")
    assert emitted.status == 0, emitted.err
    project = folder / "pynq-z2_untrained"
    assert "placeholders" in (project / "UNTRAINED.txt").read_text()
    assert (project / "firmware/seeded.cpp").is_file()
    assert (project / "report/estimate_layer_cycles.json").is_file()
    # the trained one's folders are as they were
    assert {path: path.read_bytes() for path in before} == before
    assert not (folder / "pynq-z2").exists()
    assert not (folder / "pynq-z2_untrained" / "report" / "csim.json").exists()
    graph = (folder / "graph_untrained/graph.json").read_bytes()
    again = call("estimate", *words)
    assert again.status == 0
    assert "up to date, placeholder weights" in again.out
    assert (folder / "graph_untrained/graph.json").read_bytes() == graph
