"""Trials are handed out once, and none is lost, whatever ends a worker."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import search_worker
from search_worker import STUDY, small_space, trials_of, value

from fcn_hw.errors import Busy, ConfigError, FcnHwError
from fcn_hw.studies.search import file_lock
from fcn_hw.studies.search.journal import JournalLock
from fcn_hw.studies.search.storage import open_storage, storage_of, study_lock
from fcn_hw.studies.search.trials import Counts, Taken, Trials

TARGET = 9


def worker(storage: str, folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    script = Path(search_worker.__file__)
    argv = [sys.executable, str(script), storage, str(folder), str(TARGET), str(seconds)]
    return subprocess.Popen(argv)


def begun(folder: Path, pid: int) -> list[str]:
    """Digests that a worker has begun and not ended."""
    path = folder / "log"
    lines = path.read_text().splitlines() if path.exists() else []
    mine = [line.split() for line in lines if line.split()[1] == str(pid)]
    ended = {digest for what, _, digest in mine if what == "end"}
    return [digest for what, _, digest in mine if what == "begin" and digest not in ended]


def until(condition, seconds: float = 60.0) -> None:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it did not come"
        time.sleep(0.02)


@pytest.fixture(params=["journal", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'studies.db'}"
    return str(tmp_path / "journal.log")


def killed_in_the_middle(storage: str, folder: Path) -> None:
    """Two workers; one is killed while it evaluates; the other does all the rest."""
    chosen = [
        small_space().configuration(dict.fromkeys(small_space().parameters, n)) for n in (0, 1)
    ]
    trials = trials_of(storage, TARGET)
    trials.enqueue(chosen)
    first, second = (worker(storage, folder, 0.3) for _ in range(2))
    try:
        until(lambda: begun(folder, first.pid) and begun(folder, second.pid))
        first.kill()
        first.wait()
        lost = begun(folder, first.pid)  # after the kill: nothing can end any more
        assert len(lost) == 1
        assert second.wait(60) == 0
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
    lines = [line.split() for line in (folder / "log").read_text().splitlines()]
    ends = Counter(digest for what, _, digest in lines if what == "end")
    begins = Counter(digest for what, _, digest in lines if what == "begin")
    assert len(ends) == TARGET and set(ends.values()) == {1}
    assert lost[0] in ends, "the killed worker's trial was lost"
    assert begins - ends == Counter(lost), "something else was begun twice"
    found = trials.evaluated()
    assert len(found) == TARGET
    assert {c.digest for _, c, _ in found} == set(ends)
    assert {c.digest for c in chosen} <= set(ends)
    for _, configuration, trial in found:
        assert tuple(trial.values) == value(configuration)
    assert trials.counts().running == 0


def test_a_killed_workers_trial_is_done_by_another_once(storage: str, tmp_path: Path) -> None:
    killed_in_the_middle(storage, tmp_path)


def test_the_same_on_postgresql(tmp_path: Path) -> None:
    with postgresql(tmp_path) as url:
        killed_in_the_middle(url, tmp_path)


def test_nothing_is_proposed_twice_until_nothing_is_left(tmp_path: Path) -> None:
    trials = Trials(
        storage_of(None, tmp_path / "j.log"), STUDY, small_space(weights=(2,)), target=1000, seed=3
    )
    seen: list[str] = []
    while (taken := trials.next()) is not None:
        seen.append(taken.configuration.digest)
        trials.finish(taken, value(taken.configuration), {"costs": {}})
    assert len(seen) == len(set(seen))
    assert len(seen) == small_space(weights=(2,)).count


def test_a_limit_of_average_bits_is_kept(tmp_path: Path) -> None:
    space = small_space(limit=2.5)
    assert any(
        not space.allows(space.configuration(dict.fromkeys(space.parameters, n))) for n in (0, 1)
    )
    trials = Trials(storage_of(None, tmp_path / "j.log"), STUDY, space, target=12)
    while (taken := trials.next()) is not None:
        assert space.average_bits(taken.configuration) <= 2.5
        trials.finish(taken, value(taken.configuration), {"costs": {}})
    assert len(trials.evaluated()) == 12


def test_a_trial_left_before_its_first_heartbeat_is_taken_up_at_once(storage: str) -> None:
    """Its process was killed between asking for it and saying that it has it."""
    trials = trials_of(storage, 2)
    first = small_space().configuration(dict.fromkeys(small_space().parameters, 1))
    trials.enqueue([first])
    trials._study.ask()  # pops the waiting trial, and ends there
    taken = trials.next()
    assert taken is not None
    assert taken.configuration == first
    # the same, where the trial was enqueued anew: what is copied from the one before does not count
    trials._enqueue_anew(trials._study.get_trials()[taken.number])
    trials._study.ask()
    again = trials.next()
    assert again is not None
    assert again.configuration == first


def test_who_was_thought_gone_drops_what_it_did(storage: str) -> None:
    slow, other = trials_of(storage, 1), trials_of(storage, 1, stale_s=1)
    taken = slow.next()
    assert taken is not None
    found: list[Taken] = []
    until(lambda: (again := other.next()) is not None and not found.append(again), 10)
    assert found[0].configuration == taken.configuration
    assert not slow.finish(taken, (0.5, 1.0), {})
    slow.give_up(taken, "too late")
    assert other.counts() == Counts(0, 1)
    assert not other.failures()
    assert other.finish(found[0], (0.5, 1.0), {"costs": {}})
    assert [chosen for _, chosen, _ in other.evaluated()] == [taken.configuration]


def test_heartbeats_keep_a_trial(storage: str) -> None:
    slow, other = trials_of(storage, 1, stale_s=2), trials_of(storage, 1, stale_s=2)
    taken = slow.next()
    assert taken is not None
    with slow.heartbeats():
        end = time.monotonic() + 5
        while time.monotonic() < end:
            assert other.next() is None
            time.sleep(0.2)
        assert slow.finish(taken, (0.5, 1.0), {"costs": {}})


def test_a_run_that_ends_leaves_its_trials_to_others_at_once(storage: str) -> None:
    first, other = (trials_of(storage, 2, stale_s=1000) for _ in range(2))
    with pytest.raises(KeyboardInterrupt), first.heartbeats():
        taken = [first.next(), first.next()]
        raise KeyboardInterrupt
    assert other.counts() == Counts(0, 0)
    again = [other.next(), other.next()]
    assert {t.configuration.digest for t in again if t} == {
        t.configuration.digest for t in taken if t
    }
    assert other.next() is None


def test_a_configuration_that_diverged_is_not_tried_again(storage: str) -> None:
    trials = trials_of(storage, 2)
    taken = trials.next()
    assert taken is not None
    trials.give_up(taken, "the loss is nan")
    again = trials.next()
    assert again is not None
    assert again.configuration != taken.configuration
    trials.finish(again, (0.5, 1.0), {"costs": {}})
    assert trials.next() is None
    assert trials.failures() == {f"trial {taken.number}": "the loss is nan"}


def test_half_a_line_at_the_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    trials = trials_of(str(path), 2)
    taken = trials.next()
    assert taken is not None
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'{"op_code": 4, "worker_id": "kill' * 300)
    trials.finish(taken, (0.5, 1.0), {"costs": {}})
    assert path.read_bytes().startswith(whole + b'{"op_code"')
    assert path.read_bytes().endswith(b"}\n")
    assert len(trials_of(str(path), 2).evaluated()) == 1


def test_what_is_taken_out_of_a_journal_is_told(tmp_path: Path) -> None:
    """One line, whichever line is deleted; or the study is as good as it was."""
    path = tmp_path / "journal.log"
    trials = trials_of(str(path), 3)
    identity = {"design": "mine"}
    trials.identify(identity)
    trials.enqueue(
        [small_space().configuration(dict.fromkeys(small_space().parameters, n)) for n in (0, 1)]
    )
    while (taken := trials.next()) is not None:
        trials.finish(taken, value(taken.configuration), {"costs": {}, "epoch": 1})
    whole = path.read_bytes().splitlines(keepends=True)
    told = 0
    for number in range(len(whole)):
        path.write_bytes(b"".join(whole[:number] + whole[number + 1 :]))
        try:
            rest = trials_of(str(path), 3)
            rest.identify(identity)
            while (taken := rest.next()) is not None:
                rest.finish(taken, value(taken.configuration), {"costs": {}, "epoch": 1})
            found = rest.evaluated()
        except FcnHwError as error:
            assert "\n" not in error.message and str(path) in error.message
            told += "damaged: a part of trial" in error.message
        else:
            assert len({chosen.digest for _, chosen, _ in found}) == len(found) >= 2
    assert told > 10
    path.write_bytes(b"".join([*whole[:3], b"hello\n", *whole[3:]]))
    with pytest.raises(FcnHwError, match=r"journal.log: damaged: a line is missing") as caught:
        trials_of(str(path), 3)
    assert "search/evaluations" in caught.value.hint and caught.value.exit_status == 1


def test_a_journal_that_stays_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_lock, "PATIENCE_S", 0.1)
    path = tmp_path / "journal.log"
    told = rf"journal.log.*process {os.getpid()} has kept it locked"
    with file_lock.flocked(tmp_path / ".journal.log.lock"), pytest.raises(Busy, match=told):
        JournalLock(path).acquire()
    storage = storage_of(str(path), path)
    told = rf"journal.log.study: process {os.getpid()} has kept it locked"
    with study_lock(storage, STUDY), pytest.raises(Busy, match=told), study_lock(storage, STUDY):
        pass


def test_a_study_of_something_else_is_named(storage: str) -> None:
    trials = trials_of(storage, 1)
    trials.identify({"design": "mine", "float model": "1" * 64})
    trials.identify({"design": "mine", "float model": "1" * 64})
    with pytest.raises(ConfigError, match=r"study 'test' .* another design: mine, not yours"):
        trials_of(storage, 1).identify({"design": "yours", "float model": "1" * 64})
    with pytest.raises(ConfigError, match=r"was made with another float model$"):
        trials_of(storage, 1).identify({"design": "mine", "float model": "2" * 64})


def test_a_study_of_another_program(tmp_path: Path) -> None:
    import optuna

    storage = open_storage(storage_of(None, tmp_path / "j.log"), 1, 3)
    other = optuna.create_study(storage=storage, study_name=STUDY)
    other.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(FcnHwError, match=r"study 'test' .* is not of fcn-hw search"):
        trials_of(str(tmp_path / "j.log"), 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sqlite://", "a database in memory can't be shared"),
        ("oracle://host/base", "unknown database 'oracle'"),
        ("://", "not a database's URL"),
    ],
)
def test_places_that_are_none(given: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        storage_of(given, tmp_path / "j.log")


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a folder"):
        storage_of(str(tmp_path), tmp_path / "j.log")


def test_a_file_that_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    path.write_text("hello\nworld\n")
    with pytest.raises(ConfigError, match=r"journal.log: not a journal of studies"):
        open_storage(storage_of(str(path), path), 1, 3)


def test_a_file_that_is_no_sqlite_database(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    path.write_text("hello " * 1000)
    with pytest.raises(FcnHwError, match=r"studies.db: file is not a database"):
        open_storage(storage_of(f"sqlite:///{path}", path), 1, 3)


def test_a_folder_that_can_not_be_made_for_sqlite(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'studies.db'}"
    with pytest.raises((FcnHwError, OSError), match="file"):
        open_storage(storage_of(url, tmp_path), 1, 3)


def test_a_driver_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"driver is not installed: psycopg$") as caught:
        open_storage(
            storage_of("postgresql+psycopg://me:secret@127.0.0.1/searches", tmp_path), 1, 3
        )
    assert caught.value.hint == "pip install 'psycopg[binary]'"
    assert "secret" not in caught.value.message


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the package psycopg is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"postgresql+psycopg://me:secret@127.0.0.1:{port}/searches"
    with pytest.raises(FcnHwError, match=r"storage postgresql.*:\*\*\*@127.* refused") as caught:
        open_storage(storage_of(url, tmp_path), 1, 3)
    assert "\n" not in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint


class postgresql:
    """A server of its own, below a folder; skips, by name, where there is none."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("psycopg", reason="the package psycopg is not installed")
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        tool = shutil.which("initdb") or (str(found[-1]) if found else None)
        if tool is None:
            pytest.skip("PostgreSQL's initdb is not installed")
        if os.geteuid() == 0 and shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and runuser is not installed")
        self._bin, self._folder = Path(tool).parent, folder / "postgresql"
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def __enter__(self) -> str:
        self._folder.mkdir()
        for parent in (self._folder, *self._folder.parents):
            if parent.owner() == "root" and os.geteuid() == 0 and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
        if self._as:
            shutil.chown(self._folder, "postgres")
        data = str(self._folder / "data")
        quiet = {"stdout": subprocess.DEVNULL}
        subprocess.run(
            [*self._as, str(self._bin / "initdb"), "-D", data, "-A", "trust", "-U", "me"],
            check=True,
            **quiet,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {self._folder}"
        self._control = [*self._as, str(self._bin / "pg_ctl"), "-D", data, "-w"]
        log = str(self._folder / "log")
        subprocess.run([*self._control, "-l", log, "-o", options, "start"], check=True, **quiet)
        return f"postgresql+psycopg://me@127.0.0.1:{port}/postgres"

    def __exit__(self, *_: object) -> None:
        subprocess.run(
            [*self._control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL
        )
