"""Where a study is kept: Optuna's storages, their locks, and their errors in one line."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_hw.errors import ConfigError, StorageError, nearest
from fcn_hw.studies.search.file_lock import PATIENCE_S, flocked, wait_until

_SERVERS = ("postgresql", "mysql", "mariadb")
_DRIVERS = {
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
}
"""What pip calls the package of a module."""


@dataclass(frozen=True)
class Storage:
    """Where studies are.

    Args:
        url: of a database, as SQLAlchemy reads it; ``""`` for a journal.
        path: of the journal or of SQLite's file; None for a server.
        shown: what messages say: no password.
    """

    url: str
    path: Path | None
    shown: str


def storage_of(given: str | None, default: Path) -> Storage:
    """The storage that a user named.

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
        return Storage("", path, str(path))
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
        return Storage(given, Path(url.database), shown)
    if kind not in _SERVERS:
        raise ConfigError(
            f"--storage {shown}: unknown database '{kind}'; near: "
            f"{nearest(kind, ('sqlite', *_SERVERS))}",
            hint="give a URL of one of these, or the path of a journal file",
        )
    return Storage(given, None, shown)


def open_storage(storage: Storage, beat_s: int, stale_s: int) -> Any:
    """Optuna's storage there, with heartbeats; made where it is missing.

    Args:
        beat_s: seconds between two heartbeats of a trial.
        stale_s: a trial without a heartbeat for so many seconds is stale, and is enqueued anew.

    Raises:
        ConfigError: the driver is missing, or the file is no study.
        StorageError: the server can't be reached; a line of the journal is damaged.
        Busy: the journal stays locked.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    warnings.filterwarnings("ignore", message="Heartbeat of storage is supposed to be used with")
    if storage.path is not None:
        storage.path.parent.mkdir(parents=True, exist_ok=True)
    if not storage.url:
        assert storage.path is not None
        from fcn_hw.studies.search.journal import Journal

        return Journal.of_file(storage.path, stale_s)
    waits = {"connect_args": {"timeout": PATIENCE_S}} if storage.path is not None else {}
    try:
        with one_line(storage):
            return optuna.storages.RDBStorage(
                storage.url,
                engine_kwargs={"pool_pre_ping": storage.path is None, **waits},
                heartbeat_interval=beat_s,
                grace_period=stale_s,
                heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
            )
    except ImportError as error:
        raise _no_driver(storage, error) from None


@contextmanager
def one_line(storage: Storage) -> Iterator[None]:
    """Turns what a database raises into an error of one line."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        cause: BaseException = error
        while cause.__cause__ is not None:  # Optuna wraps SQLAlchemy, which wraps the driver
            cause = cause.__cause__
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        raise StorageError(
            f"storage {storage.shown}: {said}",
            hint="Finished trials are kept there. Check the URL and that the server answers; then "
            "run the command again.",
        ) from None


def _no_driver(storage: Storage, error: ImportError) -> ConfigError:
    cause = error.__cause__ or error.__context__
    # Optuna wraps the error of the import
    name = error.name or (cause.name if isinstance(cause, ImportError) else None) or "unknown"
    package = _DRIVERS.get(name, name)
    return ConfigError(
        f"storage {storage.shown}: the Python package of its driver is not installed: {name}",
        hint=f"pip install {package}",
    )


@contextmanager
def study_lock(storage: Storage, study: str) -> Iterator[None]:
    """Holds the lock of a study: whoever takes or finishes a trial holds it meanwhile.

    It is a lock of the kernel or of the database server: both drop it when the process that holds
    it ends, however that ends.

    Raises:
        Busy: another process has held it for a minute.
    """
    if storage.path is not None:
        with flocked(storage.path.parent / f".{storage.path.name}.study"):
            yield
        return
    import sqlalchemy

    number = int.from_bytes(hashlib.sha256(study.encode()).digest()[:7], "big")
    engine = sqlalchemy.create_engine(storage.url, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            ask = f"SELECT pg_try_advisory_lock({number})"
        else:
            ask = f"SELECT GET_LOCK('fcn_hw {number}', 0)"
        # both are held until this connection ends: here, or with its process
        wait_until(
            lambda: connection.execute(sqlalchemy.text(ask)).scalar() in (True, 1),
            f"study '{study}' in {storage.shown}",
            lambda: "another process",
        )
        yield
