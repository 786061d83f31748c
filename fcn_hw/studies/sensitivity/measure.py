"""Measures one point of a sensitivity analysis, in a worker that holds data and float network.

Formats have the binary point of least squared error, of weights over all of them, of activations
over the calibration images. Biases stay float: they are few, and their bits cost next to nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fcn_hw.design import Design, Weight, WeightFormat
from fcn_hw.errors import DataError
from fcn_hw.keras_env import keras_env, seed_everything
from fcn_hw.studies.pool import Job
from fcn_hw.studies.sensitivity.result import Level, Point, Verdict
from fcn_hw.train.datasets import load_dataset
from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.metrics import confusion_matrix
from fcn_hw.train.precision import PrecisionTable, Wish
from fcn_hw.train.predict import BYTE_SCALE, class_scores, scores_of
from fcn_hw.train.quantization_error import errors_of
from fcn_hw.train.quantized import Part, Parts
from fcn_hw.train.result import Scores
from fcn_hw.train.store import CheckpointFile
from fcn_hw.train.study import FLOAT_MODEL, Study, design_phase
from fcn_hw.train.topology import quantizable

_BATCH = 16
_ANY = WeightFormat(bits=8, integer=1)
_UNUSED = Wish(_ANY, _ANY, _ANY)
"""Formats of what stays float: a table has all layers."""


@dataclass(frozen=True)
class Setting:
    """What all points of a run share.

    Args:
        design: whose network and training settings these are.
        model: the folder of the trained model.
        float_digest: SHA-256 of its ``float.h5``.
        folder: of results and checkpoints.
        images: of the validation split, at even distances; None: all.
        retrain_epochs: of each point; 0: none.
    """

    design: Design
    model: Path
    float_digest: str
    folder: Path
    images: int | None
    retrain_epochs: int

    def checkpoint(self, job: Job) -> CheckpointFile:
        """Of the job's retraining, while that is unfinished."""
        return CheckpointFile(job.result_file(self.folder).with_suffix(".npz"), job.digest)

    def prepare(self) -> Bench:
        """Loads data and float network: once in each worker.

        Raises:
            DataError: the split has nothing to score, or the float model is another one by now.
        """
        path = self.model / FLOAT_MODEL
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.float_digest:
            raise DataError(
                f"'{path}' has changed since this run began",
                hint="let the training end, then run it again",
            )
        seed_everything(self.design.training.seed)
        dataset = load_dataset(self.design.dataset, splits=("train", "val"))
        return Bench.of_trained(self, dataset)


def measure(bench: Bench, job: Job) -> dict[str, Any]:
    """A job's result: of a :class:`Point`, or of the float network where the task is None."""
    if job.task is None:
        return bench.float_network(job)
    assert isinstance(job.task, Point)
    return bench.point(job.task, job)


