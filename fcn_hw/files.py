"""Writing files: whole or not at all, and only where something changed."""

from __future__ import annotations

import secrets
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
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(raw)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return True
