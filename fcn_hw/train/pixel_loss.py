"""What training asks of every pixel: its label, or what a teacher says of it.

The float network teaches its quantized self step by step: it sees the varied image that its pupil
sees. The teacher of a file answers once for each image, at the size that it knows, and its answers
are varied as the masks are: then it may be many times as large as its pupil and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.keras_env import keras_env
from fcn_hw.train.predict import BYTE_SCALE, class_scores

_CERTAIN = 255.0
"""What an answer is where the teacher is certain."""

_BATCH = 8
"""Images that a teacher sees at a time."""


@dataclass(frozen=True)
class PixelLoss:
    """The cross-entropy of every pixel, times its weight.

    With a teacher, the target is ``(1 - share) * label + share * probabilities of the teacher``:
    distillation at temperature 1 (Hinton, Vinyals & Dean 2015), as it is done from a float network
    to its quantized self (Mishra & Marr, "Apprentice", ICLR 2018).

    Args:
        weights: (256,), float32, the weight of each mask value; 0 for void.
        teacher: a Keras model of the same inputs and classes; None: no such teacher.
        share: of the teacher in the target, 0 to 1.
        answers: of the teacher of a file, :func:`teacher_answers`; None: there is none.
    """

    weights: npt.NDArray[np.float32]
    teacher: Any = None
    share: float = 0.0
    answers: npt.NDArray[np.uint8] | None = None

    def answers_to(self, rows: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.uint8], ...]:
        """What a batch has beside images and masks: the answers to training images, by their places
        in the split, if there are any."""
        return () if self.answers is None else (self.answers[rows],)

    def of(self, scores: Any, images: Any, masks: Any, *answers: Any) -> tuple[Any, Any]:
        """Losses times weights, and the weights.

        Args:
            scores: (N, H, W, classes), float32, without softmax; or one score for two classes.
            images: (N, H, W, C), float32, what the network saw.
            masks: (N, H, W), bytes.
            answers: (N, h, w, classes), bytes, varied as the images are; if there are any.

        Returns:
            both (N, H, W).
        """
        tf = keras_env().tf
        table, scores = tf.constant(self.weights), class_scores(scores)
        if answers:
            told = tf.cast(answers[0], tf.float32) / _CERTAIN
            told = tf.image.resize(told, masks.shape[1:3])
        elif self.teacher is not None:
            told = tf.stop_gradient(class_scores(self.teacher(images, training=False)))
        else:
            return _of_labels()(scores, masks, table)
        mixed = _of_mixture(scored=not answers)
        return mixed(scores, told, masks, table, tf.constant(self.share, tf.float32))


def teacher_answers(
    teacher: Any, images: npt.NDArray[np.uint8], size: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    """What a teacher says of images: probabilities of the classes.

    Args:
        teacher: a Keras model of images of any size, which gives scores without softmax.
        images: (N, H, W, C); the teacher sees them in its own size.
        size: (H, W) of the masks of its pupil.

    Returns:
        (N, ceil(H / 2), ceil(W / 2), classes), 255 times the probability: the labels say where
        exactly a border is, and half the size is a quarter of the memory.
    """
    tf = keras_env().tf
    height, width = (-(-count // 2) for count in size)

    def answer(part: Any) -> Any:
        values = tf.image.resize(tf.cast(part, tf.float32), teacher.input_shape[1:3])
        scores = class_scores(teacher(values * BYTE_SCALE, training=False))
        told = tf.image.resize(tf.nn.softmax(scores), (height, width), antialias=True)
        return tf.cast(tf.round(told * _CERTAIN), tf.uint8)

    answered = tf.function(answer, input_signature=[tf.TensorSpec((None, *images.shape[1:]))])
    parts = [
        answered(images[start : start + _BATCH].astype(np.float32)).numpy()
        for start in range(0, len(images), _BATCH)
    ]
    return np.concatenate(parts)


def batch_signature(model: Any, pixel_loss: PixelLoss) -> list[Any]:
    """Of a batch: images, masks, and a teacher's answers, if there are any."""
    tf = keras_env().tf
    found = [
        tf.TensorSpec(model.input_shape, tf.uint8),
        tf.TensorSpec((None, *model.output_shape[1:3]), tf.uint8),
    ]
    if pixel_loss.answers is not None:
        found.append(tf.TensorSpec((None, *pixel_loss.answers.shape[1:]), tf.uint8))
    return found


# TensorFlow's own kernel takes a sixth of a training step of a small network on the CPU: one core,
# nothing vectorised. XLA fuses it with what surrounds it, in a third of the time. On a GPU it would
# gain nothing, and XLA needs CUDA's libdevice there, which many installations lack.
def _compiled(losses: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[Any, Any]]:
    tf = keras_env().tf
    on_cpu = not tf.config.list_physical_devices("GPU")
    return tf.function(losses, jit_compile=on_cpu)  # type: ignore[no-any-return]


@cache
def _of_labels() -> Callable[..., tuple[Any, Any]]:
    tf = keras_env().tf

    def losses(scores: Any, masks: Any, table: Any) -> tuple[Any, Any]:
        labels, weights = _labels(masks, table)
        entropies = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
        return entropies * weights, weights

    return _compiled(losses)


@cache
def _of_mixture(*, scored: bool) -> Callable[..., tuple[Any, Any]]:
    """With what a teacher told: its scores, or else its probabilities."""
    tf = keras_env().tf

    def losses(scores: Any, told: Any, masks: Any, table: Any, share: Any) -> tuple[Any, Any]:
        labels, weights = _labels(masks, table)
        told = tf.nn.softmax(told) if scored else told
        wanted = (1 - share) * tf.one_hot(labels, scores.shape[-1]) + share * told
        entropies = tf.nn.softmax_cross_entropy_with_logits(wanted, scores)
        return entropies * weights, weights

    return _compiled(losses)


def _labels(masks: Any, table: Any) -> tuple[Any, Any]:
    """Classes and weights of the pixels; void is no class: any will do at weight 0."""
    tf = keras_env().tf
    labels = tf.cast(masks, tf.int32)
    weights = tf.gather(table, labels)
    return tf.where(weights > 0, labels, 0), weights
