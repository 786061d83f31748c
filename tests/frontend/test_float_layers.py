"""Float layers in front of quantizers: proved step functions, or measured and said so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from float_models import BYTES, SHAPE, Kit, check

from fcn_hw.cli.printers.common import console
from fcn_hw.errors import UnsupportedLayer
from fcn_hw.flow.agreement import compare_model
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.probe import layer_values
from fcn_hw.frontend.proofs import Status
from fcn_hw.frontend.qkeras import export
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.batch_norm import BatchNorm
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.depthwise_conv2d import DepthwiseConv2D
from fcn_hw.ops.lookup import Lookup
from fcn_hw.ops.skip_maximum import SkipMaximum
from fcn_hw.ops.skip_subtract import SkipSubtract
from fcn_hw.ops.threshold import Threshold
from fcn_hw.reference import evaluate


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit()


BEHIND_A_QUANTIZER: dict[str, Callable[[Kit, Any], Any]] = {
    "norm": lambda k, x: k.act()(k.norm()(k.conv()(x))),
    "norm without gamma": lambda k, x: k.act()(k.norm(scale=False)(k.conv()(x))),
    "norm without beta": lambda k, x: k.act()(k.norm(center=False)(k.conv()(x))),
    "8 bits signed": lambda k, x: k.quantized(k.bits(8, 2))(k.norm()(k.conv()(x))),
    "symmetric": lambda k, x: k.quantized(k.bits(4, 1, symmetric=1))(k.norm()(k.conv()(x))),
    "two norms": lambda k, x: k.act()(k.norm()(k.norm()(k.conv()(x)))),
    "padding and upsampling": lambda k, x: k.act()(
        k.layers.UpSampling2D(2)(k.layers.ZeroPadding2D(((1, 0), (0, 2)))(k.norm()(k.conv()(x))))
    ),
    "cropping": lambda k, x: k.act()(k.layers.Cropping2D(1)(k.norm()(k.conv()(x)))),
    "pooling": lambda k, x: k.act()(k.layers.MaxPooling2D(2)(k.norm()(k.conv()(x)))),
    "pooling and relu": lambda k, x: k.quantized(k.bits(5, 2))(
        k.layers.ReLU()(k.layers.MaxPooling2D(2)(k.norm()(k.conv()(x))))
    ),
    "relu6": lambda k, x: k.act(5, 3)(k.layers.ReLU(6.0)(k.norm()(k.conv()(x)))),
    "leaky relu": lambda k, x: k.quantized(k.bits(5, 2))(
        k.layers.LeakyReLU(0.2)(k.norm()(k.conv()(x)))
    ),
    "prelu by channel": lambda k, x: k.quantized(k.bits(5, 2))(
        k.layers.PReLU(alpha_initializer=k.slopes(0, 1), shared_axes=[1, 2])(k.norm()(k.conv()(x)))
    ),
    "prelu of one slope for all pixels": lambda k, x: k.quantized(k.bits(5, 2))(
        k.layers.PReLU(alpha_initializer=k.slopes(0.25, 0.25))(k.conv()(x))
    ),
    "bilinear by 3": lambda k, x: k.quantized(k.bits(6, 2))(
        k.layers.UpSampling2D(3, interpolation="bilinear")(k.act()(k.conv()(x)))
    ),
    "bilinear by 5 and 3": lambda k, x: k.quantized(k.bits(6, 2))(
        k.layers.UpSampling2D((5, 3), interpolation="bilinear")(k.act()(k.conv()(x)))
    ),
    "average of three": lambda k, x: k.quantized(k.bits(6, 2))(
        k.layers.Average()([k.act()(k.conv()(x)) for _ in range(3)])
    ),
    "average of norms": lambda k, x: k.act()(
        k.layers.Average()([k.norm()(k.act()(k.conv()(x))) for _ in range(2)])
    ),
    "sigmoid": lambda k, x: k.act(4, 0)(k.layers.Activation("sigmoid")(k.conv()(x))),
    "concat in front": lambda k, x: k.act()(
        k.norm()(k.layers.Concatenate()([k.conv()(x), k.layers.MaxPooling2D(1)(x)]))
    ),
    "concat between": lambda k, x: k.act()(
        k.layers.Concatenate()([k.norm()(k.conv()(x)), k.norm()(k.conv(3)(x))])
    ),
    "norm of a concat of norms": lambda k, x: k.act()(
        k.norm()(k.layers.Concatenate()([k.norm()(k.conv()(x)), k.conv(2)(x)]))
    ),
    "quantized norm": lambda k, x: k.act()(k.q.QBatchNormalization()(k.conv()(x))),
    "float bias": lambda k, x: k.act()(k.conv(bias_quantizer=None)(x)),
    "folded norm, float bias": lambda k, x: k.act()(
        k.q.QConv2DBatchnorm(4, 3, padding="same", kernel_quantizer=k.bits())(x)
    ),
    "depthwise norm": lambda k, x: k.act()(
        k.norm()(
            k.q.QDepthwiseConv2D(
                3, depth_multiplier=2, use_bias=False, depthwise_quantizer=k.bits()
            )(x)
        )
    ),
    "average": lambda k, x: k.act()(
        k.layers.AveragePooling2D(3, strides=2, padding="same")(k.act(6, 1)(k.conv()(x)))
    ),
    "average of a norm": lambda k, x: k.act()(
        k.norm()(k.layers.AveragePooling2D(3, strides=1)(k.act(6, 1)(k.conv()(x))))
    ),
}


@pytest.mark.parametrize("name", BEHIND_A_QUANTIZER)
def test_proved_behind_a_quantizer(kit: Kit, name: str) -> None:
    exported, known = check(kit.model(lambda x: BEHIND_A_QUANTIZER[name](kit, x)))
    assert Status.MEASURED not in known.values()
    assert exported.proofs and all(proof.proved for proof in exported.proofs)
    kinds = {type(op) for op in exported.graph.ops}
    assert kinds & {BatchNorm, Threshold}


def test_a_prelu_that_falls_is_a_table(kit: Kit) -> None:
    slopes = kit.slopes(-0.75, -0.75)
    model = kit.model(
        lambda x: kit.quantized(kit.bits(5, 2))(
            kit.layers.PReLU(alpha_initializer=slopes, shared_axes=[1, 2])(
                kit.quantized(kit.bits(6, 2))(kit.conv()(x))
            )
        )
    )
    exported, known = check(model)
    assert Status.MEASURED not in known.values()
    assert Lookup in {type(op) for op in exported.graph.ops}


def test_slopes_that_differ_by_pixel_are_refused(kit: Kit) -> None:
    prelu = kit.layers.PReLU(alpha_initializer=kit.slopes(0, 1), name="p")
    with pytest.raises(UnsupportedLayer) as caught:
        export(kit.model(lambda x: kit.act()(prelu(kit.conv()(x)))), BYTES)
    assert caught.value.message == "layer 'p': its slopes differ from pixel to pixel"
    assert caught.value.hint == (
        "use PReLU(shared_axes=[1, 2]), which has one a channel, and train it so"
    )


def test_activation_quantizers_are_thresholds_or_tables(kit: Kit) -> None:
    q = kit.q
    quantizers = [
        q.binary(alpha=1.0),
        q.binary(alpha=0.5),
        q.binary(use_01=True, alpha=1.0),
        q.ternary(alpha=1.0),
        q.stochastic_binary(alpha=1.0),
        q.stochastic_ternary(alpha=0.5, threshold=0.2),
        kit.bits(1, 0),
        kit.bits(1, 0, keep_negative=False),
        kit.bits(4, 1, alpha=0.25),
        q.quantized_tanh(4),
        q.quantized_tanh(4, use_real_tanh=True),
        q.quantized_sigmoid(5),
        q.quantized_sigmoid(5, use_real_sigmoid=True),
        q.quantized_relu(4, 1, negative_slope=0.25),
        q.quantized_relu(4, 1, use_sigmoid=1),
    ]

    def build(x: Any) -> Any:
        ends = [kit.quantized(f)(kit.conv(2, name=f"c{n}")(x)) for n, f in enumerate(quantizers)]
        byte = kit.quantized(kit.bits(8, 2))(kit.conv(2)(x))
        return kit.layers.Concatenate()([*ends, kit.quantized(q.quantized_hswish(6, 2))(byte)])

    exported, known = check(kit.model(build))
    assert Status.MEASURED not in known.values()
    assert sum(isinstance(op, Lookup) for op in exported.graph.ops) == 1
    assert sum(isinstance(op, Threshold) for op in exported.graph.ops) >= 8


def test_scale_and_bias_are_no_wider_than_needed(kit: Kit) -> None:
    """One fraction bit less, and some step of some channel would be at another code."""
    from fcn_hw.frontend.activations import activation_of
    from fcn_hw.frontend.affine_fit import Operand, Points, _Fitter
    from fcn_hw.frontend.keras_parts import batch_normalization
    from fcn_hw.frontend.resolve import StepFunction

    norm = kit.norm()
    model = kit.model(lambda x: kit.quantized(kit.bits(8, 2))(norm(kit.conv()(x))))
    exported = export(model, BYTES)
    (op,) = (op for op in exported.graph.ops if isinstance(op, BatchNorm))
    source = exported.graph.tensor(op.inputs[0]).format
    activation = activation_of("act", kit.bits(8, 2))
    part = batch_normalization(norm, "norm")
    from fcn_hw.ir.intervals import intervals

    domain = intervals(exported.graph)[op.inputs[0]][1]
    steps = StepFunction([part], activation, source, 4).find(domain)
    points = Points.of(steps, activation.format)
    operand = Operand(source.fraction, part.factor)
    fitter = _Fitter((points,), (operand,), activation.format, steps.counts > 0, half=False)
    fraction = source.fraction + op.scale.format.fraction
    assert fitter.neighbours(fraction, 0) is not None
    assert fitter.neighbours(fraction - 1, 0) is None
    # and every code that the accumulator can hold gives the code that QKeras gives
    codes = np.repeat(np.arange(domain.low, domain.high + 1)[:, None], 4, axis=1)
    product = codes * op.scale.codes << (op.accum.fraction - fraction)
    total = product + (op.bias.codes << (op.accum.fraction - op.bias.format.fraction))
    got = np.clip(total >> (op.accum.fraction - activation.format.fraction), -128, 127)
    assert np.array_equal(got, StepFunction([part], activation, source, 4).evaluate(codes))


def test_scale_that_is_no_power_of_two_is_measured(kit: Kit) -> None:
    """QKeras rounds each product of a scaled weight: equal only away from ties."""
    for quantizer in (kit.bits(4, 0, alpha="auto"), kit.q.ternary(alpha="auto")):
        exported, known = check(
            kit.model(lambda x, w=quantizer: kit.act(8, 1)(kit.conv(kernel_quantizer=w)(x)))
        )
        (proof,) = exported.proofs
        assert known[proof.op] is (Status.PROVED if proof.proved else Status.MEASURED)
        assert proof.proved == (proof.near_ties == 0)
        (op,) = (op for op in exported.graph.ops if isinstance(op, Conv2D))
        assert op.weight.format.width <= 5  # the scale is not in the weights


def test_no_quantizer_behind_gets_a_stated_format(kit: Kit) -> None:
    def build(x: Any) -> Any:
        left, right = (kit.norm(name=f"norm{n}")(kit.conv()(x)) for n in range(2))
        return kit.act()(kit.layers.Add(name="add")([left, right]))

    model = kit.model(build)
    exported, known = check(model)
    assert known["norm0"] is known["norm1"] is known["add"] is Status.MEASURED
    assert [proof.proved for proof in exported.proofs] == [False, False]
    assert "stated format fixed<18," in exported.proofs[0].text
    codes = np.random.default_rng(5).integers(0, 256, (3, *SHAPE))
    rows = compare_model(
        exported.graph,
        exported.layer_values,
        exported.proofs,
        {"image": codes},
        Progress(console(), True),
    ).layers
    (activation,) = (row for row in rows if row.layer.startswith("q_activation"))
    assert activation.status == "measured"
    assert activation.differ <= activation.values // 100


def test_measured_codes_next_to_the_value_do_not_differ(kit: Kit) -> None:
    """Nearest upsampling has its input's format without its rounding mode: RND became TRN."""
    k, layers = kit, kit.layers
    up = lambda x: layers.UpSampling2D(2, name="up")(  # noqa: E731
        layers.AveragePooling2D(3, name="mean")(k.act(4, 1)(k.conv()(x)))
    )
    model = kit.model(lambda x: k.conv(2, name="scores")(up(x)))
    exported = export(model, BYTES)
    codes = np.random.default_rng(5).integers(0, 256, (3, *SHAPE))
    found = compare_model(
        exported.graph,
        exported.layer_values,
        exported.proofs,
        {"image": codes},
        Progress(console(), True),
    )
    rows = {row.layer: row for row in found.layers}
    expected = evaluate(exported.graph, {"image": codes}, keep=list(rows))
    for name, values in layer_values(model, exported.graph, {"image": codes}, ["mean", "up"]):
        away = np.abs(values - expected[name])
        row = rows[name]
        assert (row.status, row.differ) == ("measured", np.count_nonzero(away > 0.5))
        assert row.most_steps == (away.max() if row.differ else 0)
        assert row.differ < np.count_nonzero(np.floor(values) != expected[name])


