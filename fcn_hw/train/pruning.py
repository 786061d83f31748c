"""Zeros by magnitude pruning, while a quantized network is retrained.

Zhu & Gupta, "To prune, or not to prune: exploring the efficacy of pruning for model compression"
(2017), equation 1: the part of zeros rises along a cubic, fast at first, while the network is still
redundant. Until they are all there the smallest weights are chosen anew at every rise, so that a
weight may come back; from then on the chosen ones stay zero.

With ``block: fold`` the weights that the hardware reads in one step become zero together, those of
least L2 norm, so that the step can be left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Pruning
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.keras_env import keras_env
from fcn_hw.ops.pixel_steps import StepBlocks
from fcn_hw.train.topology import Topology, quantizable

UPDATES = 60
"""How often the zeros rise while they rise; each time the layers' weights are sorted."""

Kernels = Mapping[str, npt.NDArray[np.float32]]
Blocks = Mapping[str, StepBlocks]
"""Of the layers whose weights become zero by steps; indices are those of the kernel as Keras has
it."""
Masks = dict[str, npt.NDArray[np.float32]]
"""1 where a weight stays, 0 where it is pruned, by layer."""


def sparsity_at(target: float, progress: float) -> float:
    """Part of zeros when ``progress`` (0 to 1) of the ramp is done."""
    return float(target * (1.0 - (1.0 - min(max(progress, 0.0), 1.0)) ** 3))


def choose_masks(
    kernels: Kernels, pruning: Pruning, progress: float = 1.0, blocks: Blocks | None = None
) -> Masks:
    """Which weights stay when ``progress`` (0 to 1) of the ramp is done.

    A layer of n weights that has a part p of zeros has ``round(p * n)``, but never all of them: the
    largest weight of a layer stays. With ``scope: global`` the layers that ``pruning.layers`` does
    not name share the zeros: of all of their weights together the ones of least LAMP score. A layer
    of ``blocks`` has the zeros that these say.

    Args:
        kernels: of the layers that may be pruned, any shapes.
        pruning: of the design.
        blocks: of the layers that lose whole steps.
    """
    masks: Masks = {}
    shared: dict[str, npt.NDArray[np.float32]] = {}
    for name, kernel in kernels.items():
        if blocks is not None and name in blocks:
            masks[name] = _without_steps(kernel, blocks[name], progress)
        elif pruning.scope == "global" and name not in pruning.layers:
            shared[name] = kernel
        else:
            part = sparsity_at(pruning.layers.get(name, pruning.sparsity), progress)
            scores = np.abs(kernel).ravel()
            masks[name] = _without_least(scores, part, 1).reshape(kernel.shape)
    if shared:
        scores = np.concatenate([lamp_scores(kernel) for kernel in shared.values()])
        part = sparsity_at(pruning.sparsity, progress)
        ends = np.cumsum([kernel.size for kernel in shared.values()])[:-1]
        parts = np.split(_without_least(scores, part, len(shared)), ends)
        for (name, kernel), mask in zip(shared.items(), parts, strict=True):
            masks[name] = mask.reshape(kernel.shape)
    return masks


