"""Equalized networks: the same function, channels of one size, none that is always 0."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from fcn_hw.design import Network
from fcn_hw.keras_env import keras_env
from fcn_hw.train.equalize import equalized
from fcn_hw.train.networks import (
    ACTIVATION_SUFFIX,
    Weights,
    build_float,
    scaled_outputs,
    set_weights,
)
from fcn_hw.train.topology import (
    RELU,
    Conv,
    ConvTranspose,
    DepthwiseConv,
    Function,
    Input,
    MaxPool,
    Node,
    Shape,
    Topology,
    Weighted,
    build_topology,
    function_of,
    kernel_shape,
    quantizable,
    sources_of,
)

IMAGES = np.random.default_rng(3).uniform(0, 1, (4, 8, 6, 3)).astype(np.float32)
SMALL = Shape(4, 3, 4)


def chain(function: Function | None) -> Topology:
    """Weights behind weights: every kind of layer, a pool between."""
    nodes: list[Node] = [Input("image", Shape(8, 6, 3))]
    nodes += [
        Conv("first", "image", Shape(8, 6, 4), (3, 3), function=function),
        MaxPool("pool", "first", SMALL, (2, 2), (2, 2)),
        DepthwiseConv("apart", "pool", SMALL, (3, 3), function=RELU),
        Conv("mixed", "apart", Shape(4, 3, 5), (1, 1), function=RELU),
        ConvTranspose("up", "mixed", Shape(8, 6, 3), (4, 4), strides=(2, 2), function=RELU),
        Conv("score", "up", Shape(8, 6, 2), (1, 1), function=None),
    ]
    return tuple(nodes)


def uneven(topology: Topology) -> Weights:
    """Weights that are above 0 on the whole, filters of sizes from 1/16 to 16."""
    random, found, channels = np.random.default_rng(5), {}, {topology[0].name: 3}
    for node in topology[1:]:
        channels[node.name] = node.shape.channels
        if not isinstance(node, get_args(Weighted)):
            continue
        kernel = random.uniform(0.05, 0.4, kernel_shape(node, channels[sources_of(node)[0]]))
        size = 4.0 ** random.uniform(-2, 2, node.shape.channels)
        kernel = scaled_outputs(node, kernel, size).astype(np.float32)
        found[node.name] = (kernel, (0.2 * size).astype(np.float32))
    return found


def outputs(topology: Topology, weights: Weights) -> dict[str, Any]:
    """What the layers give, behind their functions."""
    model = build_float(topology, batchnorm=False)
    set_weights(model, weights)
    nodes = quantizable(topology)
    names = [node.name + (ACTIVATION_SUFFIX if node.function else "") for node in nodes]
    probe = keras_env().keras.Model(model.input, [model.get_layer(name).output for name in names])
    return {node.name: value.numpy() for node, value in zip(nodes, probe(IMAGES), strict=True)}


@pytest.mark.parametrize("function", [RELU, None, Function("leaky_relu", slope=0.25)])
def test_the_function_stays_and_channels_become_equal(function: Function | None) -> None:
    topology = chain(function)
    weights = uneven(topology)
    before = outputs(topology, weights)
    same, found = equalized(topology, weights, [before], {"first": 4, "mixed": 4})
    assert same == topology, "no layer has a limit"
    after = outputs(topology, found)
    np.testing.assert_allclose(after["score"], before["score"], rtol=1e-4, atol=1e-4)
    for name in ("first", "apart", "mixed", "up"):
        sizes = [np.abs(values[name]).max(axis=(0, 1, 2)) for values in (before, after)]
        assert sizes[0].max() / sizes[0].min() > 4, "else this tests nothing"
        assert sizes[1].max() / sizes[1].min() < 1.05
        assert sizes[1].max() == pytest.approx(sizes[0].max(), rel=1e-3)


def test_a_channel_that_is_always_0_is_left_out() -> None:
    topology = chain(RELU)
    weights = uneven(topology)
    kernel, bias = weights["first"]
    kernel[..., 1], bias[1] = 0.0, -1.0
    weights["apart"][0][:, :, 1] = 1000.0
    before = outputs(topology, weights)
    _, found = equalized(topology, weights, [before], {})
    assert found["first"][1][1] == 0 and not found["apart"][0][:, :, 1].any()
    assert np.abs(found["apart"][0]).max() < 100
    np.testing.assert_allclose(
        outputs(topology, found)["score"], before["score"], rtol=1e-4, atol=1e-4
    )


def test_a_channel_that_is_almost_always_0_does_not_set_the_weights_of_its_layer() -> None:
    topology = chain(RELU)
    weights = {
        name: (kernel, np.full_like(bias, 0.5)) for name, (kernel, bias) in uneven(topology).items()
    }
    before = outputs(topology, weights)
    before["first"] = before["first"].copy()
    before["first"][..., 2] *= 1e-5  # as if its inputs had hardly any contrast
    kernel = equalized(topology, weights, [before], {})[1]["first"][0]
    largest = np.abs(kernel).reshape(-1, 4).max(axis=0)
    assert largest[2] == pytest.approx(4 * np.median(largest), rel=0.5)


def test_what_a_merge_reads_and_what_is_limited_stays() -> None:
    network = Network(kind="fcn16s", filters=(4, 6), head_filters=5, skip="add")
    topology = build_topology(network, Shape(8, 6, 3), 3)
    weights = uneven(topology)
    _, found = equalized(topology, weights, [outputs(topology, weights)], {})
    changed = {name for name in found if not np.array_equal(found[name][1], weights[name][1])}
    assert not changed & {"score_fr", "score_pool1"} and "conv1_1" in changed
    limited = chain(Function("relu", limit=6.0))
    weights = uneven(limited)
    before = outputs(limited, weights)
    assert before["first"].max() == 6.0, "else this tests nothing"
    same, found = equalized(limited, weights, [before], {"mixed": 4})
    assert same == limited, "the bits of its activation are not known"
    after = outputs(limited, found)
    np.testing.assert_allclose(after["score"], before["score"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("bits", "limit"), [(4, 7.5), (8, 8 - 2**-5)])
def test_a_limit_becomes_the_largest_code(bits: int, limit: float) -> None:
    topology = chain(Function("relu", limit=6.0))
    weights = uneven(topology)
    before = outputs(topology, weights)
    assert before["first"].max() == 6.0, "else this tests nothing"
    other, found = equalized(topology, weights, [before], {"first": bits})
    assert [function_of(node) for node in other[1:2]] == [Function("relu", limit=limit)]
    after = outputs(other, found)
    assert after["first"].max() == np.float32(limit)
    np.testing.assert_allclose(after["score"], before["score"], rtol=1e-4, atol=1e-4)
    again, kept = equalized(other, found, [after], {"first": bits})
    assert again == other, "what is equalized stays"
    np.testing.assert_allclose(kept["first"][0], found["first"][0], rtol=1e-4)
