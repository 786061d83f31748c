"""The cross-entropy of every pixel, with its weight."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from fcn_hw.keras_env import keras_env


def weighted_losses(scores: Any, masks: Any, table: Any) -> tuple[Any, Any]:
    """Losses times weights, and the weights.

    Args:
        scores: (N, H, W, classes), float32, without softmax.
        masks: (N, H, W), bytes.
        table: (256,), the weight of each mask value; 0 for void.

    Returns:
        both (N, H, W).
    """
    return _compiled()(scores, masks, table)


@cache
def _compiled() -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    """TensorFlow's own kernel takes a sixth of a training step of a small network on the CPU: one
    core, nothing vectorised. XLA fuses it with what surrounds it, in a third of the time. On a GPU
    it would gain nothing, and needs CUDA's libdevice, which many installations lack."""
    tf = keras_env().tf

    def losses(scores: Any, masks: Any, table: Any) -> tuple[Any, Any]:
        labels = tf.cast(masks, tf.int32)
        weights = tf.gather(table, labels)
        labels = tf.where(weights > 0, labels, 0)  # void is no class: any will do at weight 0
        entropies = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
        return entropies * weights, weights

    return tf.function(losses, jit_compile=not tf.config.list_physical_devices("GPU"))  # type: ignore[no-any-return]
