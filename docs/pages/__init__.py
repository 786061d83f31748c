"""The parts of pages that are made from the code: a line ``<!-- made: NAME -->`` stands for one.

A page with such a line keeps its own words; what the code says has its home in the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from pages.schema import board_markdown, design_markdown

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MADE: dict[str, Callable[[], str]] = {
    "design.yaml": design_markdown,
    "board.yaml": board_markdown,
}

_LINE = re.compile(r"^<!-- made: (.*) -->$", re.MULTILINE)


def filled(text: str) -> str:
    """A page's text with what the code says in place of its marks.

    Raises:
        KeyError: a mark names nothing that is made here.
    """
    return _LINE.sub(lambda match: MADE[match[1]](), text)


def _on_source_read(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = filled(source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("source-read", _on_source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
