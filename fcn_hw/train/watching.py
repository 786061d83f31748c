"""What can be watched of a training: a table, pictures and, on request, files for TensorBoard."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fcn_hw.files import replace_file
from fcn_hw.keras_env import keras_env
from fcn_hw.train.datasets.base import DataSet
from fcn_hw.train.loop import Phase, PhaseState
from fcn_hw.train.palette import comparison
from fcn_hw.train.predict import Predictor
from fcn_hw.train.result import EPOCHS, PICTURES, TENSORBOARD, picture_name

_IMAGES = 4
_COLUMNS = ("phase", "epoch", "loss", "score", "learning_rate", "seconds")


class Watching:
    """Writes, after each epoch, what a training has come to so far.

    ``epochs.csv`` has a row for each epoch of all phases, ``epochs/<phase>-<epoch>.png`` some
    validation images with their truth and what the network makes of them (of a data set of masks).
    Both are notes: no stage reads them, and a training that begins anew writes them anew.

    Args:
        folder: of the models.
        dataset: whose validation split is shown.
        say: is told a line after each epoch; None: nobody is.
        tensorboard: also write the figures of each epoch to ``tensorboard/<phase>``.
    """

    def __init__(
        self,
        folder: Path,
        dataset: DataSet,
        *,
        say: Callable[[str], None] | None = None,
        tensorboard: bool = False,
    ) -> None:
        self._folder, self._dataset = folder, dataset
        self._say, self._tensorboard = say, tensorboard
        self._rows: dict[str, list[dict[str, float]]] = {}
        self._writers: dict[str, Any] = {}
        count = min(_IMAGES, len(dataset.val))
        self._shown = np.linspace(0, len(dataset.val) - 1, count).astype(np.intp)

    def __call__(self, phase: Phase, state: PhaseState, predictor: Predictor) -> None:
        known = self._rows.get(phase.name)  # None: the phase begins, or is taken up
        self._rows[phase.name] = list(state.history)
        replace_file(self._folder / EPOCHS, self._table())
        if state.epoch == 0:  # it begins: pictures of another training are not of this one
            for path in (self._folder / PICTURES).glob(f"{phase.name}-*.png"):
                path.unlink()
        elif self._dataset.val.masks.shape[1:] != (1, 1):
            path = self._folder / PICTURES / picture_name(phase.name, state.epoch)
            if known is not None or not path.exists():
                replace_file(path, self._picture(predictor))
        if self._say is not None and known is not None:
            self._say(self._line(phase, state))
        if self._tensorboard:
            self._tell_tensorboard(phase.name, len(known or ()), state.history)

    def _line(self, phase: Phase, state: PhaseState) -> str:
        last = state.history[-1]
        line = f"{phase.name} {state.epoch}/{phase.epochs}: loss {last['loss']:.4g}, "
        line += f"{self._dataset.metric} {100 * last['score']:.2f} %"
        if state.finished:
            return f"{line}; ended with epoch {state.best_epoch}"
        left_s = (phase.epochs - state.epoch) * last["seconds"]
        return f"{line}; at most {_duration(left_s)} left"

    def _table(self) -> str:
        text = io.StringIO()
        rows = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
        rows.writeheader()
        for phase, history in self._rows.items():
            for epoch, row in enumerate(history, start=1):
                rows.writerow({"phase": phase, "epoch": epoch, **row})
        return text.getvalue()

    def _picture(self, predictor: Predictor) -> bytes:
        data, shown = self._dataset, self._shown
        images = data.val.images[shown]
        masks = {"truth": data.val.masks[shown], "network": predictor(images)}
        file = io.BytesIO()
        comparison(images, masks, void=data.void, scale=1).save(file, "PNG")
        return file.getvalue()

    def _tell_tensorboard(self, phase: str, known: int, history: list[dict[str, float]]) -> None:
        """Writes the scalars of epochs beyond ``known``; the package of TensorBoard is not needed
        for that."""
        tf = keras_env().tf
        if phase not in self._writers:
            self._writers[phase] = tf.summary.create_file_writer(
                str(self._folder / TENSORBOARD / phase)
            )
        scalar = tf.compat.v1.SummaryMetadata()
        scalar.plugin_data.plugin_name = "scalars"
        writer = self._writers[phase]
        with writer.as_default():
            for epoch, row in enumerate(history[known:], start=known + 1):
                for name, value in row.items():
                    number = tf.constant(value, tf.float32)
                    tf.summary.write(name, number, step=epoch, metadata=scalar)
        writer.flush()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
