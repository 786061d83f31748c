"""Optuna's journal file, with heartbeats, and with a lock that a killed process does not leave."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import optuna
from optuna.storages import JournalStorage, RetryHeartbeatStaleTrialCallback
from optuna.storages._heartbeat import BaseHeartbeat
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from fcn_hw.errors import ConfigError, StorageError
from fcn_hw.studies.search.file_lock import flocked

_BEAT = "heartbeat"


class Journal(JournalStorage, BaseHeartbeat):
    """Optuna's journal with the heartbeats that Optuna (5.0) gives to databases only.

    A heartbeat is a new random word in the trial. Each process measures by its own clock how long
    a word has stood there, so clocks of machines are never compared.
    """

    def __init__(self, backend: JournalFileBackend, stale_s: int) -> None:
        super().__init__(backend)
        self._stale_s = stale_s
        self._seen: dict[int, tuple[str, float]] = {}

    @staticmethod
    def of_file(path: Path, stale_s: int) -> Journal:
        """The journal in a file.

        Raises:
            ConfigError: the file is no journal.
            StorageError: a line of it can't be read, or does not follow from those before.
        """
        try:
            return Journal(JournalFileBackend(str(path), cast(Any, JournalLock(path))), stale_s)
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError):
            if _begins_as_journal(path):
                raise StorageError.damaged(str(path), "a line") from None
            raise ConfigError(
                f"{path}: not a journal of studies",
                hint="give another --storage, or move the file away",
            ) from None

    def record_heartbeat(self, trial_id: int) -> None:
        self.set_trial_system_attr(trial_id, _BEAT, secrets.token_hex(4))

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        now, stale = time.monotonic(), []
        running = self.get_all_trials(study_id, deepcopy=False, states=(TrialState.RUNNING,))
        for trial in running:
            word = trial.system_attrs.get(_BEAT, "")
            known, since = self._seen.get(trial._trial_id, ("", now))
            if word != known:
                self._seen[trial._trial_id] = (word, now)
            elif now - since > self._stale_s:
                stale.append(trial._trial_id)
        return stale

    def get_heartbeat_interval(self) -> int:
        return 1  # any number: it says that there are heartbeats

    def get_heartbeat_stale_trial_callback(self) -> Callable[[optuna.Study, FrozenTrial], None]:
        return RetryHeartbeatStaleTrialCallback()


def _begins_as_journal(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return "op_code" in json.loads(file.readline())
    except (OSError, ValueError, TypeError):
        return False


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