def test_topology(kit: Kit) -> None:
    """Nested and shared layers, several outputs, subtract and maximum, folded normalizations."""
    k, layers = kit, kit.layers
    inner_image = layers.Input((9, 11, 4))
    inner = k.env.keras.Model(
        inner_image, k.act()(k.norm()(k.conv(3, name="deep")(inner_image))), name="inner"
    )
    sequential = k.env.keras.Sequential([k.conv(4, name="s1"), k.act(4, 0)], name="seq")
    twice = k.conv(4, name="twice")

    def build(x: Any) -> Any:
        a = k.act(4, 0)(twice(k.conv(4, name="first")(x)))
        b = twice(a)
        c = sequential(x)
        d = k.q.QConv2DBatchnorm(
            4, 3, padding="same", kernel_quantizer=k.bits(), bias_quantizer=k.bits(8, 2)
        )(x)
        e = k.q.QDepthwiseConv2DBatchnorm(
            3, padding="same", depthwise_quantizer=k.bits(), bias_quantizer=k.bits(8, 2)
        )(a)
        f = k.q.QSeparableConv2D(
            4, 3, padding="same", depthwise_quantizer=k.bits(), pointwise_quantizer=k.bits(),
            use_bias=False,
        )(x)  # fmt: skip
        g = layers.Maximum()([layers.Subtract()([b, c]), d, e, f, a, c])
        average = layers.GlobalAveragePooling2D(keepdims=True)(a)
        return [inner(a), k.act(5, 2)(g), layers.AveragePooling2D(2)(a), k.act(6, 1)(average)]

    exported, known = check(k.model(build))
    assert Status.MEASURED not in known.values()
    origins = {op.origin for op in exported.graph.ops}
    assert {"inner/deep", "seq/s1", "twice", "twice:2"} <= origins
    assert len(exported.graph.outputs) == 4
    kinds = {type(op) for op in exported.graph.ops}
    assert {SkipSubtract, SkipMaximum, AveragePool2D, DepthwiseConv2D} <= kinds


