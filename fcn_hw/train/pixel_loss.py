"""What training asks of every pixel: its label, or what the float network says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.keras_env import keras_env
from fcn_hw.train.predict import class_scores


@dataclass(frozen=True)
class PixelLoss:
    """The cross-entropy of every pixel, times its weight.

    With a teacher, the target is ``(1 - share) * label + share * probabilities of the teacher``:
    distillation at temperature 1 (Hinton, Vinyals & Dean 2015), as it is done from a float network
    to its quantized self (Mishra & Marr, "Apprentice", ICLR 2018).

    Args:
        weights: (256,), float32, the weight of each mask value; 0 for void.
        teacher: a Keras model of the same inputs and classes; None: labels only.
        share: of the teacher in the target, 0 to 1.
    """

    weights: npt.NDArray[np.float32]
    teacher: Any = None
    share: float = 0.0

    def of(self, scores: Any, images: Any, masks: Any) -> tuple[Any, Any]:
        """Losses times weights, and the weights.

        Args:
            scores: (N, H, W, classes), float32, without softmax; or one score for two classes.
            images: (N, H, W, C), float32, what the network saw.
            masks: (N, H, W), bytes.

        Returns:
            both (N, H, W).
        """
        tf = keras_env().tf
        table, scores = tf.constant(self.weights), class_scores(scores)
        if self.teacher is None:
            return _of_labels()(scores, masks, table)
        told = tf.stop_gradient(class_scores(self.teacher(images, training=False)))
        return _of_mixture()(scores, told, masks, table, tf.constant(self.share, tf.float32))


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
def _of_mixture() -> Callable[..., tuple[Any, Any]]:
    tf = keras_env().tf

    def losses(scores: Any, told: Any, masks: Any, table: Any, share: Any) -> tuple[Any, Any]:
        labels, weights = _labels(masks, table)
        wanted = (1 - share) * tf.one_hot(labels, scores.shape[-1]) + share * tf.nn.softmax(told)
        entropies = tf.nn.softmax_cross_entropy_with_logits(wanted, scores)
        return entropies * weights, weights

    return _compiled(losses)


def _labels(masks: Any, table: Any) -> tuple[Any, Any]:
    """Classes and weights of the pixels; void is no class: any will do at weight 0."""
    tf = keras_env().tf
    labels = tf.cast(masks, tf.int32)
    weights = tf.gather(table, labels)
    return tf.where(weights > 0, labels, 0), weights
