"""Adam with a lower learning rate for a part of a network."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from fcn_hw.keras_env import keras_env
from fcn_hw.train.networks import NORM_SUFFIX


def optimizer_of(model: Any, layers: Collection[str], rate: float) -> Any:
    """Keras' Adam; some layers get ``rate`` times the learning rate.

    It makes them trainable, or for a rate of 0 not: then their normalizations are those of
    inference, also in training steps.

    Args:
        model: that is trained.
        layers: by name; the normalizations behind them belong to them.
        rate: 0 to 1.
    """
    names = {name + end for name in layers for end in ("", NORM_SUFFIX)}
    part = [layer for layer in model.layers if layer.name in names]
    for layer in part:
        layer.trainable = rate > 0
    if rate in (0, 1) or not part:
        return keras_env().keras.optimizers.Adam()
    slow = [variable for layer in part for variable in layer.trainable_variables]
    return _slower_adam()({variable.ref() for variable in slow}, rate)


@lru_cache(maxsize=1)
def _slower_adam() -> Any:
    env = keras_env()

    class SlowerAdam(env.keras.optimizers.Adam):  # type: ignore[misc, name-defined]
        """Adam's step does not depend on the size of gradients, so the step itself is scaled."""

        def __init__(self, slow: set[Any], rate: float) -> None:
            super().__init__()
            self._slow, self._rate = slow, rate

        def update_step(self, gradient: Any, variable: Any) -> None:
            before = env.tf.identity(variable)
            super().update_step(gradient, variable)
            if variable.ref() in self._slow:
                variable.assign(before + self._rate * (variable - before))

    return SlowerAdam
