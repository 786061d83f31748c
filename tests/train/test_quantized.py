"""QKeras models: they build for every network, compute exact fixed point, train shadow weights."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from fcn_hw.design import Design, Network
from fcn_hw.fixed import from_quantized_relu, parse_format, quantize, to_codes, to_float
from fcn_hw.keras_env import keras_env
from fcn_hw.train.calibrate import choose_by_channel, quantized_values, signed_format
from fcn_hw.train.design_network import layer_names
from fcn_hw.train.loop import make_train_step
from fcn_hw.train.networks import build_float, folded_weights, set_weights
from fcn_hw.train.pixel_loss import PixelLoss
from fcn_hw.train.precision import LayerFormats, PrecisionTable, SignFormat, is_hidden
from fcn_hw.train.quantized import (
    activation_quantizer,
    build_quantized,
    snap,
    snapped_weights,
    weight_quantizer,
)
from fcn_hw.train.store import save_model
from fcn_hw.train.topology import Shape, Topology, build_topology, filter_axis, quantizable


def topology_of(
    kind: str = "fcn16s",
    upsampling: str = "bilinear",
    size: tuple[int, int] = (9, 10),
    skip: str = "add",
) -> Topology:
    network = Network(kind=kind, filters=(3, 4, 4), upsampling=upsampling, skip=skip)
    return build_topology(network, Shape(*size, 3), 3)


def table_for(topology: Topology, weight: Any = None) -> PrecisionTable:
    return PrecisionTable(
        {
            node.name: LayerFormats(
                weight or signed_format(4, 0),
                signed_format(8, 1),
                from_quantized_relu(4, 1) if is_hidden(node) else signed_format(4, 2),
            )
            for node in quantizable(topology)
        }
    )


def randomised(topology: Topology, table: PrecisionTable, seed: int = 1) -> Any:
    """A quantized model with off-grid shadow weights."""
    model = build_quantized(topology, table)
    random = np.random.default_rng(seed)
    for node in quantizable(topology):
        layer = model.get_layer(node.name)
        layer.set_weights([random.normal(0, 0.3, w.shape) for w in layer.get_weights()])
    return model


@pytest.fixture
def images() -> Any:
    return (np.random.default_rng(9).integers(0, 256, (2, 9, 10, 3)) / 256).astype(np.float32)


def test_weights_with_a_scale_by_channel_are_those_of_hardware(images: Any) -> None:
    """In training, by the fused quantizer, and in the snapped model, by QKeras' own."""
    encoder = {"kind": "mobilenet_v1", "alpha": 0.125}
    network = Network(kind="fcn16s", encoder=encoder, upsampling="transposed")
    topology = build_topology(network, Shape(9, 10, 3), 3)
    random, weights = np.random.default_rng(4), {}
    for name, arrays in folded_weights(build_float(topology, batchnorm=False), topology).items():
        kernel, bias = (random.normal(0, 0.5, array.shape) for array in arrays)
        weights[name] = (kernel.astype(np.float32), bias.astype(np.float32))
    for node in quantizable(topology):
        filters = np.moveaxis(weights[node.name][0], filter_axis(node), 0)
        filters *= np.exp2(random.integers(-3, 1, len(filters)))[:, None, None, None]
    formats = table_for(topology).layers
    by_channel = {
        node.name: choose_by_channel(weights[node.name][0], 4, filter_axis(node))
        for node in quantizable(topology)
    }
    assert sum(len(set(fmt.integers)) > 1 for fmt in by_channel.values()) > 20
    table = PrecisionTable(
        {name: replace(formats[name], weight=fmt) for name, fmt in by_channel.items()}
    )
    model = build_quantized(topology, table, fused=True)
    set_weights(model, weights)
    snapped = snap(model, topology, table)
    for name, (kernel, _) in folded_weights(snapped, topology).items():
        np.testing.assert_array_equal(kernel, quantized_values(weights[name][0], by_channel[name]))
    np.testing.assert_array_equal(model(images), snapped(images))
    assert np.any(model(images))


