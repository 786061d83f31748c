"""Trials are handed out once, and none is lost, whatever ends a worker."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import search_worker
from search_worker import STUDY, desk_of, small_space, value

from fcn_hw.errors import Busy, ConfigError, FcnHwError
from fcn_hw.studies.search import place as places
from fcn_hw.studies.search.desk import DIGEST, OWNER, Desk
from fcn_hw.studies.search.owners import Watch, known_dead, own_name
from fcn_hw.studies.search.place import JournalLock, door, flocked, open_storage, place_of

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
    desk = desk_of(storage, TARGET)
    desk.enqueue(chosen)
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
    found = desk.evaluated()
    assert len(found) == TARGET
    assert {c.digest for _, c, _ in found} == set(ends)
    assert {c.digest for c in chosen} <= set(ends)
    for _, configuration, trial in found:
        assert tuple(trial.values) == value(configuration)
    assert desk.counts().running == 0


def test_a_killed_workers_trial_is_done_by_another_once(storage: str, tmp_path: Path) -> None:
    killed_in_the_middle(storage, tmp_path)


def test_the_same_on_postgresql(tmp_path: Path) -> None:
    with postgresql(tmp_path) as url:
        killed_in_the_middle(url, tmp_path)


def test_nothing_is_proposed_twice_until_nothing_is_left(tmp_path: Path) -> None:
    desk = Desk(
        place_of(None, tmp_path / "j.log"), STUDY, small_space(weights=(2,)), target=1000, seed=3
    )
    seen: list[str] = []
    while (job := desk.next()) is not None:
        seen.append(job.configuration.digest)
        desk.finish(job, value(job.configuration), {})
    assert len(seen) == len(set(seen))
    assert len(seen) == small_space(weights=(2,)).count


def test_a_limit_of_average_bits_is_kept(tmp_path: Path) -> None:
    space = small_space(limit=2.5)
    assert any(
        not space.allows(space.configuration(dict.fromkeys(space.parameters, n))) for n in (0, 1)
    )
    desk = Desk(place_of(None, tmp_path / "j.log"), STUDY, space, target=12)
    while (job := desk.next()) is not None:
        assert space.average_bits(job.configuration) <= 2.5
        desk.finish(job, value(job.configuration), {})
    assert len(desk.evaluated()) == 12


def test_a_trial_without_an_owner_is_taken_at_once(storage: str) -> None:
    """Its worker was killed between asking for it and writing its name."""
    desk = desk_of(storage, 2)
    first = small_space().configuration(dict.fromkeys(small_space().parameters, 1))
    desk.enqueue([first])
    desk._study.ask()  # pops the waiting trial, and ends there
    job = desk.next()
    assert job is not None
    assert job.configuration == first
    assert job.number == 0


def test_who_was_thought_gone_drops_what_it_did(storage: str) -> None:
    slow, other = desk_of(storage, 1), desk_of(storage, 1, stale_s=0.0)
    job = slow.next()
    assert job is not None
    other._me = "another process"
    until(lambda: (taken := other._choose()[0]) is not None and bool(taken.was_taken_over), 5)
    assert not slow.finish(job, (0.5, 1.0), {})
    slow.give_up(job, "too late")
    assert other.counts().evaluated == 0
    assert not other.failures()


def test_a_beat_keeps_a_trial(tmp_path: Path) -> None:
    watch = Watch(stale_s=0.05)
    assert not watch.is_gone(1, "somewhere else", 0)
    time.sleep(0.1)
    assert not watch.is_gone(1, "somewhere else", 1)
    time.sleep(0.1)
    assert watch.is_gone(1, "somewhere else", 1)


def test_a_process_of_this_machine_is_known_to_be_dead() -> None:
    assert not known_dead(own_name())
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    name = json.dumps({**json.loads(own_name()), "pid": process.pid})
    process.wait()
    assert known_dead(name)
    zombie = os.fork()
    if zombie == 0:
        os._exit(0)
    until(lambda: known_dead(json.dumps({**json.loads(own_name()), "pid": zombie})), 5)
    os.waitpid(zombie, 0)
    elsewhere = json.dumps({**json.loads(name), "boot": "another machine"})
    assert not known_dead(elsewhere)


def test_a_configuration_that_diverged_is_not_tried_again(storage: str) -> None:
    desk = desk_of(storage, 2)
    job = desk.next()
    assert job is not None
    desk.give_up(job, "the loss is nan")
    again = desk.next()
    assert again is not None
    assert again.configuration != job.configuration
    desk.finish(again, (0.5, 1.0), {})
    assert desk.next() is None
    assert desk.failures() == {f"trial {job.number}": "the loss is nan"}


def test_half_a_line_at_the_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    desk = desk_of(str(path), 2)
    job = desk.next()
    assert job is not None
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'{"op_code": 4, "worker_id": "kill' * 300)
    desk.finish(job, (0.5, 1.0), {})
    assert path.read_bytes().startswith(whole + b'{"op_code"')
    assert path.read_bytes().endswith(b"}\n")
    assert len(desk_of(str(path), 2).evaluated()) == 1


def test_a_journal_that_stays_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PATIENCE_S", 0.1)
    path = tmp_path / "journal.log"
    told = rf"journal.log.*process {os.getpid()} has kept it locked"
    with flocked(tmp_path / ".journal.log.lock"), pytest.raises(Busy, match=told):
        JournalLock(path).acquire()
    place = place_of(str(path), path)
    with door(place, STUDY), pytest.raises(Busy, match="door"), door(place, STUDY):
        pass


def test_a_study_of_something_else_is_named(storage: str) -> None:
    desk = desk_of(storage, 1)
    desk.identify({"design": "mine", "float model": "1" * 64})
    desk.identify({"design": "mine", "float model": "1" * 64})
    with pytest.raises(ConfigError, match=r"study 'test' .* another design: mine, not yours"):
        desk_of(storage, 1).identify({"design": "yours", "float model": "1" * 64})
    with pytest.raises(ConfigError, match=r"was made with another float model$"):
        desk_of(storage, 1).identify({"design": "mine", "float model": "2" * 64})


def test_a_study_of_another_program(tmp_path: Path) -> None:
    import optuna

    place = place_of(None, tmp_path / "j.log")
    other = optuna.create_study(storage=open_storage(place), study_name=STUDY)
    other.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(FcnHwError, match=r"study 'test' .* is not of fcn-hw search"):
        desk_of(str(tmp_path / "j.log"), 1)


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
        place_of(given, tmp_path / "j.log")


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a folder"):
        place_of(str(tmp_path), tmp_path / "j.log")


def test_a_file_that_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    path.write_text("hello\nworld\n")
    with pytest.raises(ConfigError, match=r"journal.log: not a journal of studies"):
        open_storage(place_of(str(path), path))


def test_a_file_that_is_no_sqlite_database(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    path.write_text("hello " * 1000)
    with pytest.raises(FcnHwError, match=r"studies.db: file is not a database"):
        open_storage(place_of(f"sqlite:///{path}", path))


def test_a_folder_that_can_not_be_made_for_sqlite(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'studies.db'}"
    with pytest.raises((FcnHwError, OSError), match="file"):
        open_storage(place_of(url, tmp_path))


def test_a_driver_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"driver is not installed: psycopg$") as caught:
        open_storage(place_of("postgresql+psycopg://me:secret@127.0.0.1/searches", tmp_path))
    assert caught.value.hint == "pip install 'psycopg[binary]'"
    assert "secret" not in caught.value.message


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the package psycopg is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"postgresql+psycopg://me:secret@127.0.0.1:{port}/searches"
    with pytest.raises(FcnHwError, match=r"storage postgresql.*:\*\*\*@127.* refused") as caught:
        open_storage(place_of(url, tmp_path))
    assert "\n" not in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint


def test_the_digest_and_the_owner_are_kept_with_the_trial(storage: str) -> None:
    desk = desk_of(storage, 1)
    job = desk.next()
    assert job is not None
    trial = desk._trials()[job.number]
    assert trial.user_attrs[DIGEST] == job.configuration.digest
    assert json.loads(trial.user_attrs[OWNER])["pid"] == os.getpid()


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


def test_sigstop_is_not_death() -> None:
    """A process that is stopped is there; only its silence counts."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        from fcn_hw.studies.search.owners import _start

        name = {**json.loads(own_name()), "pid": process.pid, "start": _start(process.pid)}
        process.send_signal(signal.SIGSTOP)
        assert not known_dead(json.dumps(name))
    finally:
        process.kill()
        process.wait()
