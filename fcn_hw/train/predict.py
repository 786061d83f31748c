"""Predictions and scores of a Keras model, float or quantized."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import DataError
from fcn_hw.keras_env import keras_env
from fcn_hw.train.datasets.base import Metric, Split
from fcn_hw.train.metrics import (
    Confusion,
    confusion_matrix,
    iou_per_class,
    mean_iou,
    pixel_accuracy,
)
from fcn_hw.train.result import Scores

Bytes = npt.NDArray[np.uint8]

BYTE_SCALE = 1.0 / 256.0
"""The network sees ``byte / 256``: the format ``ufixed<8,0>`` of ``design.INPUT_FORMAT``."""


def class_scores(scores: Any) -> Any:
    """Scores of every class. One score a pixel is that of the second class of two, beside 0."""
    if scores.shape[-1] != 1:
        return scores
    tf = keras_env().tf
    return tf.concat([tf.zeros_like(scores), scores], axis=-1)


class Predictor:
    """Class maps of a Keras model. Keeps the compiled function between calls."""

    def __init__(self, model: Any) -> None:
        tf = keras_env().tf
        shape = model.input_shape
        self._size = model.output_shape[1:3]

        def classes(images: Any) -> Any:
            scores = model(tf.cast(images, tf.float32) * BYTE_SCALE, training=False)
            best = tf.argmax(class_scores(scores), axis=-1, output_type=tf.int32)
            return tf.cast(best, tf.uint8)

        self._classes = tf.function(classes, input_signature=[tf.TensorSpec(shape, tf.uint8)])

    def __call__(self, images: Bytes, batch: int = 16) -> Bytes:
        """Class of each pixel; of equal scores the lower class.

        Args:
            images: (N, H, W, C).
            batch: images at a time.

        Returns:
            (N, H, W); of a classifier (N, 1, 1).
        """
        maps = [
            self._classes(images[start : start + batch]).numpy()
            for start in range(0, len(images), batch)
        ]
        return np.concatenate(maps) if maps else np.zeros((0, *self._size), np.uint8)


def score(
    predictor: Predictor, split: Split, classes: tuple[str, ...], void: int | None, batch: int = 16
) -> Scores:
    """Predicts a split and compares with its masks."""
    predicted = predictor(split.images, batch)
    confusion = confusion_matrix(split.masks, predicted, len(classes), void)
    return scores_of(confusion, classes, "accuracy" if split.one_class else "mIoU")


def scores_of(confusion: Confusion, classes: tuple[str, ...], metric: Metric) -> Scores:
    """The scores that a confusion matrix of a split gives."""
    return Scores(
        miou=mean_iou(confusion),
        pixel_accuracy=pixel_accuracy(confusion),
        iou={
            name: None if np.isnan(value) else float(value)
            for name, value in zip(classes, iou_per_class(confusion), strict=True)
        },
        metric=metric,
    )


def predict(model: Any, images: Bytes, batch: int = 16) -> Bytes:
    """Class maps of a Keras model.

    Args:
        model: float or quantized.
        images: (N, H, W, C), bytes of the size that the model takes.
        batch: images at a time.

    Returns:
        (N, H, W).

    Raises:
        DataError: the model takes images of another size.
    """
    size = tuple(model.input_shape[1:])
    if size != images.shape[1:]:
        raise DataError(f"model '{model.name}' takes images of {size}, not {images.shape[1:]}")
    return Predictor(model)(images, batch)