def test_float_layers_with_weights_on_a_grid(kit: Kit) -> None:
    layer = kit.layers.Conv2DTranspose(2, 4, strides=2, name="up", use_bias=False)
    model = kit.model(lambda x: layer(kit.act()(kit.conv(2)(x))))
    line = np.array([0.25, 0.75, 0.75, 0.25])
    kernel = np.zeros((4, 4, 2, 2), np.float32)
    kernel[:, :, 0, 0] = kernel[:, :, 1, 1] = np.outer(line, line)
    layer.kernel.assign(kernel)
    _, known = check(model)
    assert known["up"] is Status.EXACT
    plain = kit.layers.Conv2D(3, 3, name="plain", padding="same")
    model = kit.model(lambda x: kit.act()(plain(x)))
    plain.kernel.assign(np.round(np.asarray(plain.kernel) * 32) / 32)
    check(model)


def test_softmax_becomes_arg_max(kit: Kit) -> None:
    for build in (
        lambda x: kit.layers.Softmax(name="last")(kit.conv()(x)),
        lambda x: kit.layers.Activation("softmax", name="last")(kit.conv()(x)),
        kit.conv(name="last", activation="softmax"),
    ):
        exported, _ = check(kit.model(build))
        assert exported.notes == (
            "layer 'last': softmax becomes arg-max, which gives the same class",
        )
        assert exported.graph.ops[-1].kind == "ArgMax"


