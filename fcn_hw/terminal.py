"""The terminal: what is printed there holds no control character but ours.

Names of layers, paths and lines of logs come from strangers, and ESC in one of them could move the
cursor or set a title.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from fcn_hw.errors import visible


class Terminal(Console):
    """A console that shows control characters in strings and table cells as their codes."""

    def render_str(self, text: str, **settings: Any) -> Text:  # type: ignore[override]
        return super().render_str(visible(text), **settings)
