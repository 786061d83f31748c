"""Markdown out of docstrings and values."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence


def from_docstring(text: str) -> str:
    """A docstring as Markdown: ``code`` becomes `code`, a role becomes its last name."""
    text = inspect.cleandoc(text)
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    return re.sub(r"``(.+?)``", r"`\1`", text)


def one_line(text: str) -> str:
    """For a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are made one line."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(one_line(cell) for cell in line) + " |" for line in lines)