def refusal(model: Any) -> UnsupportedLayer:
    with pytest.raises(UnsupportedLayer) as caught:
        export(model, BYTES)
    return caught.value


def test_refusals(kit: Kit) -> None:
    layers = kit.layers
    for build, message in (
        (
            lambda x: kit.conv()(layers.Softmax(name="mid")(kit.conv()(x))),
            "layer 'mid': softmax inside the network has no exact fixed-point form",
        ),
        (
            lambda x: kit.quantized(kit.q.binary(alpha=1.0))(
                layers.ZeroPadding2D(1, name="pad")(kit.norm()(kit.conv()(x)))
            ),
            "layer 'q_activation': binary(alpha=1.0) of the zeros that 'pad' adds is not 0",
        ),
        (
            lambda x: layers.Activation(kit.q.quantized_hswish(6, 2), name="hs")(kit.conv(16)(x)),
            "layer 'hs': quantized_hswish(6) is no step function, and what it reads is 15 bits "
            "wide: a table takes 12 bits at most",
        ),
        (
            lambda x: layers.Flatten(name="flat")(kit.conv()(x)),
            "layer 'flat': layer class Flatten is not supported",
        ),
        (
            lambda x: kit.conv()(layers.Activation("tanh", name="t")(kit.conv()(x))),
            "layer 't': activation 'tanh' has no exact fixed-point form",
        ),
    ):
        kit.env.keras.backend.clear_session()
        assert str(refusal(kit.model(build))) == message


def test_tensorflow_divides_the_sum_of_a_window(kit: Kit) -> None:
    """Average pooling is a correctly rounded quotient: what ``layers._average`` relies on."""
    sums = np.arange(-20000, 20001).astype(np.float32)
    for rows, columns in ((3, 3), (2, 3), (5, 5)):
        windows = np.zeros((len(sums), rows, columns, 1), np.float32)
        windows[:, 0, 0, 0] = sums
        means = np.asarray(kit.layers.AveragePooling2D((rows, columns))(windows)).ravel()
        assert np.array_equal(means, sums / np.float32(rows * columns))