@pytest.mark.parametrize("kind", ["fcn32s", "fcn16s", "fcn8s", "unet"])
@pytest.mark.parametrize("upsampling", ["nearest", "bilinear", "transposed"])
def test_scores_lie_on_a_grid(kind: str, upsampling: str, images: Any) -> None:
    topology = topology_of(kind, upsampling, skip="concat" if kind == "unet" else "add")
    scores = randomised(topology, table_for(topology))(images).numpy()
    assert scores.shape == (2, 9, 10, 3)
    assert len(np.unique(scores)) > 2
    # Steps of 1/4 (4 bits, 2 of them integer), refined by at most 6 bits in each 8x bilinear step.
    to_codes(scores, parse_format("fixed<40,20>"))


def test_layers_are_named_as_the_design_may_name_them(tiny_design: Callable[..., Design]) -> None:
    design = tiny_design(network={"kind": "unet", "filters": [3, 4], "skip": "concat"})
    topology = build_topology(design.network, Shape(9, 10, 3), 3)
    model = build_quantized(topology, table_for(topology))
    own = [layer.name for layer in model.layers if layer.weights]
    assert tuple(own) == layer_names(design)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
@pytest.mark.parametrize("integer", [-3, 0, 1, 3])
def test_weight_quantizers_equal_fixed_point(bits: int, integer: int) -> None:
    fmt = signed_format(bits, integer)
    random = np.random.default_rng(bits)
    ties = (np.arange(-40, 40) + 0.5) * fmt.step
    values = np.concatenate([random.normal(0, 2.0**integer, 500), ties, [0.0]]).astype(np.float32)
    result = weight_quantizer(fmt)(values).numpy()
    np.testing.assert_array_equal(result, to_float(quantize(values, fmt), fmt))


@pytest.mark.parametrize(("bits", "integer"), [(1, 0), (1, 2), (2, -1), (4, 2), (8, 3), (16, 1)])
def test_activation_quantizers_equal_fixed_point(bits: int, integer: int) -> None:
    fmt = from_quantized_relu(bits, integer)
    random = np.random.default_rng(bits)
    ties = (np.arange(-9, 40) + 0.5) * fmt.step
    values = np.concatenate([random.normal(0, 2.0**integer, 500), ties]).astype(np.float32)
    result = activation_quantizer(fmt)(values).numpy()
    np.testing.assert_array_equal(result, to_float(quantize(values, fmt), fmt))


@pytest.mark.parametrize(
    ("levels", "exponent"), itertools.product(["binary", "ternary"], [-4, 0, 1])
)
def test_sign_quantizers_are_exact_on_their_levels(
    levels: Literal["binary", "ternary"], exponent: Any
) -> None:
    fmt = SignFormat(levels, exponent)
    quantizer = weight_quantizer(fmt)
    values = np.random.default_rng(1).normal(0, fmt.magnitude, 1000).astype(np.float32)
    exact = quantized_values(values, fmt)
    np.testing.assert_allclose(quantizer(values).numpy(), exact, atol=1e-6 * fmt.magnitude)
    np.testing.assert_array_equal(quantizer(exact).numpy(), exact)


def test_powers_of_two_are_exact_in_the_repaired_backend() -> None:
    keras_env()
    from qkeras import quantizers

    for exponent in range(-30, 31):
        assert float(quantizers.K.pow(2, exponent)) == 2.0**exponent


@pytest.mark.parametrize("weight", [None, SignFormat("ternary", -2), SignFormat("binary", -2)])
def test_snapped_model_computes_the_same_from_weights_on_the_grid(weight: Any, images: Any) -> None:
    topology = topology_of("unet", "transposed", skip="concat")
    table = table_for(topology, weight)
    model = randomised(topology, table)
    exact = snap(model, topology, table)
    for name, (kernel, _) in folded_weights(exact, topology).items():
        quantizer = table.layers[name].weight
        fmt = quantizer.fixed if isinstance(quantizer, SignFormat) else quantizer
        to_codes(kernel, fmt)  # raises where a weight is off the grid
    if weight is None:
        np.testing.assert_array_equal(exact(images).numpy(), model(images).numpy())
    else:  # the straight-through form of sign quantizers is an ulp off in the shadow model
        assert np.mean(exact(images).numpy() != model(images).numpy()) < 0.02


def test_saved_model_loads_and_predicts_the_same(tmp_path: Path, images: Any) -> None:
    topology = topology_of("fcn8s", "transposed")
    model = randomised(topology, table_for(topology, SignFormat("ternary", -2)))
    save_model(model, tmp_path / "m.h5")
    loaded = keras_env().qkeras.utils.load_qmodel(str(tmp_path / "m.h5"), compile=False)
    np.testing.assert_array_equal(loaded(images).numpy(), model(images).numpy())
    assert [path.name for path in tmp_path.iterdir()] == ["m.h5"]


