"""What the parent of a search makes of workers that fail, and what a worker tells."""

from __future__ import annotations

import errno
import io
import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from search_worker import desk_of, small_space, value

from fcn_hw.errors import FcnHwError
from fcn_hw.flow.progress import Progress
from fcn_hw.studies.search import run, worker
from fcn_hw.studies.search.desk import Counts
from fcn_hw.studies.search.evaluation import Evaluation
from fcn_hw.studies.search.pricing import Costs
from fcn_hw.studies.search.setting import SearchOptions
from fcn_hw.studies.search.space import Configuration, stored_bits


class Dead:
    """A process that has ended."""

    pid = 7

    def __init__(self, exitcode: int) -> None:
        self.exitcode = exitcode

    def is_alive(self) -> bool:
        return False

    def terminate(self) -> None:
        pass

    def join(self, timeout: float) -> None:
        pass


class Workers:
    """Starts processes that have ended already, one an exit code; the last one for ever."""

    def __init__(self, *exitcodes: int, told: object = None) -> None:
        self.exitcodes, self.told, self.seeds = list(exitcodes), told, []  # type: ignore[var-annotated]

    def __call__(self, design: str, root: Path, options: Any, seed: int, threads: int) -> Any:
        self.seeds.append(seed)
        mine, its = multiprocessing.Pipe(duplex=False)
        if self.told is not None:
            its.send(self.told)
        its.close()
        code = self.exitcodes.pop(0) if len(self.exitcodes) > 1 else self.exitcodes[0]
        return run._Worker(Dead(code), mine)


def evaluate(monkeypatch: pytest.MonkeyPatch, workers: Workers, n_workers: int = 1) -> str:
    monkeypatch.setattr(run, "_started", workers)
    monkeypatch.setattr(run, "_POLL_S", 0.001)
    setting: Any = SimpleNamespace(options=SearchOptions(trials=3, workers=n_workers))
    desk: Any = SimpleNamespace(counts=lambda: Counts(0, 0))
    said = io.StringIO()
    run._evaluate("d", Path(), setting, desk, Progress(Console(file=said, width=200)))
    return said.getvalue()


def test_a_killed_worker_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers(-9, 0)
    said = evaluate(monkeypatch, workers)
    assert "worker 7 ended: killed by signal 9; its trial goes to another" in said
    assert len(set(workers.seeds)) == 2


def test_workers_that_die_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FcnHwError, match="6 workers ended before a trial was finished") as caught:
        evaluate(monkeypatch, Workers(-9), n_workers=2)
    assert "fewer --workers" in caught.value.hint
    assert caught.value.exit_status == 1


def test_what_a_worker_tells_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    told = ("/disk/journal.log: No space left on device", "Finished trials are kept.", 1)
    with pytest.raises(FcnHwError, match=r"journal\.log: No space left on device") as caught:
        evaluate(monkeypatch, Workers(0, told=told))
    assert caught.value.exit_status == 1
    assert caught.value.hint == "Finished trials are kept."


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/disk/journal.log")

    monkeypatch.setattr(worker, "_work", full)
    monkeypatch.setattr(worker, "_end_with", lambda parent: None)
    monkeypatch.setattr(worker, "_THREAD_VARIABLES", ())
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    mine, its = multiprocessing.Pipe(duplex=False)
    worker.work("d", Path(), SearchOptions(), 1, 1, its)
    message, hint, status = mine.recv()
    assert message == "/disk/journal.log: No space left on device"
    assert "Finished trials are kept" in hint
    assert status == 1


class Divergent:
    """Evaluates by bits; what has 8 of them or fewer diverges."""

    def evaluate(self, chosen: Configuration) -> Evaluation:
        if sum(map(stored_bits, chosen.weights.values())) <= 8:
            raise FcnHwError("training diverged: the loss is nan")
        metric, cost = value(chosen)
        return Evaluation(metric, Costs(lut=cost), 1)


def test_training_that_diverges_costs_a_trial_and_not_the_search(tmp_path: Path) -> None:
    space = small_space()
    desk = desk_of(str(tmp_path / "j.log"), 4)
    desk.enqueue([space.configuration(dict.fromkeys(space.parameters, place)) for place in (0, 1)])
    worker.evaluate_all(desk, Divergent(), "lut")  # type: ignore[arg-type]
    failures = desk.failures()
    assert failures["trial 0"] == "training diverged: the loss is nan"
    found = desk.evaluated()
    assert len(found) + len(failures) == 4
    number, chosen, trial = found[0]
    assert number == 1
    assert tuple(trial.values) == value(chosen)
    assert Costs(**trial.user_attrs["costs"]).lut == trial.values[1]
