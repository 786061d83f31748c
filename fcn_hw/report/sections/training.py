"""How the training went: loss and score by epoch, and what the network made of some images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup
from PIL import Image

from fcn_hw.figures.training import training_svg
from fcn_hw.flow.workspace import Workspace
from fcn_hw.report.chart import chart
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sections.scenes import Picture, picture
from fcn_hw.report.sources import Sources
from fcn_hw.train.result import PICTURES, TrainResult, picture_name

ID, TITLE = "training", "Training"


@dataclass(frozen=True)
class PhaseRow:
    """A phase; the score is a share of 1, the time in seconds."""

    name: str
    epochs: int
    first_loss: float
    last_loss: float
    best_score: float
    best_epoch: int
    seconds: float


@dataclass(frozen=True)
class TrainingContext:
    """``training.html.j2``."""

    rows: tuple[PhaseRow, ...]
    curves: Markup
    pictures: tuple[Picture, ...]
    metric: str


def training(sources: Sources) -> Section:
    """Curves of all phases, and the pictures of each phase's first and last epoch."""
    found = sources.training
    if found is None or not any(found.history.values()):
        what = "Loss and score by epoch, and what the network made of some images meanwhile."
        return missing(ID, TITLE, what, sources.command("train", board=False))
    rows = tuple(_row(name, found) for name, epochs in found.history.items() if epochs)
    metric = found.float.metric
    said = "; ".join(
        f"{row.name}: loss {row.first_loss:.3g} to {row.last_loss:.3g} in {row.epochs} epochs, "
        f"best {metric} {100 * row.best_score:.1f} %"
        for row in rows
    )
    workspace = sources.workspace
    assert isinstance(workspace, Workspace), "a graph without a design is not trained here"
    curves = chart(training_svg(found.history, metric, workspace.name), f"{said}.")
    folder = workspace.model / PICTURES
    return made(ID, TITLE, TrainingContext(rows, curves, _pictures(folder, rows), metric))


def _row(name: str, result: TrainResult) -> PhaseRow:
    epochs = result.history[name]
    best = max(range(len(epochs)), key=lambda index: epochs[index].score)
    return PhaseRow(
        name,
        len(epochs),
        epochs[0].loss,
        epochs[-1].loss,
        epochs[best].score,
        best + 1,
        result.seconds.get(name, 0.0),
    )


def _pictures(folder: Path, rows: tuple[PhaseRow, ...]) -> tuple[Picture, ...]:
    found = []
    for row in rows:
        for epoch in dict.fromkeys((1, row.epochs)):
            path = folder / picture_name(row.name, epoch)
            try:
                with Image.open(path) as image:
                    rgb = np.asarray(image.convert("RGB"))
            except OSError:  # notes may be gone; no stage answers for them
                continue
            what = f"{row.name}, epoch {epoch}"
            found.append(picture(rgb, f"Validation images after {what}", what, smooth=True))
    return tuple(found)
