"""The cross-entropy of every pixel, with its weight."""

from __future__ import annotations

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
    tf = keras_env().tf
    labels = tf.cast(masks, tf.int32)
    weights = tf.gather(table, labels)
    labels = tf.where(weights > 0, labels, 0)  # void is no class: any will do at weight 0
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
    return losses * weights, weights
