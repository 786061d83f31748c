"""Corrected biases: each channel of a quantized network has the mean of the float network's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fcn_hw.design import Network
from fcn_hw.fixed import from_quantized_relu
from fcn_hw.train.bias_correction import correct_biases
from fcn_hw.train.calibrate import signed_format
from fcn_hw.train.networks import build_float, folded_weights, set_weights
from fcn_hw.train.precision import LayerFormats, PrecisionTable, is_hidden
from fcn_hw.train.quantized import build_quantized
from fcn_hw.train.topology import Shape, build_topology, quantizable


def test_means_are_those_of_the_float_network() -> None:
    network = Network(kind="fcn16s", filters=(4, 6), head_filters=5, upsampling="transposed")
    topology = build_topology(network, Shape(12, 10, 3), 3)
    nodes, random = quantizable(topology), np.random.default_rng(2)
    reference = build_float(topology, batchnorm=False)
    weights = {
        name: (kernel, random.normal(0.2, 0.1, bias.shape).astype(np.float32))
        for name, (kernel, bias) in folded_weights(reference, topology).items()
    }
    coarse = {
        node.name: LayerFormats(
            signed_format(3, 1),
            signed_format(8, 2),
            from_quantized_relu(3, 1) if is_hidden(node) else signed_format(6, 3),
        )
        for node in nodes
    }
    parts = {node.name: frozenset({"weight", "activation"}) for node in nodes}
    model = build_quantized(topology, PrecisionTable(coarse), parts, fused=True)  # type: ignore[arg-type]
    for each in (reference, model):
        set_weights(each, weights)
    images = random.uniform(0, 1, (5, 12, 10, 3)).astype(np.float32)

    def batches() -> Iterator[Any]:
        yield images[:3]
        yield images[3:]

    def differences() -> list[float]:
        return [
            float(np.max(np.abs(means(model, node.name) - means(reference, node.name))))
            for node in nodes
        ]

    def means(of: Any, name: str) -> Any:
        probe = type(of)(of.input, of.get_layer(name).output)
        return np.mean(probe(images), axis=(0, 1, 2))

    assert min(differences()) > 0.005
    correct_biases(model, reference, topology, batches)
    assert max(differences()) < 5e-4  # a tie may turn by an ulp
    for name, (kernel, _) in folded_weights(model, topology).items():
        np.testing.assert_array_equal(kernel, weights[name][0])
