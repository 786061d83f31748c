"""Progress of a stage: bars in a terminal, nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """Where stages say what they do.

    Args:
        console: for one line a stage; bars are drawn in a terminal only.
        quiet: say nothing at all.
    """

    console: Console
    quiet: bool = False

    def say(self, text: str) -> None:
        """One line, marked up by rich."""
        if not self.quiet:
            self.console.print(text, highlight=False)

    def warn(self, text: str) -> None:
        """One line that is said even where nothing else is: plain text."""
        self.console.print(f"[yellow]warning:[/] {escape(text)}", highlight=False)

    @property
    def bars(self) -> bool:
        """Whether bars are drawn."""
        return self.console.is_terminal and not self.quiet

    @contextmanager
    def counter(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A bar; call the yielded function with the count done so far.

        Args:
            total: None where nobody knows it yet.
        """
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with RichProgress(
            *columns, console=self.console, disable=not self.bars, transient=True
        ) as bar:
            task = bar.add_task(label, total=total)
            yield lambda done: bar.update(task, completed=done)

    def over(self, items: Sequence[T], label: str) -> Iterator[T]:
        """The items, with a bar that follows them."""
        with self.counter(label, len(items)) as update:
            for done, item in enumerate(items, start=1):
                yield item
                update(done)
