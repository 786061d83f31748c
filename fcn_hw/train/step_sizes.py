"""Adam whose steps have another size for parts of a network, or for each filter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from fcn_hw.keras_env import keras_env
from fcn_hw.train.networks import NORM_SUFFIX

_SMALLEST_SIZE = 1e-3
"""Of weights, for their steps: what is 0 learns too. As in Adafactor."""


def optimizer_of(
    model: Any, layers: Collection[str], rate: float, *, relative: bool = False
) -> Any:
    """Keras' Adam; some layers get ``rate`` times the learning rate.

    It makes them trainable, or for a rate of 0 not: then their normalizations are those of
    inference, also in training steps.

    Args:
        model: that is trained.
        layers: by name; the normalizations behind them belong to them.
        rate: 0 to 1.
        relative: whether steps are relative to the weights as they are now: each filter's to the
            root mean square of its weights, those of biases to that of the layer's biases (Shazeer
            & Stern, "Adafactor", ICML 2018, section 8, for whole tensors).
    """
    names = {name + end for name in layers for end in ("", NORM_SUFFIX)}
    part = [layer for layer in model.layers if layer.name in names]
    for layer in part:
        layer.trainable = rate > 0
    sizes = _relative_sizes(model) if relative else {}
    if 0 < rate < 1:
        for layer in part:
            for variable in layer.trainable_variables:
                sizes[variable.ref()] = rate * sizes.get(variable.ref(), 1.0)
    return _scaled_adam()(sizes) if sizes else keras_env().keras.optimizers.Adam()


def _relative_sizes(model: Any) -> dict[Any, Any]:
    """Root mean square of each filter and of a layer's biases, in a shape that fits the variable's;
    by the reference of the variable."""
    layers = keras_env().keras.layers
    found = {}
    for layer in model.layers:
        axes: tuple[int, ...] = (0, 1, 2)
        if isinstance(layer, layers.DepthwiseConv2D):
            axes = (0, 1)
        elif isinstance(layer, layers.Conv2DTranspose):
            axes = (0, 1, 3)
        for variable in layer.trainable_variables:
            values = variable.numpy().astype(np.float64)
            size = np.sqrt(np.mean(values**2, axis=axes if values.ndim == 4 else 0, keepdims=True))
            found[variable.ref()] = np.maximum(size, _SMALLEST_SIZE).astype(np.float32)
    return found


@lru_cache(maxsize=1)
def _scaled_adam() -> Any:
    env = keras_env()

    class ScaledAdam(env.keras.optimizers.Adam):  # type: ignore[misc, name-defined]
        """Adam's step does not depend on the size of gradients, so the step itself is scaled."""

        def __init__(self, sizes: Mapping[Any, Any]) -> None:
            super().__init__()
            self._sizes = MappingProxyType(dict(sizes))  # Keras would wrap a dictionary

        def update_step(self, gradient: Any, variable: Any) -> None:
            before = env.tf.identity(variable)
            super().update_step(gradient, variable)
            size = self._sizes.get(variable.ref())
            if size is not None:
                variable.assign(before + size * (variable - before))

    return ScaledAdam
