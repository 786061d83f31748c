"""One run at a time writes to a folder; a second one is told which process does.

The lock is the kernel's (flock(2)) on a file beside the folder. The kernel drops it when its
process ends, however that ends, so a lock of a dead process is never in the way: the next run takes
over the file that it left.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fcn_hw.errors import Busy

_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}
_TEXT_BYTES = 200

_held: set[Path] = set()
"""Folders that this process has locked: a stage calls others that lock the same folder."""


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Keeps other processes from writing to a folder.

    Within a process it may be nested; threads of a process are not kept apart. Where nothing can be
    written beside the folder, or the file system has no locks, nothing is locked.

    Args:
        folder: need not exist.
        what: this run does, for the message that another one gets, for instance ``"fcn-hw csim"``.

    Raises:
        Busy: another process holds the lock; names it.
    """
    folder = folder.resolve()
    if folder in _held:
        yield
        return
    path = folder.with_name(f".{folder.name}.lock")
    handle = _acquire(path, folder)
    if handle is None:
        yield
        return
    _held.add(folder)
    try:
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()} {what}\n".encode(errors="replace")[:_TEXT_BYTES])
        yield
    finally:
        _held.discard(folder)
        with suppress(OSError):
            path.unlink()  # while it is locked: see the comment in _acquire
        os.close(handle)


def _acquire(path: Path, folder: Path) -> int | None:
    """The open, locked file; None where there can be none."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise
            try:  # the file of another user, perhaps
                handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, _TEXT_BYTES, 0).decode(errors="replace").strip()
            os.close(handle)
            raise _busy(folder, holder) from None
        except OSError as error:
            os.close(handle)
            if error.errno in _NO_LOCKS:
                return None
            raise
        # The holder before may have removed the file between our open and our lock: then another
        # process could make and lock a new one. Ours counts only if it still has the name.
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        os.close(handle)


def _busy(folder: Path, holder: str) -> Busy:
    number, _, what = holder.partition(" ")
    who = f"process {number} ({what})" if number.isdecimal() else "another process"
    return Busy(
        f"{folder}: {who} is at work there",
        hint="Wait until it has ended, or end it; what it has finished is kept.",
    )
