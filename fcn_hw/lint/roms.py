"""Long tables of numbers, emptied: no rule looks at the contents of a ROM.

A parser makes an object of each number; that takes longer than all else. Blanks stand in their
place, so that lines and offsets of everything else stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_TABLE = re.compile(r"=\s*\{(?P<numbers>[-+\dxXa-fA-F\s{},]{200,})\}\s*;")


def emptied(text: str) -> str:
    """A source whose long initialisers of nothing but numbers hold none."""

    def blank(match: re.Match[str]) -> str:
        start, end = match.span("numbers")
        numbers = re.sub(r"[^\n]", " ", match["numbers"])
        offset = match.start()
        return match[0][: start - offset] + numbers + match[0][end - offset :]

    return _TABLE.sub(blank, text)


def emptied_files(root: Path, texts: Mapping[str, str]) -> dict[Path, str]:
    """The files below a folder that hold long tables, emptied.

    Args:
        texts: by path relative to ``root``.
    """
    found = {}
    for name, text in texts.items():
        shorter = emptied(text)
        if shorter != text:
            found[root / name] = shorter
    return found
