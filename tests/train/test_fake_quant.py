"""Fused quantizers: QKeras' codes and gradients for every format, and the same training."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

from fcn_hw.design import Network
from fcn_hw.errors import FormatError
from fcn_hw.fixed import from_quantized_bits, from_quantized_relu, quantize, to_codes, to_float
from fcn_hw.keras_env import keras_env, seed_everything
from fcn_hw.train.calibrate import quantized_values, signed_format
from fcn_hw.train.fake_quant import fused_activation_quantizer, fused_weight_quantizer
from fcn_hw.train.loop import make_train_step
from fcn_hw.train.networks import build_float, folded_weights, set_weights
from fcn_hw.train.pixel_loss import PixelLoss
from fcn_hw.train.precision import LayerFormats, PrecisionTable, SignFormat, is_hidden
from fcn_hw.train.quantized import activation_quantizer, build_quantized, snap, weight_quantizer
from fcn_hw.train.topology import Shape, build_topology, quantizable

Floats = npt.NDArray[np.float32]

WIDTHS, INTEGERS = range(1, 17), range(-8, 9)
DENORMALS = [0.0, -0.0, 1e-45, -1e-45, 1e-39, -1e-39, 2.0**-126, -(2.0**-126), 1.2e-38]
NOT_FINITE = np.array([np.nan, np.inf, -np.inf], np.float32)


def both(quantizer: Any, values: Any, upstream: Any) -> tuple[Floats, Floats]:
    """Values and gradient of a quantizer."""
    tf = keras_env().tf
    x = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = quantizer(x)
    return y.numpy(), tape.gradient(y, x, upstream).numpy()


def inputs(step: Any, low: int, high: int, reach: float) -> Floats:
    """Grid, ties, their neighbours, saturation; up to ``reach``, where QKeras is exact."""
    random = np.random.default_rng(0)
    ends = np.concatenate([np.arange(low - 3, low + 4), np.arange(high - 3, high + 4)]).astype(
        float
    )
    halves = np.arange(-41, 42) / 2
    points = np.concatenate([ends, ends + 0.5, halves, random.integers(low, high + 1, 40) + 0.5])
    points = (points * step).astype(np.float32)
    far = np.geomspace(max(high, 1) * step, reach, 12)
    near = np.concatenate([np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    drawn = random.normal(0, max(high, 1) * step, 200)
    every = np.concatenate([points, near, far, -far, drawn, DENORMALS])
    return np.clip(every, -reach, reach).astype(np.float32)


def assert_equal_to_qkeras(fused: Any, qkeras: Any, values: Any, fmt: Any) -> Any:
    upstream = np.random.default_rng(1).normal(size=values.shape).astype(np.float32)
    expected, expected_gradient = both(qkeras, values, upstream)
    actual, gradient = both(fused, values, upstream)
    np.testing.assert_array_equal(to_codes(actual, fmt), to_codes(expected, fmt), str(fmt))
    np.testing.assert_array_equal(gradient, expected_gradient, str(fmt))


@pytest.mark.parametrize("integer", INTEGERS)
def test_every_unsigned_activation_format_equals_qkeras(integer: int) -> None:
    for width in WIDTHS:
        fmt = from_quantized_relu(width, integer)
        values = inputs(fmt.step, fmt.min_code, fmt.max_code, 1e30)
        assert_equal_to_qkeras(
            fused_activation_quantizer(fmt), activation_quantizer(fmt), values, fmt
        )


@pytest.mark.parametrize("integer", INTEGERS)
def test_every_signed_format_equals_qkeras(integer: int) -> None:
    for width in [*WIDTHS[1:], 24]:  # 24: the widest bias
        fmt = signed_format(width, integer)
        values = inputs(fmt.step, fmt.min_code, fmt.max_code, 2.0**23 * fmt.step)
        for fused, qkeras in (
            (fused_activation_quantizer, activation_quantizer),
            (fused_weight_quantizer, weight_quantizer),
        ):
            assert_equal_to_qkeras(fused(fmt), qkeras(fmt), values, fmt)


@pytest.mark.parametrize("levels", ["binary", "ternary"])
def test_sign_weights_equal_qkeras(levels: Literal["binary", "ternary"]) -> None:
    for exponent in range(-24, 9):
        quantizer = SignFormat(levels, exponent)
        threshold = np.float32(quantizer.threshold)
        edges = [threshold, np.nextafter(threshold, 0), np.nextafter(threshold, 9)]
        values = np.concatenate(
            [inputs(quantizer.magnitude, -1, 1, 2.0**20 * quantizer.magnitude), edges]
        ).astype(np.float32)
        upstream = np.ones_like(values) * 0.3
        qkeras, qkeras_gradient = both(weight_quantizer(quantizer), values, upstream)
        actual, gradient = both(fused_weight_quantizer(quantizer), values, upstream)
        # QKeras' float32 form misses its levels by a rounding of the input: the nearest is its code
        codes = np.rint(qkeras / quantizer.magnitude)
        np.testing.assert_array_equal(to_codes(actual, quantizer.fixed), codes)
        np.testing.assert_array_equal(gradient, qkeras_gradient)
        normal = np.abs(values) >= 2.0**-126
        np.testing.assert_array_equal(
            actual[normal], quantized_values(values, quantizer)[normal], str(quantizer)
        )


def test_what_lies_far_outside_saturates_where_qkeras_leaves_the_grid() -> None:
    """The one difference of value, and that fixed.py decides it."""
    far = np.array([1e9, -1e9, 1e30, -1e30, 3e38, -3e38], np.float32)
    for width, integer in itertools.product((2, 8, 16), (-8, 0, 8)):
        for fmt in (signed_format(width, integer), from_quantized_relu(width, integer)):
            actual = fused_activation_quantizer(fmt)(far).numpy()
            np.testing.assert_array_equal(actual, to_float(quantize(far, fmt), fmt))
    signed, unsigned = signed_format(4, 1), from_quantized_relu(4, 1)
    assert activation_quantizer(signed)(far).numpy()[0] == 0.0
    assert np.isnan(activation_quantizer(unsigned)(far).numpy()[4])


@pytest.mark.parametrize(
    ("make", "fmt"),
    [
        (fused_activation_quantizer, from_quantized_relu(4, 1)),
        (fused_activation_quantizer, signed_format(4, 1)),
        (fused_weight_quantizer, SignFormat("binary", 0)),
        (fused_weight_quantizer, SignFormat("ternary", 0)),
    ],
)
def test_nan_never_becomes_a_code(make: Any, fmt: Any) -> None:
    quantizer = make(fmt)
    for count in (1, 7, 64, 1001):  # whole vectors of the processor, and what is left behind them
        values = np.full(count, np.nan, np.float32)
        assert np.isnan(quantizer(values).numpy()).all()
    mixed = quantizer(np.concatenate([NOT_FINITE, [0.0]]).astype(np.float32)).numpy()
    assert np.isnan(mixed[0]) and np.isfinite(mixed[3])


def test_formats_that_no_quantizer_has_are_refused() -> None:
    for make, fmt, message in (
        (
            fused_weight_quantizer,
            from_quantized_relu(4, 1),
            "weights are signed, ufixed<4,1,RND_CONV,SAT> is not",
        ),
        (fused_weight_quantizer, signed_format(1, 1), "has one bit"),
        (fused_activation_quantizer, signed_format(1, 1), "has one bit"),
        (fused_activation_quantizer, from_quantized_bits(25, 1), "not exact in float32"),
        (fused_activation_quantizer, from_quantized_relu(25, 1), "not exact in float32"),
    ):
        with pytest.raises(FormatError) as caught:
            make(fmt)
        assert message in str(caught.value)


# --- in a network -------------------------------------------------------------------------------


def trained(kind: str, upsampling: str, weight: Any, *, fused: bool, steps: int = 6) -> Any:
    """A quantized network, and its losses; everything else is the same for both."""
    seed_everything(1)
    network = Network(
        kind=kind,
        filters=(3, 4, 4),
        upsampling=upsampling,
        skip="concat" if kind == "unet" else "add",
    )
    topology = build_topology(network, Shape(9, 10, 3), 3)
    table = PrecisionTable(
        {
            node.name: LayerFormats(
                weight,
                signed_format(8, 1),
                from_quantized_relu(4, 4) if is_hidden(node) else signed_format(4, 3),
            )
            for node in quantizable(topology)
        }
    )
    floats = folded_weights(build_float(topology, batchnorm=False), topology)
    start = {name: (3 * kernel, bias + 1.5) for name, (kernel, bias) in floats.items()}
    model = build_quantized(topology, table, fused=fused)
    set_weights(model, start)
    optimizer = keras_env().keras.optimizers.Adam(0.02)
    optimizer.build(model.trainable_variables)
    step = make_train_step(model, optimizer, PixelLoss(np.ones(256, np.float32)))
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (4, 9, 10, 3)).astype(np.uint8)
    masks = random.integers(0, 3, (4, 9, 10)).astype(np.uint8)
    losses = [float(step(images, masks)) for _ in range(steps)]
    return model, losses, images, topology, table, start


@pytest.mark.parametrize(
    ("kind", "upsampling"), [("fcn8s", "bilinear"), ("unet", "transposed"), ("fcn16s", "nearest")]
)
def test_training_ends_with_the_very_weights_of_qkeras(kind: str, upsampling: str) -> None:
    weight = signed_format(4, 3)
    qkeras, qkeras_losses, *_ = trained(kind, upsampling, weight, fused=False)
    fused, losses, _, topology, _, start = trained(kind, upsampling, weight, fused=True)
    assert losses == qkeras_losses and len(set(losses)) > 1
    for actual, expected in zip(fused.get_weights(), qkeras.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, expected)
    weights = folded_weights(fused, topology)
    for name, (kernel, bias) in weights.items():
        assert np.any(kernel != start[name][0]), name  # or the comparison would prove nothing
        assert np.max(bias) <= 1.0  # fixed<8,1>: QKeras keeps shadow values inside the range
    assert 1.0 < max(np.max(abs(kernel)) for kernel, _ in weights.values()) <= 4.0


@pytest.mark.parametrize(
    "quantizer",
    [signed_format(4, integer) for integer in INTEGERS]
    + [SignFormat(levels, exponent) for levels in ("binary", "ternary") for exponent in (-3, 0, 2)],
)
def test_shadow_weights_have_the_bounds_of_qkeras(quantizer: Any) -> None:
    qkeras, fused = weight_quantizer(quantizer), fused_weight_quantizer(quantizer)
    assert max(1, fused.max()) == max(1, qkeras.max())


@pytest.mark.parametrize("levels", ["binary", "ternary"])
def test_sign_networks_compute_what_is_saved(levels: Literal["binary", "ternary"]) -> None:
    """Fused levels are exact, so that the network in training is the snapped one, bit for bit."""
    model, _, images, topology, table, _ = trained(
        "fcn8s", "transposed", SignFormat(levels, -2), fused=True
    )
    scores = (images / 256).astype(np.float32)
    np.testing.assert_array_equal(
        model(scores).numpy(), snap(model, topology, table)(scores).numpy()
    )


def test_a_weight_that_is_nan_reaches_the_loss() -> None:
    model, _, images, *_ = trained("fcn8s", "nearest", signed_format(4, 0), fused=True, steps=1)
    layer = model.get_layer("score_fr")  # behind the poolings, which lose NaN in any network
    layer.set_weights([np.full_like(w, np.nan) for w in layer.get_weights()])
    assert np.isnan(model((images / 256).astype(np.float32)).numpy()).all()
