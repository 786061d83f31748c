"""QKeras models to graphs: exact or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcn_hw.errors import ConfigError, UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.model_file import load_model
from fcn_hw.frontend.probe import layer_values
from fcn_hw.frontend.qkeras import export
from fcn_hw.ir import Graph
from fcn_hw.keras_env import keras_env
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate

BYTES = parse_format("ufixed<8,0>")


@pytest.fixture(scope="module")
def env() -> Any:
    return keras_env()


def bits(env: Any, width: int = 4, integer: int = 0, **kwargs: Any) -> Any:
    return env.qkeras.quantized_bits(width, integer, **{"alpha": 1.0, **kwargs})


def conv(env: Any, filters: int, kernel: int = 3, **kwargs: Any) -> Any:
    settings = {
        "padding": "same",
        "kernel_quantizer": bits(env),
        "bias_quantizer": bits(env, 8, 0),
        "bias_initializer": "random_normal",
        **kwargs,
    }
    return env.qkeras.QConv2D(filters, kernel, **settings)


def model_of(
    env: Any, build: Callable[[Any], Any], shape: tuple[int | None, ...] = (9, 11, 3)
) -> Any:
    image = env.keras.layers.Input(shape, name="image")
    env.keras.utils.set_random_seed(3)
    return env.keras.Model(image, build(image))


def disagreements(model: Any, graph: Graph) -> dict[str, int]:
    """For each op with a Keras layer: how many codes differ from QKeras on random bytes."""
    shape = graph.inputs[0].output.shape
    codes = np.random.default_rng(5).integers(0, 256, (3, *shape))
    codes[1], codes[2] = 0, 255
    expected = evaluate(graph, {graph.inputs[0].name: codes})
    names = [op.name for op in graph.ops if op.origin]
    found = {}
    for name, values in layer_values(model, graph, {graph.inputs[0].name: codes}, names):
        assert values.shape == expected[name].shape
        found[name] = int(np.count_nonzero(values != expected[name]))
    assert set(found) == set(names)
    return found


def check_exact(model: Any) -> Graph:
    graph = export(model, BYTES).graph
    assert not any(disagreements(model, graph).values())
    smaller = run_passes(graph)
    assert not any(disagreements(model, smaller).values())
    return smaller


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"padding": "valid", "use_bias": False, "bias_quantizer": None},
        {"strides": 2},
        {"strides": (2, 1), "kernel": (2, 3)},
        {"dilation_rate": 2},
        {"kernel": 1},
        {"kernel": 5, "strides": 3},
    ],
    ids=str,
)
def test_conv2d_geometry(env: Any, settings: dict[str, Any]) -> None:
    check_exact(model_of(env, conv(env, 4, **settings)))


def test_weight_quantizers(env: Any) -> None:
    q = env.qkeras
    for quantizer in (
        bits(env, 2, -1),
        bits(env, 10, 0),
        bits(env, 4, 0, symmetric=1),
        bits(env, 4, 0, keep_negative=False),
        bits(env, 4, 0, alpha="auto_po2"),
        bits(env, 4, 0, alpha=None),  # QConv2D turns None into auto_po2
        q.binary(alpha=0.25),
        q.binary(alpha="auto_po2"),
        q.ternary(alpha=0.5, threshold=0.1),
        q.ternary(alpha="auto_po2"),
        q.quantized_po2(4, 2),
    ):
        graph = check_exact(model_of(env, conv(env, 4, kernel_quantizer=quantizer)))
        (op,) = (op for op in graph.ops if isinstance(op, Conv2D))
        assert np.any(op.weight.codes), str(quantizer)


def test_sign_weights_are_signs(env: Any) -> None:
    model = model_of(env, conv(env, 4, kernel_quantizer=env.qkeras.binary(alpha=0.25)))
    (op,) = (op for op in export(model, BYTES).graph.ops if isinstance(op, Conv2D))
    assert set(np.unique(op.weight.codes)) == {-1, 1}
    assert op.weight.format.step == 0.25


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (3, 2), (2, 2), (1, 2), (5, 3), (3, 1)])
def test_conv_transpose(env: Any, kernel: int, stride: int, padding: str) -> None:
    layer = env.qkeras.QConv2DTranspose(
        4, kernel, strides=stride, padding=padding,
        kernel_quantizer=bits(env), bias_quantizer=bits(env, 8), bias_initializer="random_normal",
    )  # fmt: skip
    graph = check_exact(model_of(env, layer, (5, 4, 3)))
    assert any(isinstance(op, ConvTranspose2D) for op in graph.ops)


def test_activations(env: Any) -> None:
    q, layers = env.qkeras, env.keras.layers

    def build(image: Any) -> Any:
        ends = []
        for number, layer in enumerate(
            (
                q.QActivation(q.quantized_relu(1, 0)),
                q.QActivation(q.quantized_relu(4, 2)),
                q.QActivation(q.quantized_relu(16, 4)),
                q.QActivation(q.quantized_relu(4, -2)),
                q.QActivation(bits(env, 5, 1)),
                q.QActivation(bits(env, 5, 1, symmetric=1)),
                q.QActivation(bits(env, 5, 1, keep_negative=False)),
                layers.ReLU(),
                layers.Activation("relu"),
                layers.Activation("linear"),
            )
        ):
            ends.append(layer(conv(env, 2, name=f"c{number}")(image)))
        inline = conv(env, 2, name="inline", activation=q.quantized_relu(3, 1))(image)
        return layers.Concatenate()([*ends, inline])

    check_exact(model_of(env, build))


def test_topology_layers(env: Any) -> None:
    q, layers = env.qkeras, env.keras.layers

    def build(image: Any) -> Any:
        x = q.QActivation(q.quantized_relu(4, 1), name="a")(conv(env, 4, name="c")(image))
        pooled = layers.MaxPooling2D(2, padding="same")(x)
        up = layers.UpSampling2D(2, interpolation="bilinear")(layers.Dropout(0.5)(pooled))
        up = layers.Cropping2D(((0, 1), (1, 0)))(up)
        nearest = layers.UpSampling2D((3, 1), interpolation="nearest")(x)
        nearest = layers.MaxPooling2D(3, strides=(3, 1), padding="same")(nearest)
        pixel = layers.Cropping2D(((4, 4), (5, 5)))(x)
        up = layers.Average()([up, layers.UpSampling2D((9, 11), interpolation="bilinear")(pixel)])
        up = q.QDense(
            4,
            kernel_quantizer=bits(env, 4, 0),
            bias_quantizer=bits(env, 4, 0),
            activation=q.quantized_relu(4, 3),
        )(up)
        padded = layers.ZeroPadding2D(((1, 0), (0, 2)))(x)
        padded = layers.Cropping2D(((0, 1), (2, 0)))(padded)
        total = layers.Add()([up, nearest, padded, x, x])
        return layers.Concatenate()([total, x])

    graph = check_exact(model_of(env, build))
    assert graph.ops[-1].kind == "SkipConcat"


def refusal(model: Any) -> UnsupportedLayer:
    with pytest.raises(UnsupportedLayer) as caught:
        export(model, BYTES)
    return caught.value


def test_refuses_float_convolution(env: Any) -> None:
    error = refusal(model_of(env, env.keras.layers.Conv2D(2, 3, name="plain")))
    assert str(error) == (
        "layer 'plain': float kernel with no quantizer (more than 16 bits are needed)"
    )
    assert "the layer of qkeras with a quantizer" in error.hint


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"kernel_quantizer": None},
            "layer 'c': float kernel with no quantizer (more than 16 bits are needed)",
        ),
        ({"activation": "tanh"}, "layer 'c': activation 'tanh' has no exact fixed-point form"),
        ({"activation": "swish"}, "layer 'c': activation 'swish' has no exact fixed-point form"),
    ],
)
def test_refuses_float_parts(env: Any, settings: dict[str, Any], message: str) -> None:
    assert str(refusal(model_of(env, conv(env, 2, name="c", **settings)))) == message


def test_refuses_activation_quantizers(env: Any) -> None:
    q = env.qkeras
    for function, part in (
        (q.quantized_ulaw(4), "quantized_ulaw has no exact fixed-point form"),
        (q.quantized_po2(4), "quantized_po2 has no exact fixed-point form"),
        (
            q.quantized_relu(4, 1, relu_upper_bound=0.3, is_quantized_clip=False),
            "quantized_relu(4,1): quantized_relu(4,1) gives values off its own grid",
        ),
        (bits(env, 4, 0, alpha="auto"), "alpha='auto' has no fixed binary point"),
        (q.quantized_relu(4, 1, qnoise_factor=0.5), "qnoise_factor 0.5"),
    ):
        error = refusal(model_of(env, q.QActivation(function, name="act")))
        assert str(error).startswith("layer 'act': ") and part in str(error), str(error)


def test_refuses_geometry(env: Any) -> None:
    layers = env.keras.layers
    for layer, message in (
        (
            layers.UpSampling2D((2, 33), interpolation="bilinear", name="up"),
            "layer 'up': bilinear upsampling by (2, 33): it goes up to 32",
        ),
        (
            layers.UpSampling2D(2, interpolation="bicubic", name="up"),
            "layer 'up': interpolation 'bicubic'",
        ),
        (
            layers.ReLU(max_value=6.0, name="r6"),
            "layer 'r6': ReLU with max_value=6 has no exact fixed-point form",
        ),
        (layers.ReLU(threshold=0.5, name="r5"), "layer 'r5': ReLU with threshold=0.5"),
        (
            layers.Concatenate(axis=1, name="cat"),
            "layer 'cat': concatenation along axis 1",
        ),
    ):
        build = (lambda x, at=layer: at([x, x])) if "cat" in layer.name else layer
        assert str(refusal(model_of(env, build))) == message


def test_tells_all_problems_at_once(env: Any) -> None:
    layers = env.keras.layers

    def build(image: Any) -> Any:
        one = layers.Conv2D(3, 3, padding="same", name="one")(image)
        two = layers.UpSampling2D(33, interpolation="bilinear", name="two")(image)
        three = layers.GlobalMaxPooling2D(keepdims=True, name="three")(conv(env, 1)(two))
        return layers.Add(name="behind")([one, three])

    error = refusal(model_of(env, build, (9, 9, 3)))
    told = f"{error}\n{error.hint}"
    assert all(f"layer '{name}'" in told for name in ("one", "two", "three"))
    assert "layer 'behind': inputs of different shapes: (9, 9, 3), (1, 1, 1)" in told


def test_refuses_dynamic_shapes(env: Any) -> None:
    error = refusal(model_of(env, conv(env, 2), (None, 8, 3)))
    assert str(error) == (
        "layer 'image': input shape (None, None, 8, 3) is not (None, height, width, channels)"
    )


def test_lambda_is_never_executed(env: Any, tmp_path: Path) -> None:
    marker, path = tmp_path / "executed", str(tmp_path / "executed")
    layers = env.keras.layers
    model = model_of(env, layers.Lambda(lambda x: (Path(path).touch(), x)[1], name="evil"))
    assert marker.exists()  # building the model runs the code: the marker works
    for name in ("m.h5", "m.keras"):
        model.save(tmp_path / name)
        marker.unlink(missing_ok=True)
        with pytest.raises(UnsupportedLayer, match="layer 'evil': Lambda: it holds code"):
            load_model(tmp_path / name)
        assert not marker.exists()


def test_wrong_model_files(tmp_path: Path, env: Any) -> None:
    missing = tmp_path / "none.h5"
    with pytest.raises(ConfigError, match="there is no such model file"):
        load_model(missing)
    good = tmp_path / "good.h5"
    model_of(env, conv(env, 2)).save(good)
    for name, data in (
        ("empty.h5", b""),
        ("text.h5", b"not a model"),
        ("cut.h5", good.read_bytes()[: good.stat().st_size // 2]),
        ("zip.keras", b"PK\x03\x04broken"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ConfigError) as caught:
            load_model(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


def test_saved_model_exports_as_the_one_in_memory(env: Any, tmp_path: Path) -> None:
    model = model_of(env, conv(env, 4, name="c"))
    for name in ("m.h5", "m.keras"):
        model.save(tmp_path / name)
        assert export(load_model(tmp_path / name), BYTES).graph == export(model, BYTES).graph


def test_names_become_identifiers(env: Any) -> None:
    layers = env.keras.layers

    def build(image: Any) -> Any:
        x = conv(env, 2, name="1st-conv")(image)
        x = layers.MaxPooling2D(1, name="for")(x)
        return layers.MaxPooling2D(1, name="a__b")(x)

    model = model_of(env, build)
    names = [op.name for op in export(model, BYTES).graph.ops]
    assert names == ["image", "op_1st_conv", "op_for", "a_b"]
    check_exact(model)
