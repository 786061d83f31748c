"""Writing files: whole or not at all, and only where something changed; the user's cache."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def replace_file(path: Path, data: bytes | str) -> bool:
    """Writes a file unless it already holds ``data``; returns whether it was written.

    A file that stays keeps its time stamp, so make sees no change. Another process finds the old
    contents or the new ones, never a part: they come by a rename inside the folder.

    Args:
        path: its folders are made where they are missing.
        data: text is stored as UTF-8 with the line ends that it has.
    """
    raw = data.encode() if isinstance(data, str) else data
    with suppress(OSError):
        if path.read_bytes() == raw:
            return False
    with _beside(path, raw) as temporary:
        temporary.replace(path)
    return True


def create_file(path: Path, data: bytes | str) -> None:
    """Writes a file that is not there yet, whole or not at all.

    Args:
        path, data: as for :func:`replace_file`.

    Raises:
        FileExistsError: it is there; it stays as it is.
    """
    with _beside(path, data.encode() if isinstance(data, str) else data) as temporary:
        path.hardlink_to(temporary)  # a rename would replace what is there
        temporary.unlink()


@contextmanager
def _beside(path: Path, raw: bytes) -> Iterator[Path]:
    """A temporary file of these contents in the folder of ``path``; gone after an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not the file's name with something added: that may already be as long as a name can be.
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(raw)
        yield temporary
    except OSError as error:
        temporary.unlink(missing_ok=True)
        error.filename = str(path)  # a full disk names no file, and the temporary one is gone
        raise
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def cache_folder() -> Path:
    """The user's own cache, or a new folder where none can be written.

    Never a folder that others can write to: what lies there is believed, and run.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "fcn_hw"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or a user without a home
        return Path(tempfile.mkdtemp(prefix="fcn_hw-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="fcn_hw-"))
