"""Progress bar of a training, in a terminal; elsewhere nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from fcn_hw.train.loop import Report, Step

_LABELS = {
    "head": "training of the head",
    "float": "float training",
    "retrain": "quantized retraining",
}


@contextmanager
def training_bars(*, enabled: bool, console: Console | None = None) -> Iterator[Report | None]:
    """Yields what to call after each step; None where nothing is to be drawn.

    Args:
        enabled: draw, if ``console`` is a terminal.
        console: default is stdout.
    """
    console = console or Console()
    if not enabled or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("  {task.description:<21}"),
        BarColumn(),
        TextColumn("epoch {task.fields[epoch]}  best {task.fields[best]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks = {
            # few networks have a phase of the head
            phase: bars.add_task(label, total=None, visible=phase != "head", epoch="-", best="-")
            for phase, label in _LABELS.items()
        }

        def report(step: Step) -> None:
            bars.update(
                tasks[step.phase],
                visible=True,
                total=step.epochs * step.steps,
                completed=(step.epoch - 1) * step.steps + step.step,
                epoch=f"{step.epoch}/{step.epochs}",
                best=f"{max(step.best, 0):.1%}",
            )

        yield report
