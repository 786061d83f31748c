"""What a search makes of its workers: trials become jobs of the pool, results become values."""

from __future__ import annotations

import io
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from search_worker import small_space, trials_of, value

from fcn_hw.errors import FcnHwError, JobFailed
from fcn_hw.flow.progress import Progress
from fcn_hw.studies.pool import Job, Work
from fcn_hw.studies.search import run
from fcn_hw.studies.search.evaluation import Evaluator, perform
from fcn_hw.studies.search.options import SearchOptions
from fcn_hw.studies.search.space import stored_bits
from fcn_hw.studies.search.trials import Taken


@dataclass(frozen=True)
class Fate:
    """What befalls the evaluation of a configuration: it is "killed" or "killed once"."""

    folder: Path
    digest: str = ""
    how: str = ""


def prepared() -> None:
    return None


def evaluated(_: None, job: Job) -> dict[str, Any]:
    """What has 8 bits of weights or fewer diverges."""
    (metric, cost), weight_bits, fate = job.task
    if fate.digest == job.digest:
        mark = fate.folder / "killed"
        if fate.how == "killed" or not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if weight_bits <= 8:
        return {"failed": "training diverged: the loss is nan"}
    return {"metric": metric, "costs": {"lut": cost}, "epoch": 1}


def search(folder: Path, how: str = "", n_workers: int = 1) -> tuple[Any, str]:
    """Four trials of the small space, the two first ones given; something befalls the second."""
    space = small_space()
    first = [space.configuration(dict.fromkeys(space.parameters, index)) for index in (0, 1)]
    trials = trials_of(str(folder / "j.log"), 4)
    trials.enqueue(first)
    fate = Fate(folder, first[1].digest, how) if how else Fate(folder)

    def job_of(taken: Taken) -> Job:
        digest = taken.configuration.digest
        bits = sum(map(stored_bits, taken.configuration.weights.values()))
        task = (value(taken.configuration), bits, fate)
        return Job("evaluation", digest, task, f"trial {taken.number}")

    setting: Any = SimpleNamespace(
        options=SearchOptions(trials=4, workers=n_workers), folder=folder
    )
    (folder / run.EVALUATIONS).mkdir(exist_ok=True)
    said = io.StringIO()
    progress = Progress(Console(file=said, width=200))
    run._evaluate(trials, Work(prepared, evaluated), job_of, setting, progress)
    return trials, said.getvalue()


def test_training_that_diverges_costs_a_trial_and_not_the_search(tmp_path: Path) -> None:
    trials, _ = search(tmp_path)
    failures = trials.failures()
    assert failures["trial 0"] == "training diverged: the loss is nan"
    found = trials.evaluated()
    assert len(found) + len(failures) == 4
    number, chosen, trial = found[0]
    assert number == 1
    assert tuple(trial.values) == value(chosen)
    assert trial.user_attrs["costs"]["lut"] == trial.values[1]


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    trials, said = search(tmp_path, "killed once", 2)
    assert "ended: signal SIGKILL; its job, trial 1, goes to another" in said
    assert len(trials.evaluated()) + len(trials.failures()) == 4
    assert 1 in [number for number, _, _ in trials.evaluated()]


def test_a_trial_that_kills_two_workers_ends_the_search(tmp_path: Path) -> None:
    with pytest.raises(JobFailed, match=r"'trial 1' failed: its process died twice") as caught:
        search(tmp_path, "killed")
    assert "--workers 1" in caught.value.hint and "What is finished is kept" in caught.value.hint
    assert caught.value.exit_status == 1
    trials, _ = search(tmp_path)  # its trial was left to the next run
    assert len(trials.evaluated()) + len(trials.failures()) == 4
    assert trials.counts().running == 0


def test_what_training_refuses_is_a_failed_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    def diverged(*_: object) -> None:
        raise FcnHwError("training diverged: the loss is nan")

    monkeypatch.setattr(Evaluator, "evaluate", diverged)
    nothing: Any = None
    evaluator = Evaluator(nothing, nothing, nothing, 1, Path())
    assert perform(evaluator, Job("evaluation", "d", {})) == {
        "failed": "training diverged: the loss is nan"
    }