class Bench:
    """A float network and its data, ready to be measured.

    Args:
        setting: of the run.
        study: the network; its data set has the images that are scored, nothing is pruned.
    """

    def __init__(self, setting: Setting, study: Study) -> None:
        self.setting, self.study = setting, study

    @staticmethod
    def of_trained(setting: Setting, dataset: DataSet) -> Bench:
        """From the float model of the setting.

        Raises:
            DataError: the model is of another network, or no pixel counts.
        """
        data = replace(dataset, val=_spread(dataset.val, setting.images))
        if data.void is not None and np.all(data.val.masks == data.void):
            raise DataError(f"data set '{data.name}': no pixel of split 'val' counts")
        training = setting.design.training.model_copy(update={"pruning": None})
        design = setting.design.model_copy(update={"training": training})
        return Bench(setting, Study.of_trained(design, data, setting.model))

    def float_network(self, job: Job) -> dict[str, Any]:
        """The float network, and the same after as much retraining as a point gets."""
        scores, _ = self.judge(self.study.float_model)
        data = self.study.dataset
        result = {"score": scores.value, "metric": data.metric, "images": len(data.val)}
        if self.setting.retrain_epochs:
            retrained, _ = self._retrained(self._table(None), {}, job)
            result["retrained"] = retrained.score
        return result

    def point(self, point: Point, job: Job) -> dict[str, Any]:
        """One layer quantized."""
        table = self._table(point)
        parts = parts_of(point)
        formats, weights = table.layers[point.layer], self.study.weights[point.layer][0]
        layer = point.layer
        if point.kind == "weights":
            quantizer = formats.weight
            l2, kl = errors_of(lambda: [weights], quantizer)
        else:
            quantizer = formats.activation
            l2, kl = errors_of(
                lambda: (batch[layer] for batch in self.study.activations([layer])), quantizer
            )
        direct = self.study.snapped(self.study.quantized(table, parts), table, parts)
        scores, output_kl = self.judge(direct)
        result: dict[str, Any] = {
            "format": str(quantizer),
            "l2": l2,
            "kl": kl,
            "score": scores.value,
            "output_kl": output_kl,
        }
        if self.setting.retrain_epochs:
            verdict, epochs = self._retrained(table, parts, job)
            result["retrained"] = {"score": verdict.score, "output_kl": verdict.output_kl}
            result["epochs"] = epochs
        return result

    def judge(self, model: Any) -> tuple[Scores, float]:
        """Scores of a model on the images, and the divergence of its classes, nats.

        Args:
            model: (N, H, W, C) in 0 to 255/256 -> scores.
        """
        compare = _comparer(self.study.float_model, model)
        data = self.study.dataset
        confusion = np.zeros((data.n_classes, data.n_classes), dtype=np.int64)
        total = 0.0
        for start in range(0, len(data.val), _BATCH):
            images = data.val.images[start : start + _BATCH]
            masks = data.val.masks[start : start + _BATCH]
            classes, divergence = (value.numpy() for value in compare(images))
            confusion += confusion_matrix(masks, classes, data.n_classes, data.void)
            counts = np.ones(masks.shape, bool) if data.void is None else masks != data.void
            total += float(divergence[counts].sum())
        scores = scores_of(confusion, data.classes, data.metric)
        return scores, max(0.0, total / int(confusion.sum()))

    def _retrained(self, table: PrecisionTable, parts: Parts, job: Job) -> tuple[Verdict, int]:
        settings = self.study.design.training
        phase = design_phase(
            self.study.design,
            "retrain",
            self.setting.retrain_epochs,
            settings.retrain_learning_rate,
        )
        model = self.study.quantized(table, parts)
        state = self.study.retrain(model, phase, self.setting.checkpoint(job))
        scores, output_kl = self.judge(self.study.snapped(model, table, parts))
        return Verdict(scores.value, output_kl), state.epoch

    def _table(self, point: Point | None) -> PrecisionTable:
        wanted = {node.name: _UNUSED for node in quantizable(self.study.topology)}
        if point is not None:
            wanted[point.layer] = _wish(point)
        return self.study.table(wanted)


def parts_of(point: Point) -> Parts:
    """The one part of the one layer that a point quantizes."""
    part: Part = "weight" if point.kind == "weights" else "activation"
    return {point.layer: frozenset({part})}


def _wish(point: Point) -> Wish:
    if point.kind == "weights":
        return Wish(_weight(point.level), _ANY, _ANY)
    assert isinstance(point.level, int)
    return Wish(_ANY, _ANY, point.level)


def _weight(level: Level) -> Weight:
    if level == "ternary":
        return "ternary"
    return "binary" if level == 1 else level


def _comparer(float_model: Any, model: Any) -> Any:
    """Compiled: images as bytes -> classes of ``model``, and divergence, pixel by pixel."""
    tf = keras_env().tf

    def compare(images: Any) -> Any:
        values = tf.cast(images, tf.float32) * BYTE_SCALE
        scores = class_scores(model(values, training=False))
        classes = tf.cast(tf.argmax(scores, axis=-1, output_type=tf.int32), tf.uint8)
        ours = tf.nn.log_softmax(tf.cast(scores, tf.float64))
        told = class_scores(float_model(values, training=False))
        theirs = tf.nn.log_softmax(tf.cast(told, tf.float64))
        return classes, tf.reduce_sum(tf.exp(theirs) * (theirs - ours), axis=-1)

    return tf.function(compare, input_signature=[tf.TensorSpec(model.input_shape, tf.uint8)])


def _spread(split: Split, count: int | None) -> Split:
    """So many images at even distances: neighbours of a video look alike."""
    if count is None or count >= len(split):
        return split
    rows = np.linspace(0, len(split) - 1, count).astype(np.intp)
    names = tuple(split.names[row] for row in rows)
    return Split(split.images[rows], split.masks[rows], names)
