"""Good model files: what QKeras saves and fcn_hw supports still loads, and means the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fcn_hw.errors import ConfigError
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.layers import LAYERS, REFUSED
from fcn_hw.frontend.model_file import load_model
from fcn_hw.frontend.qkeras import export
from fcn_hw.frontend.vetting import vet
from fcn_hw.hdf5_vetting import vet_hdf5
from fcn_hw.keras_env import keras_env
from fcn_hw.keras_files.archive import without_training
from fcn_hw.keras_files.functions import DEPTH_TO_SPACE

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore:The `keras.constraints.serialize"),
    pytest.mark.filterwarnings("ignore:The initializer"),
]

BYTES = parse_format("ufixed<8,0>")
FORMATS = ("m.h5", "m.keras")


@pytest.fixture(scope="module")
def env() -> Any:
    return keras_env()


def bits(env: Any, width: int = 4, integer: int = 0, **settings: Any) -> Any:
    return env.qkeras.quantized_bits(width, integer, **{"alpha": 1.0, **settings})


def model_of(env: Any, build: Callable[[Any], Any]) -> Any:
    image = env.keras.layers.Input((8, 8, 4), name="image")
    env.keras.utils.set_random_seed(3)
    return env.keras.Model(image, build(image))


def check_loads(model: Any, folder: Path) -> None:
    """Both files hold the model: its layers, its weights and what it computes."""
    codes = np.random.default_rng(3).integers(0, 256, (2, *model.input_shape[1:])) / 256
    expected = model(codes.astype(np.float32), training=False).numpy()
    for name in FORMATS:
        model.save(folder / name)
        loaded = load_model(folder / name)
        assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in model.layers]
        assert np.array_equal(loaded(codes.astype(np.float32), training=False).numpy(), expected)


def test_layers(env: Any, tmp_path: Path) -> None:
    """One of each layer that is supported, in a compiled model with nested ones."""
    q, made = env.qkeras, env.keras.layers
    same = {"padding": "same", "bias_quantizer": bits(env, 8)}
    kernel, depthwise = {"kernel_quantizer": bits(env)}, {"depthwise_quantizer": bits(env)}
    chain = [
        made.Rescaling(0.5), made.Normalization(mean=0.25, variance=1.0),
        q.QConv2D(4, 3, **kernel, **same, activation="quantized_relu(4,1)"),
        q.QConv2DBatchnorm(4, 3, **kernel, **same, activation=q.quantized_relu(4, 1)),
        q.QDepthwiseConv2D(3, **depthwise, **same),
        q.QDepthwiseConv2DBatchnorm(3, **depthwise, **same),
        q.QSeparableConv2D(4, 3, **depthwise, pointwise_quantizer=bits(env), **same),
        q.QBatchNormalization(),  # quantized_po2(5), quantized_relu_po2(6, quadratic_...)
        q.QActivation(bits(env, 5, 1)),
        q.QConv2DTranspose(4, 2, strides=2, **kernel, **same),
        made.BatchNormalization(),
        made.Activation(q.quantized_tanh(4)),
        made.Conv2D(4, 1, kernel_initializer="ones"),
        made.DepthwiseConv2D(3, padding="same"),
        made.SeparableConv2D(4, 3, padding="same"),
        made.Conv2DTranspose(4, 3, padding="same"),
        made.ReLU(6.0), made.LeakyReLU(0.25),
        made.MaxPooling2D(2), made.AveragePooling2D(2, strides=1, padding="same"),
        made.UpSampling2D(2, interpolation="bilinear"), made.Resizing(16, 16),
        made.ZeroPadding2D(1), made.Cropping2D(1),
        made.Dropout(0.1), made.SpatialDropout2D(0.1), made.GaussianNoise(0.1),
        made.GaussianDropout(0.1), made.ActivityRegularization(0.1), made.AlphaDropout(0.1),
        made.RandomFlip(), made.RandomRotation(0.1), made.RandomTranslation(0.1, 0.1),
        made.RandomZoom(0.1), made.RandomContrast(0.1), made.RandomBrightness(0.1),
        made.Dense(4), q.QDense(4, kernel_quantizer=bits(env)), made.PReLU(shared_axes=[1, 2]),
    ]  # fmt: skip

    def build(image: Any) -> Any:
        x = image
        for layer in chain:
            x = layer(x)
        start = made.Input((16, 16, 4))
        nested = env.keras.Model(start, made.MaxPooling2D(2, padding="same")(start), name="inner")
        x = made.UpSampling2D(2)(env.keras.Sequential([nested], name="outer")(x))
        x = made.Concatenate()([made.Add()([x, x]), made.Subtract()([x, x])])
        x = made.Minimum()([made.Maximum()([x, x]), x])
        x = made.Multiply()([made.Average()([x, x]), x])
        x = made.Permute((2, 1, 3))(made.Reshape(tuple(x.shape[1:]))(x))
        return made.Softmax()(made.GlobalAveragePooling2D(keepdims=True)(x))

    model = model_of(env, build)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    used = {type(layer).__name__ for layer in model.layers}
    assert used >= LAYERS.keys() - {DEPTH_TO_SPACE}  # a function, which is loaded as a layer
    check_loads(model, tmp_path)


def test_quantizers(env: Any, tmp_path: Path) -> None:
    """Every quantizer of weights and activations, as an object and as text."""
    q = env.qkeras
    weights = [
        bits(env, 4, 0, symmetric=1), bits(env, 4, 0, keep_negative=False),
        q.quantized_bits(4, 0, alpha="auto"), q.quantized_bits(4, 0, alpha="auto_po2"),
        q.binary(alpha=0.25), q.ternary(alpha=0.5, threshold=0.1), q.ternary(alpha="auto_po2"),
        q.stochastic_binary(alpha=1.0), q.stochastic_ternary(alpha=1.0),
        q.quantized_po2(4, 2), q.quantized_po2(5, quadratic_approximation=True),
        "quantized_bits(4,0,1,alpha=1.0)", "quantized_bits(bits=4, integer=0, alpha='auto_po2')",
        "quantized_po2(5)", "quantized_po2(4, max_value=2)", "binary(alpha=1)", "ternary", None,
    ]  # fmt: skip
    activations = [
        q.quantized_relu(4, 1), q.quantized_relu(4, 1, negative_slope=0.25),
        q.quantized_relu(4, 1, relu_upper_bound=1.5, is_quantized_clip=False),
        q.quantized_relu(6, 2, use_sigmoid=1), bits(env, 5, 1),
        q.quantized_tanh(4), q.quantized_sigmoid(4), q.quantized_hswish(8, 3),
        q.binary(alpha=1.0), q.ternary(alpha=1.0), q.quantized_ulaw(4), q.quantized_relu_po2(4),
        "quantized_relu(4,1)", "quantized_relu( 4 , 1 ) ", "quantized_relu(4, negative_slope=.25)",
        "quantized_bits(5,1,alpha=1.0)", "quantized_tanh(4)", "hard_sigmoid", "relu", "linear",
    ]  # fmt: skip

    def build(image: Any) -> Any:
        ends = []
        for number, weight in enumerate(weights):
            layer = q.QConv2D(1, 3, kernel_quantizer=weight, name=f"w{number}")
            ends.append(layer(image))
        for number, function in enumerate(activations):
            layer = q.QConv2D(1, 3, kernel_quantizer=bits(env), name=f"c{number}")
            ends.append(q.QActivation(function, name=f"a{number}")(layer(image)))
        return env.keras.layers.Concatenate()(ends)

    check_loads(model_of(env, build), tmp_path)


def test_parts_of_training(env: Any, tmp_path: Path) -> None:
    """Initializers, regularizers and constraints of all kinds, as objects and as text."""
    keras, q = env.keras, env.qkeras
    made = keras.initializers
    initializers = [
        made.Zeros(), made.Ones(), made.Constant(0.5), made.RandomNormal(), made.RandomUniform(),
        made.TruncatedNormal(), made.VarianceScaling(), made.Orthogonal(), made.GlorotNormal(),
        made.GlorotUniform(), made.HeNormal(), made.HeUniform(), made.LecunNormal(),
        made.LecunUniform(), "zeros", "ones", "random_normal", "he_normal", "he_uniform",
        "glorot_uniform", "glorot_normal", "lecun_normal", "truncated_normal", "orthogonal",
    ]  # fmt: skip
    regularizers = [
        keras.regularizers.L1(0.1), keras.regularizers.L2(0.1), keras.regularizers.L1L2(0.1, 0.2),
        keras.regularizers.OrthogonalRegularizer(), "l1", "l2", "l1_l2", None,
    ]  # fmt: skip
    constraints = [
        keras.constraints.MaxNorm(2), keras.constraints.MinMaxNorm(), keras.constraints.NonNeg(),
        keras.constraints.UnitNorm(), keras.constraints.RadialConstraint(), "non_neg", "max_norm",
        "unit_norm", None,
    ]  # fmt: skip

    def build(image: Any) -> Any:
        ends = []
        for number, initializer in enumerate(initializers):
            settings = {
                "kernel_initializer": initializer,
                "kernel_regularizer": regularizers[number % len(regularizers)],
                "kernel_constraint": constraints[number % len(constraints)],
            }
            name = f"c{number}"
            if number % 2:
                ends.append(keras.layers.Conv2D(1, 2, name=name, **settings)(image))
                continue
            layer = q.QConv2D(
                1, 2, name=name, kernel_quantizer=bits(env, use_stochastic_rounding=True),
                activity_regularizer=keras.regularizers.L2(0.1), **settings,
            )  # fmt: skip
            ends.append(layer(image))
        return keras.layers.Concatenate()(ends)

    check_loads(model_of(env, build), tmp_path)


def test_file_is_known_by_its_bytes(env: Any, tmp_path: Path) -> None:
    q = env.qkeras
    model = model_of(env, q.QConv2D(2, 3, kernel_quantizer=bits(env), bias_quantizer=bits(env, 8)))
    expected = export(model, BYTES).graph
    for name, other in zip(FORMATS, ("archive.h5", "hdf5.keras"), strict=True):
        model.save(tmp_path / name)
        (tmp_path / name).rename(tmp_path / other)
        assert export(load_model(tmp_path / other), BYTES).graph == expected


def test_every_known_name_passes() -> None:
    for kind in LAYERS:
        config = {"class_name": kind, "config": {"name": "x", "dtype": "float32"}}
        vet({"class_name": "Functional", "config": {"layers": [config]}})


def test_refused_layers_are_not_layers() -> None:
    assert not LAYERS.keys() & REFUSED.keys()


@pytest.mark.parametrize(
    "text",
    [
        "quantized_bits(4)", "quantized_bits( 4 , -1 )", "quantized_bits(4,0,alpha='auto')",
        'quantized_bits(4,alpha="auto_po2")', "quantized_relu(4, 1, use_sigmoid=False)",
        "quantized_relu(4,negative_slope=1e-1)", "ternary(threshold=.5)", "binary()", "relu",
        "quantized_po2(4,max_value=None)",
    ],
)  # fmt: skip
def test_texts_of_quantizers(text: str) -> None:
    vet({"class_name": "QActivation", "config": {"name": "a", "activation": text}})


def test_training_is_left_out() -> None:
    adam = {"class_name": "Adam", "module": "os", "config": {}}
    config = {"config": {"layers": [{"compile_config": {"optimizer": adam}}]}, "x": [1, "a"]}
    assert without_training(config) == {
        "config": {"layers": [{"compile_config": None}]}, "x": [1, "a"]
    }  # fmt: skip


def test_links_within_a_file_are_its_own(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["a/x"] = np.zeros(3)
        file["b"] = file["a"]
        file["a/back"] = h5py.SoftLink("/a")
        file["nowhere"] = h5py.SoftLink("/none")
        vet_hdf5(file, "m.h5", "")
        file["a/out"] = h5py.ExternalLink("other.h5", "/")
        with pytest.raises(ConfigError, match=r"m\.h5: '/[ab]/out' is a link to another file"):
            vet_hdf5(file, "m.h5", "")
