"""A file that one process at a time holds, by a lock of the kernel; whoever comes later waits."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fcn_hw.errors import Busy

PATIENCE_S = 60.0
"""How long a lock is waited for. It is held for milliseconds."""


@contextmanager
def flocked(path: Path) -> Iterator[int]:
    """Locks a file, waiting for whoever holds it; yields its descriptor.

    Raises:
        Busy: it stays locked.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        wait_until(lambda: _try_flock(handle), str(path), lambda: _holder(handle))
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield handle
    finally:
        os.close(handle)


def _try_flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(handle: int) -> str:
    number = os.pread(handle, 20, 0).decode(errors="replace").strip()
    return f"process {number}" if number.isdecimal() else "another process"


def wait_until(done: Callable[[], bool], what: str, holder: Callable[[], str]) -> None:
    """Asks again until it is done.

    Args:
        done: says whether it is, and may do it.
        what: is waited for, for the message.
        holder: names the process that is in the way.

    Raises:
        Busy: it is not done after :data:`PATIENCE_S`.
    """
    started, pause = time.monotonic(), 0.002
    while not done():
        if time.monotonic() - started > PATIENCE_S:
            raise Busy(
                f"{what}: {holder()} has kept it locked for {PATIENCE_S:.0f} s",
                hint="Is that process stopped? Let it go on, or end it; finished trials are kept.",
            )
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
