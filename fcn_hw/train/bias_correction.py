"""Biases that take back what quantization does to the mean of each channel.

Nagel, van Baalen, Blankevoort, Welling, "Data-free quantization through weight equalization and
bias correction" (ICCV 2019), section 4.2 and appendix D: the means are measured on images, layer
by layer, each behind the corrected ones before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.keras_env import keras_env
from fcn_hw.train.topology import Topology, quantizable

Images = npt.NDArray[np.float32]


def correct_biases(
    model: Any, reference: Any, topology: Topology, batches: Callable[[], Iterable[Images]]
) -> None:
    """Changes the biases of a quantized model: each channel of a layer then has the mean of the
    float network's.

    Args:
        model: quantized, with the weights of ``reference``.
        reference: the float network, batch normalization folded.
        topology: of both.
        batches: starts a pass over images as the models take them.
    """
    names = [node.name for node in quantizable(topology)]
    wanted = _means(reference, names, batches)
    for name in names:
        (found,) = _means(model, [name], batches).values()
        layer = model.get_layer(name)
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, bias + (wanted[name] - found)])


def _means(
    model: Any, names: list[str], batches: Callable[[], Iterable[Images]]
) -> dict[str, npt.NDArray[np.float64]]:
    """Of each channel of layers, in front of their functions."""
    tf = keras_env().tf
    outputs = [model.get_layer(name).output for name in names]
    probe = keras_env().keras.Model(model.input, outputs)
    sums = {name: np.zeros(output.shape[-1]) for name, output in zip(names, outputs, strict=True)}
    count = 0
    for images in batches():
        values = probe(images, training=False)
        values = values if isinstance(values, list) else [values]
        for name, value in zip(names, values, strict=True):
            sums[name] += len(images) * tf.reduce_mean(value, axis=(0, 1, 2)).numpy()
        count += len(images)
    return {name: total / count for name, total in sums.items()}
