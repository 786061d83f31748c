"""How much one layer's quantization alone costs: the increase of the task loss, nothing retrained.

The network runs in float, but for one layer's weights or one layer's activation. The images are the
training images that choose the binary points: neither validation nor test is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import FixedFormat
from fcn_hw.keras_env import keras_env
from fcn_hw.train.calibrate import quantized_values
from fcn_hw.train.networks import (
    ACTIVATION_SUFFIX,
    applied,
    build_model,
    set_weights,
    weight_layer,
)
from fcn_hw.train.precision import WeightQuantizer
from fcn_hw.train.predict import BYTE_SCALE, class_scores
from fcn_hw.train.quantized import activation_quantizer
from fcn_hw.train.study import Study
from fcn_hw.train.topology import Node, Weighted, function_of

_BATCH = 8


class LossProbe:
    """A float network of which one part at a time is quantized.

    The model is run layer by layer, not compiled, so nothing is built anew for another format.
    """

    def __init__(self, study: Study) -> None:
        rows = study.calibration_rows()
        train = study.dataset.train
        self._images, self._masks = train.images[rows], train.masks[rows]
        self._study = study
        self._quantizers: dict[str, Any] = {}
        self._model = build_model(study.topology, _layer, self._finished, "probe")
        set_weights(self._model, study.weights)
        self.float_loss = self._loss()

    def of_weights(self, layer: str, quantizer: WeightQuantizer) -> float:
        """Increase of the loss with the weights of a layer quantized; below 0 where it falls."""
        kernel, bias = self._study.weights[layer]
        keras_layer = self._model.get_layer(layer)
        keras_layer.set_weights([quantized_values(kernel, quantizer), bias])
        try:
            return self._loss() - self.float_loss
        finally:
            keras_layer.set_weights([kernel, bias])

    def of_activation(self, layer: str, fmt: FixedFormat) -> float:
        """Increase of the loss with the output of a layer quantized."""
        self._quantizers[layer] = activation_quantizer(fmt)
        try:
            return self._loss() - self.float_loss
        finally:
            del self._quantizers[layer]

    def _finished(self, node: Node, tensor: Any) -> Any:
        function = function_of(node)
        if function is not None:
            tensor = applied(function, node.name + ACTIVATION_SUFFIX, tensor)

        def behind(values: Any) -> Any:
            return self._quantizers.get(node.name, keras_env().tf.identity)(values)

        return keras_env().keras.layers.Lambda(behind)(tensor)

    def _loss(self) -> float:
        """Weighted mean of the cross-entropy over the pixels, as training has it; float64."""
        total = weight = 0.0
        for start in range(0, len(self._images), _BATCH):
            images = self._images[start : start + _BATCH].astype(np.float32) * BYTE_SCALE
            scores = class_scores(self._model(images, training=False)).numpy().astype(np.float64)
            masks = self._masks[start : start + _BATCH]
            pixel_weights = self._study.pixel_loss.weights[masks].astype(np.float64)
            labels = np.where(pixel_weights > 0, masks, 0).astype(np.intp)
            total += float(np.sum(pixel_weights * _cross_entropy(scores, labels)))
            weight += float(np.sum(pixel_weights))
        return total / max(weight, 1e-6)


def _layer(node: Weighted, tensor: Any) -> Any:
    return weight_layer(node)(tensor)


def _cross_entropy(
    scores: npt.NDArray[np.float64], labels: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """(..., classes) and (...) -> (...)."""
    largest = scores.max(axis=-1, keepdims=True)
    sums = np.log(np.sum(np.exp(scores - largest), axis=-1)) + largest[..., 0]
    chosen = np.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]
    result: npt.NDArray[np.float64] = sums - chosen
    return result
