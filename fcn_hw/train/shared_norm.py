"""Batch normalization over the images of all workers.

Keras' own synchronized layer computes the variance as ``E[x^2] - E[x]^2``, which cancels, and moves
the population's variance into its average where the layer of one worker moves the sample's (times
``n / (n - 1)``). This one computes what one worker with all images would.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fcn_hw.keras_env import keras_env


def shared_norm(active: Any, momentum: float, epsilon: float, name: str) -> Any:
    """The layer; weights and meaning are those of ``BatchNormalization`` on the last axis.

    Training calls must come from where a strategy runs each worker's part.

    Args:
        active: a variable: 1, or 0 where this worker's images do not count.
        momentum: of the averages.
        epsilon: added to the variance.
        name: of the layer.
    """
    return _layer_class()(active, momentum, epsilon, name=name)


@lru_cache(maxsize=1)
def _layer_class() -> Any:
    env = keras_env()
    tf = env.tf

    def over_all(*values: Any) -> Any:
        context, how = tf.distribute.get_replica_context(), tf.distribute.ReduceOp.SUM
        return context.all_reduce(how, list(values))

    class SharedNorm(env.keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, active: Any, momentum: float, epsilon: float, **options: Any) -> None:
            super().__init__(**options)
            self._active = lambda: active  # hidden from Keras: no weight of the layer
            self.momentum, self.epsilon = momentum, epsilon

        def build(self, input_shape: Any) -> None:
            shape = (input_shape[-1],)
            self.gamma = self.add_weight("gamma", shape, initializer="ones")
            self.beta = self.add_weight("beta", shape, initializer="zeros")
            self.moving_mean = self.add_weight(
                "moving_mean", shape, initializer="zeros", trainable=False
            )
            self.moving_variance = self.add_weight(
                "moving_variance", shape, initializer="ones", trainable=False
            )

        def call(self, inputs: Any, training: bool = False) -> Any:
            mean, variance = self.moving_mean, self.moving_variance
            if training:
                mean, variance = self._observed(inputs)
            return tf.nn.batch_normalization(
                inputs, mean, variance, self.beta, self.gamma, self.epsilon
            )

        def _observed(self, inputs: Any) -> tuple[Any, Any]:
            """Mean and variance over all workers; moves the averages."""
            axes, active = list(range(len(inputs.shape) - 1)), self._active()  # type: ignore[no-untyped-call]
            count = tf.cast(tf.size(inputs), tf.float32) / inputs.shape[-1]
            total, count = over_all(tf.reduce_sum(inputs, axes) * active, count * active)
            mean = total / count
            (squares,) = over_all(tf.reduce_sum(tf.square(inputs - mean), axes) * active)
            variance = squares / count
            sample = squares / tf.maximum(count - 1.0, 1.0)
            for average, value in ((self.moving_mean, mean), (self.moving_variance, sample)):
                average.assign_sub((average - tf.stop_gradient(value)) * (1.0 - self.momentum))
            return mean, variance

    return SharedNorm
