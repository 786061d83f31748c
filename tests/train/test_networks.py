"""Float models: shapes, bilinear initialisation, folding of batch normalization."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fcn_hw.design import Network
from fcn_hw.keras_env import keras_env
from fcn_hw.scaling import Scaling
from fcn_hw.train.networks import bilinear_kernel, build_float, fold_batchnorm
from fcn_hw.train.topology import Shape, Topology, build_topology, parameters

KINDS = ("fcn32s", "fcn16s", "fcn8s", "unet")


def topology_of(
    kind: str,
    upsampling: str,
    size: tuple[int, int] = (11, 14),
    skip: str = "add",
    classes: int = 5,
) -> Topology:
    network = Network(
        kind=kind, filters=(3, 4, 5), head_filters=4, upsampling=upsampling, skip=skip
    )
    return build_topology(network, Shape(*size, 3), classes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("upsampling", ["nearest", "bilinear", "transposed"])
def test_keras_agrees_with_the_topology(kind: str, upsampling: str) -> None:
    topology = topology_of(kind, upsampling, skip="concat" if kind == "unet" else "add")
    model = build_float(topology, batchnorm=False)
    for node in topology:
        shape = (None, node.shape.height, node.shape.width, node.shape.channels)
        output = model.get_layer(node.name).output_shape
        assert (output[0] if isinstance(output, list) else output) == shape, node.name
    assert model.count_params() == parameters(topology)
    scores = model(np.zeros((2, 11, 14, 3), np.float32))
    assert scores.shape == (2, 11, 14, 5)


@pytest.mark.parametrize("kind", ["fcn8s", "unet"])
def test_folding_keeps_the_function(kind: str) -> None:
    topology = topology_of(kind, "bilinear")
    model = build_float(topology, batchnorm=True)
    random = np.random.default_rng(3)
    for layer in model.layers:
        if layer.name.endswith("_bn"):
            gamma, beta, mean, variance = (random.uniform(0.5, 2, w.shape) for w in layer.weights)
            layer.set_weights([gamma, beta - 1, mean - 1, variance])
    folded = fold_batchnorm(model, topology)
    assert not any(layer.name.endswith("_bn") for layer in folded.layers)
    images = random.uniform(0, 1, (2, 11, 14, 3)).astype(np.float32)
    expected, actual = model(images, training=False).numpy(), folded(images).numpy()
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_bilinear_kernel_upsamples_as_a_resize_does(scale: float) -> None:
    env = keras_env()
    random = np.random.default_rng(scale)
    image = random.uniform(-1, 1, (1, 6, 7, 3)).astype(np.float32)
    layer = env.keras.layers.Conv2DTranspose(3, 2 * scale, scale, padding="same", use_bias=False)
    layer.build(image.shape)
    layer.set_weights([bilinear_kernel(scale, 3)])
    expected = env.tf.image.resize(image, (6 * scale, 7 * scale)).numpy()
    inner = (slice(None), slice(scale, -scale), slice(scale, -scale))
    np.testing.assert_allclose(layer(image).numpy()[inner], expected[inner], atol=1e-5)


def test_transposed_layers_start_bilinear() -> None:
    topology = topology_of("fcn8s", "transposed")
    model = build_float(topology, batchnorm=True)
    kernel, bias = model.get_layer("up_pool2").get_weights()
    np.testing.assert_array_equal(kernel, bilinear_kernel(2, 5))
    assert not bias.any()


def test_a_scaled_input_is_a_layer_of_the_network() -> None:
    """The model is given ``byte / 256`` as always, and computes what it would of scaled bytes."""
    image = Shape(9, 10, 3)
    network = Network(kind="fcn32s", filters=(3, 4))
    scaling = Scaling((Fraction(2, 255),), (Fraction(-1), Fraction(0), Fraction(1, 2)))
    scaled = build_float(build_topology(network, image, 4, scaling), batchnorm=False)
    plain = build_float(build_topology(network, image, 4), batchnorm=False)
    plain.set_weights(scaled.get_weights())
    codes = np.random.default_rng(1).integers(0, 256, (2, 9, 10, 3))
    given = scaled.predict(codes / 256, verbose=0)
    assert np.allclose(given, plain.predict(scaling.values(codes), verbose=0), atol=1e-5)
    assert not np.allclose(given, plain.predict(codes / 256, verbose=0), atol=1e-2)
