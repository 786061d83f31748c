"""Writing files: whole or not at all, and only where something changed."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
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
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        # mkstemp gives 0600; a plain open would have given this.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True
