"""Zeros by magnitude pruning, while a quantized network is retrained.

Zhu & Gupta, "To prune, or not to prune: exploring the efficacy of pruning for model compression"
(2017), equation 1: the part of zeros rises along a cubic, fast at first, while the network is still
redundant. The smallest shadow weights of each layer become zero and stay zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fcn_hw.design import Pruning
from fcn_hw.keras_env import keras_env
from fcn_hw.train.topology import Topology, quantizable

UPDATES = 60
"""How often the zeros rise while they rise; each time the layers' weights are sorted."""


def sparsity_at(target: float, progress: float) -> float:
    """Part of zeros when ``progress`` (0 to 1) of the ramp is done."""
    return float(target * (1.0 - (1.0 - min(max(progress, 0.0), 1.0)) ** 3))


class Pruner:
    """Keeps the smallest weights of a model at zero.

    The masks are those of the model's zeros, so a resumed training needs no other state.

    Args:
        model: whose kernels are pruned, in place.
        topology: that the model was built from.
        pruning: of the design.
        steps: of the whole phase.
    """

    def __init__(self, model: Any, topology: Topology, pruning: Pruning, steps: int) -> None:
        tf = keras_env().tf
        self.ramp_steps = max(1, round(pruning.ramp * steps))
        self._every = max(1, self.ramp_steps // UPDATES)
        self._layers: list[tuple[Any, Any, float]] = []
        for node in quantizable(topology):
            target = pruning.layers.get(node.name, pruning.sparsity)
            if target > 0:
                kernel = model.get_layer(node.name).kernel
                mask = tf.Variable(tf.ones_like(kernel), trainable=False)
                self._layers.append((kernel, mask, target))

    def take_up(self) -> None:
        """Takes the masks from the weights as they are."""
        for kernel, mask, _ in self._layers:
            mask.assign((kernel.numpy() != 0).astype(np.float32))

    def before_step(self, step: int) -> None:
        """Lets the zeros rise where step ``step`` (from 0) of the phase is one that does so."""
        if step <= self.ramp_steps and (step % self._every == 0 or step == self.ramp_steps):
            for kernel, mask, target in self._layers:
                values = kernel.numpy()
                count = round(sparsity_at(target, step / self.ramp_steps) * values.size)
                order = np.argsort(np.abs(values), axis=None, kind="stable")
                kept = np.ones(values.size, np.float32)
                kept[order[:count]] = 0
                mask.assign(kept.reshape(values.shape))
            self.apply()

    def apply(self) -> None:
        """Sets the pruned weights to zero; part of the compiled step."""
        for kernel, mask, _ in self._layers:
            kernel.assign(kernel * mask)

    def reached(self, steps_done: int) -> bool:
        """Whether the zeros are all there."""
        return steps_done > self.ramp_steps