def lamp_scores(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """A magnitude that layers of different scales can be compared by; flat, the largest is 1.

    The square of a weight over the sum of the squares that are not smaller. Lee, Park, Mo, Ahn,
    Shin, "Layer-adaptive sparsity for the magnitude-based pruning" (ICLR 2021), equation 4.
    """
    squares = np.square(kernel.ravel().astype(np.float64))
    order = np.argsort(squares, kind="stable")
    rest = np.cumsum(squares[order][::-1])[::-1]
    scores = np.zeros(kernel.size)
    scores[order] = np.divide(squares[order], rest, out=np.zeros(kernel.size), where=rest > 0)
    return scores


def _without_least(scores: npt.NDArray[Any], part: float, left: int) -> npt.NDArray[np.float32]:
    """1s, and 0s at the ``round(part * n)`` least scores; at least ``left`` 1s. Of equal scores the
    first one goes."""
    count = max(0, min(round(part * scores.size), scores.size - left))
    mask = np.ones(scores.size, np.float32)
    mask[np.argsort(scores, kind="stable")[:count]] = 0
    return mask


def blocks_digest(blocks: Blocks) -> str:
    """Digest of the weights that become zero together, and of how many."""
    parts = hashlib.sha256()
    for name, layer in blocks.items():
        parts.update(f"{name} {layer.cells.shape} {layer.left} ".encode())
        parts.update(np.ascontiguousarray(layer.cells).data)
    return parts.hexdigest()


def _without_steps(
    kernel: npt.NDArray[np.float32], blocks: StepBlocks, progress: float
) -> npt.NDArray[np.float32]:
    """1s, and 0s in the steps of least norm of each phase. Every filter group keeps its largest
    step, for it takes a clock whatever it holds; of equal steps the first one goes."""
    squares = np.append(np.square(kernel.ravel().astype(np.float64)), 0.0)  # -1 is the last
    norms = squares[blocks.cells].sum(axis=-1)
    np.put_along_axis(norms, norms.argmax(axis=2)[..., None], np.inf, axis=2)
    count = round(sparsity_at(blocks.every - blocks.left, progress))
    gone = np.argsort(norms.reshape(len(norms), -1), axis=1, kind="stable")[:, :count]
    cells = blocks.cells.reshape(len(norms), blocks.every, -1)
    mask = np.ones(squares.size, np.float32)
    mask[np.take_along_axis(cells, gone[..., None], axis=1)] = 0
    return mask[:-1].reshape(kernel.shape)


def check_pruning(
    pruning: Pruning, layers: Sequence[str], without_zero: Collection[str], steps: int
) -> int:
    """Whether the zeros can be made at all.

    Args:
        layers: of the network.
        without_zero: those whose weights have no zero: binary ones.
        steps: of the whole retraining.

    Returns:
        steps of the ramp.

    Raises:
        ConfigError: an unknown layer; a layer whose weights are never zero; a ramp that does not
            end before the retraining does.
    """
    for name in pruning.layers:
        if name not in layers:
            raise ConfigError(
                f"training.pruning.layers: '{name}' is not a layer of the network",
                hint=f"nearest: {nearest(name, layers)}",
            )
    for name in without_zero:
        if pruning.layers.get(name, pruning.sparsity) > 0:
            raise ConfigError(
                f"training.pruning: layer '{name}' has binary weights, which are never zero",
                hint=f"set training.pruning.layers.{name} to 0, or make its weights ternary",
            )
    ramp_steps = max(1, round(pruning.ramp * steps))
    if ramp_steps >= steps:
        raise ConfigError(
            f"training.pruning: the zeros rise for {ramp_steps} of the {steps} steps of "
            "retraining, so no epoch ends with all of them",
            hint=f"lower training.pruning.ramp (now {pruning.ramp:g}), or raise "
            "training.retrain_epochs",
        )
    return ramp_steps


class Pruner:
    """Keeps the smallest weights of a model at zero.

    Args:
        model: whose kernels are pruned, in place.
        topology: that the model was built from.
        pruning: of the design.
        blocks: of the layers that lose whole steps of the hardware, or None.
        steps: of the whole phase.

    Raises:
        ConfigError: see :func:`check_pruning`.
    """

    def __init__(
        self,
        model: Any,
        topology: Topology,
        pruning: Pruning,
        blocks: Blocks | None,
        steps: int,
    ) -> None:
        tf = keras_env().tf
        names = [node.name for node in quantizable(topology)]
        layers = {name: model.get_layer(name) for name in names}
        without_zero = [name for name, layer in layers.items() if not _has_zero(layer)]
        self.ramp_steps = check_pruning(pruning, names, without_zero, steps)
        self._pruning, self._blocks = pruning, blocks
        self._every = max(1, self.ramp_steps // UPDATES)
        self._kernels = {
            name: _kernel_of(layer)
            for name, layer in layers.items()
            if pruning.layers.get(name, pruning.sparsity) > 0
        }
        self._masks = {
            name: tf.Variable(tf.ones_like(kernel), trainable=False)
            for name, kernel in self._kernels.items()
        }

    @property
    def masks(self) -> list[npt.NDArray[np.float32]]:
        """What :meth:`take_up` needs to go on; the zeros of the weights do not tell, as a weight
        may be zero without being pruned."""
        return [mask.numpy() for mask in self._masks.values()]

    def take_up(self, masks: Iterable[npt.NDArray[np.float32]]) -> None:
        """Goes on with :attr:`masks` of an interrupted training."""
        for mask, value in zip(self._masks.values(), masks, strict=True):
            mask.assign(value)

    def before_step(self, step: int) -> None:
        """Lets the zeros rise where step ``step`` (from 0) of the phase is one that does so."""
        if step <= self.ramp_steps and (step % self._every == 0 or step == self.ramp_steps):
            kernels = {name: kernel.numpy() for name, kernel in self._kernels.items()}
            masks = choose_masks(kernels, self._pruning, step / self.ramp_steps, self._blocks)
            self.take_up(masks[name] for name in self._masks)
            self.apply()

    def apply(self) -> None:
        """Sets the pruned weights to zero; part of the compiled step."""
        for name, kernel in self._kernels.items():
            kernel.assign(kernel * self._masks[name])

    def reached(self, steps_done: int) -> bool:
        """Whether the zeros are all there."""
        return steps_done > self.ramp_steps


def _kernel_of(layer: Any) -> Any:
    return layer.depthwise_kernel if hasattr(layer, "depthwise_kernel") else layer.kernel


def _has_zero(layer: Any) -> bool:
    """Whether a zero shadow weight is a zero weight."""
    kind = "depthwise" if hasattr(layer, "depthwise_kernel") else "kernel"
    quantizer = getattr(layer, f"{kind}_quantizer_internal", None)
    if quantizer is None:
        return True
    tf = keras_env().tf
    return float(tf.reduce_max(tf.abs(quantizer(tf.zeros((1, 1, 1, 1)))))) == 0.0
