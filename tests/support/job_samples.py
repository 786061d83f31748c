"""Work for worker processes, importable there: every call leaves a line in a file."""

from __future__ import annotations

import errno
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

from fcn_hw.errors import DataError
from fcn_hw.studies.pool import Job, Work

CALLS = "calls.txt"


def sample_work(folder: Path) -> Work:
    """Squares the task; a task that is a word does what it says."""
    return Work(partial(_prepare, folder), _perform)


def calls(folder: Path) -> list[str]:
    """What was called, ``prepare`` or a job's name, in this order."""
    path = folder / CALLS
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def note(folder: Path, what: str) -> None:
    with (folder / CALLS).open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")


def _prepare(folder: Path) -> Path:
    note(folder, "prepare")
    if (folder / "no data").exists():
        raise DataError("there are no data", hint="get some")
    return folder


def _perform(folder: Path, job: Job) -> dict[str, Any]:
    note(folder, job.name)
    task = job.task
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "die once" and calls(folder).count(job.name) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "refuse":
        raise DataError("this layer diverged", hint="lower the rate")
    if task == "break":
        raise ZeroDivisionError("a bug")
    if task == "full disk":
        raise OSError(errno.ENOSPC, "No space left on device", "/disk/file")
    if task == "not a number":
        return {"value": float("nan")}
    if task == "hang":
        (folder / "hanging").write_text(str(os.getpid()), encoding="utf-8")
        time.sleep(60)
    if task == "threads":
        return {"threads": os.environ["TF_NUM_INTRAOP_THREADS"]}
    return {"value": task if isinstance(task, str) else task**2}