# --- shadow weights -----------------------------------------------------------------------------


@pytest.fixture
def shadow_case() -> Any:
    topology = topology_of(size=(8, 8))
    table = table_for(topology)
    random = np.random.default_rng(4)
    images = random.integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    masks = random.integers(0, 3, (4, 8, 8)).astype(np.uint8)
    return topology, table, randomised(topology, table), images, masks


def one_step(model: Any, images: Any, masks: Any, rate: float) -> Any:
    optimizer = keras_env().keras.optimizers.SGD(rate)
    optimizer.build(model.trainable_variables)
    return make_train_step(model, optimizer, PixelLoss(np.ones(256, np.float32)))(images, masks)


def test_forward_uses_quantized_weights_and_the_step_moves_float_weights(shadow_case: Any) -> None:
    topology, table, model, images, masks = shadow_case
    before = folded_weights(model, topology)
    one_step(model, images, masks, 0.01)
    after = folded_weights(model, topology)
    inputs = (images / 256).astype(np.float32)
    scores = model(inputs).numpy()
    for name in before:
        kernel = after[name][0]
        assert np.any(kernel != before[name][0]), name
        assert np.any(kernel != quantized_values(kernel, table.layers[name].weight)), name
    # The same scores from the quantized weights: the shadow's extra digits play no part.
    np.testing.assert_array_equal(snap(model, topology, table)(inputs).numpy(), scores)
    # And not the scores of a network that would use the float weights.
    float_like = build_quantized(topology, table_for(topology, signed_format(16, 2)))
    set_weights(float_like, after)
    assert np.any(float_like(inputs).numpy() != scores)


def test_steps_below_half_a_quantum_accumulate_in_the_shadow(shadow_case: Any) -> None:
    _, table, model, images, masks = shadow_case
    layer = model.get_layer("conv1_1")
    fmt = table.layers["conv1_1"].weight
    kernel, bias = layer.get_weights()
    layer.set_weights([quantized_values(kernel, fmt), bias])
    start, codes = layer.get_weights()[0], quantize(layer.get_weights()[0], fmt)
    one_step(model, images, masks, 1e-3)
    first = layer.get_weights()[0]
    assert 0 < np.max(np.abs(first - start)) < fmt.step / 2
    np.testing.assert_array_equal(quantize(first, fmt), codes)  # forward is still the same
    for _ in range(3):
        one_step(model, images, masks, 1e-3)
    later = layer.get_weights()[0]
    assert np.max(np.abs(later - start)) > 2.5 * np.max(np.abs(first - start))


def test_parts_that_are_not_named_stay_float(images: Any) -> None:
    topology = topology_of()
    table = table_for(topology)
    weights = folded_weights(randomised(topology, table), topology)
    names = [node.name for node in quantizable(topology)]
    first = names[0]

    def scores(parts: Any, kernels: Any) -> Any:
        model = build_quantized(topology, table, parts)
        set_weights(model, kernels)
        return model(images).numpy()

    every = frozenset({"weight", "bias", "activation"})
    np.testing.assert_array_equal(
        scores(dict.fromkeys(names, every), weights), scores(None, weights)
    )
    plain = build_float(topology, batchnorm=False)
    set_weights(plain, weights)
    np.testing.assert_array_equal(scores({}, weights), plain(images).numpy())
    # one layer's weights: a float network with those weights rounded
    kernel, bias = weights[first]
    rounded = {**weights, first: (quantized_values(kernel, table.layers[first].weight), bias)}
    set_weights(plain, rounded)
    np.testing.assert_array_equal(
        scores({first: frozenset({"weight"})}, weights), plain(images).numpy()
    )
    snapped = snapped_weights(weights, table, {first: frozenset({"weight"})})
    for name in names:
        for mine, expected in zip(snapped[name], rounded[name], strict=True):
            np.testing.assert_array_equal(mine, expected)


def test_a_quantized_classifier_has_one_pixel() -> None:
    topology = build_topology(Network(kind="cnn", filters=(3, 4)), Shape(8, 8, 1), 5)
    model = randomised(topology, table_for(topology))
    assert model(np.full((2, 8, 8, 1), 0.5, np.float32)).shape == (2, 1, 1, 5)
