"""Progress bar of a training, in a terminal; elsewhere nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from fcn_hw.train.loop import Report, Step

_LABELS = {"float": "float training", "retrain": "quantized retraining"}


@contextmanager
def training_bars(*, enabled: bool) -> Iterator[Report | None]:
    """Yields what to call after each step; None where nothing is to be drawn."""
    if not enabled:
        yield None
        return
    columns = (
        TextColumn("  {task.description:<21}"),
        BarColumn(),
        TextColumn("epoch {task.fields[epoch]}  best mIoU {task.fields[miou]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, transient=True) as bars:
        if not bars.console.is_terminal:
            yield None
            return
        tasks = {
            phase: bars.add_task(label, total=None, epoch="-", miou="-")
            for phase, label in _LABELS.items()
        }

        def report(step: Step) -> None:
            bars.update(
                tasks[step.phase],
                total=step.epochs * step.steps,
                completed=(step.epoch - 1) * step.steps + step.step,
                epoch=f"{step.epoch}/{step.epochs}",
                miou=f"{step.best_miou:.1%}",
            )

        yield report
