"""Where a study is kept, and the door that one process at a time goes through.

A study is one of Optuna, in a journal file or in a database. Whoever hands out or finishes a trial
holds the door of the study meanwhile. The door is a lock of the kernel or of the database server:
both drop it when the process that holds it ends, however that ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fcn_hw.errors import Busy, ConfigError, FcnHwError, nearest

PATIENCE_S = 60.0
"""How long a lock is waited for. It is held for milliseconds."""

_SERVERS = ("postgresql", "mysql", "mariadb")
_DRIVERS = {
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
}
"""What pip calls the package of a module."""


@dataclass(frozen=True)
class Place:
    """Where studies are.

    Args:
        url: of a database, as SQLAlchemy reads it; ``""`` for a journal.
        path: of the journal or of SQLite's file; None for a server.
        shown: what messages say: no password.
    """

    url: str
    path: Path | None
    shown: str


def place_of(given: str | None, default: Path) -> Place:
    """The place that a user named.

    Args:
        given: a URL (``sqlite:///``, ``postgresql://``, ``mysql://``) or the path of a journal.
        default: the journal where nothing is given.

    Raises:
        ConfigError: a URL of something else.
    """
    if given is None or "://" not in given:
        path = default if given is None else Path(given).expanduser()
        if path.is_dir():
            raise ConfigError(
                f"--storage {path}: a folder", hint="give the path of the journal file in it"
            )
        return Place("", path, str(path))
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise ConfigError(
            "--storage: not a database's URL",
            hint="for instance postgresql://user:password@host/database, or the path of a journal",
        ) from None
    kind = url.get_backend_name()
    shown = url.render_as_string(hide_password=True)
    if kind == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ConfigError(
                f"--storage {shown}: a database in memory can't be shared by processes",
                hint="give it a file: sqlite:///search.db",
            )
        return Place(given, Path(url.database), shown)
    if kind not in _SERVERS:
        raise ConfigError(
            f"--storage {shown}: unknown database '{kind}'; near: "
            f"{nearest(kind, ('sqlite', *_SERVERS))}",
            hint="give a URL of one of these, or the path of a journal file",
        )
    return Place(given, None, shown)


def open_storage(place: Place) -> Any:
    """Optuna's storage there; made where it is missing.

    Raises:
        ConfigError: the driver is missing, or the file is no study.
        FcnHwError: the server can't be reached.
        Busy: the journal stays locked.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if place.path is not None:
        place.path.parent.mkdir(parents=True, exist_ok=True)
    if not place.url:
        assert place.path is not None
        return _journal(place.path)
    from sqlalchemy.exc import SQLAlchemyError

    waits = {"connect_args": {"timeout": PATIENCE_S}} if place.path is not None else {}
    try:
        return optuna.storages.RDBStorage(
            place.url, engine_kwargs={"pool_pre_ping": place.path is None, **waits}
        )
    except ImportError as error:
        raise _no_driver(place, error) from None
    except SQLAlchemyError as error:
        raise storage_error(place, error) from None


def _journal(path: Path) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    try:
        return JournalStorage(JournalFileBackend(str(path), cast(Any, JournalLock(path))))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(
            f"{path}: not a journal of studies",
            hint="give another --storage, or move the file away",
        ) from None


def storage_error(place: Place, error: Exception) -> FcnHwError:
    """One line for what a database said."""
    cause: BaseException = error
    while cause.__cause__ is not None:  # Optuna wraps SQLAlchemy, which wraps the driver
        cause = cause.__cause__
    said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    told = FcnHwError(
        f"storage {place.shown}: {said}",
        hint="Finished trials are kept there. Check the URL and that the server answers; then run "
        "the command again.",
    )
    told.exit_status = 1
    return told


def _no_driver(place: Place, error: ImportError) -> ConfigError:
    cause = error.__cause__ or error.__context__
    # Optuna wraps the error of the import
    name = error.name or (cause.name if isinstance(cause, ImportError) else None) or "unknown"
    package = _DRIVERS.get(name, name)
    return ConfigError(
        f"storage {place.shown}: the Python package of its driver is not installed: {name}",
        hint=f"pip install {package}",
    )


@contextmanager
def door(place: Place, study: str) -> Iterator[None]:
    """Holds the door of a study.

    Raises:
        Busy: another process has held it for a minute.
    """
    if place.path is not None:
        folder = place.path.parent
        with flocked(folder / f".{place.path.name}.door"):
            yield
        return
    import sqlalchemy

    number = int.from_bytes(hashlib.sha256(study.encode()).digest()[:7], "big")
    engine = sqlalchemy.create_engine(place.url, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            ask = f"SELECT pg_try_advisory_lock({number})"
        else:
            ask = f"SELECT GET_LOCK('fcn_hw {number}', 0)"
        # both are held until this connection ends: here, or with its process
        _until(
            lambda: connection.execute(sqlalchemy.text(ask)).scalar() in (True, 1),
            f"study '{study}' in {place.shown}",
            lambda: "another process",
        )
        yield


@contextmanager
def flocked(path: Path) -> Iterator[int]:
    """Locks a file, waiting for whoever holds it; yields its descriptor.

    Raises:
        Busy: it stays locked.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _until(lambda: _try_flock(handle), str(path), lambda: _holder(handle))
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield handle
    finally:
        os.close(handle)


class JournalLock:
    """Keeps writers of a journal apart, and mends its end.

    Optuna's own locks are files that a killed process leaves behind. This one is the kernel's. A
    writer that was killed, or whose disk was full, may have left half a line; nobody else writes
    now, so it is cut off: its writer was never told that it is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: Any = None

    def acquire(self) -> bool:
        lock = flocked(self._path.parent / f".{self._path.name}.lock")
        lock.__enter__()
        self._lock = lock
        _mend(self._path)
        return True

    def release(self) -> None:
        lock, self._lock = self._lock, None
        lock.__exit__(None, None, None)


def _mend(path: Path) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - 4096)
            file.seek(start)
            block = file.read(end - start)
            if block.endswith(b"\n") and end == size:
                return
            line = block.rfind(b"\n")
            if line >= 0:
                file.truncate(start + line + 1)
                return
            end = start
        file.truncate(0)


def _try_flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(handle: int) -> str:
    number = os.pread(handle, 20, 0).decode(errors="replace").strip()
    return f"process {number}" if number.isdecimal() else "another process"


def _until(done: Any, what: str, holder: Any) -> None:
    """Asks again until it is done; raises Busy after :data:`PATIENCE_S`."""
    started, pause = time.monotonic(), 0.002
    while not done():
        if time.monotonic() - started > PATIENCE_S:
            raise Busy(
                f"{what}: {holder()} has kept it locked for {PATIENCE_S:.0f} s",
                hint="Is that process stopped? Let it go on, or end it; finished trials are kept.",
            )
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
