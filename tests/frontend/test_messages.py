"""What a model file that can't be taken whole is told, and functions that are taken as layers."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fcn_hw.errors import ConfigError, UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.layers import LAYERS, REFUSED
from fcn_hw.frontend.model_file import load_model
from fcn_hw.frontend.probe import layer_values
from fcn_hw.frontend.qkeras import export
from fcn_hw.frontend.vetting import vet
from fcn_hw.ir import Graph
from fcn_hw.keras_env import keras_env
from fcn_hw.keras_files.functions import FUNCTION_HINTS, FUNCTIONS, with_layers
from fcn_hw.reference import evaluate

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore:The `keras.constraints.serialize"),
]

BYTES = parse_format("ufixed<8,0>")


@pytest.fixture(scope="module")
def env() -> Any:
    return keras_env()


def conv(env: Any, filters: int, kernel: int = 3, **kwargs: Any) -> Any:
    bits = env.qkeras.quantized_bits(4, 0, alpha=1.0)
    settings = {"padding": "same", "kernel_quantizer": bits, "bias_quantizer": bits, **kwargs}
    return env.qkeras.QConv2D(filters, kernel, **settings)


def model_of(env: Any, build: Callable[[Any], Any], shape: tuple[int, ...] = (8, 8, 3)) -> Any:
    image = env.keras.layers.Input(shape, name="image.1")
    env.keras.utils.set_random_seed(3)
    return env.keras.Model(image, build(image))


def told(model: Any) -> list[str]:
    """Every line that an export of a model is refused with."""
    with pytest.raises(UnsupportedLayer) as caught:
        export(model, BYTES)
    return [caught.value.message, *caught.value.hint.splitlines()]


def check_exact(model: Any, graph: Graph) -> None:
    """The graph has QKeras' codes; the input's layer is no C identifier."""
    codes = np.random.default_rng(5).integers(0, 256, (2, *graph.inputs[0].output.shape))
    frames = {graph.inputs[0].name: codes}
    names = [op.name for op in graph.ops if op.origin]
    expected = evaluate(graph, frames)
    for name, values in layer_values(model, graph, frames, names):
        assert np.array_equal(values, expected[name]), name


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_functions_that_have_a_layer(env: Any, tmp_path: Path, name: str) -> None:
    tf, qkeras = env.tf, env.qkeras

    def build(image: Any) -> Any:
        a = qkeras.QActivation("quantized_relu(4,2)")(conv(env, 4)(image))
        b = conv(env, 4)(a)
        x = tf.concat(
            [a + b, a - b, a * b, tf.maximum(a, b), tf.minimum(a, b), tf.maximum(b, 0.0)], axis=-1
        )
        x = tf.pad(tf.nn.relu(x), [[0, 0], [1, 2], [2, 3], [0, 0]])
        x = qkeras.QActivation("quantized_bits(6,3,1,alpha=1.0)")(tf.nn.relu6(x))
        x = tf.nn.depth_to_space(conv(env, 8)(x), 2)
        x = tf.image.resize(x, (44, 78), method="nearest")
        x = tf.image.resize(conv(env, 3)(x), (88, 156))
        return tf.nn.softmax(tf.identity(x))

    model_of(env, build).save(tmp_path / name)
    loaded = load_model(tmp_path / name)
    exported = export(loaded, BYTES)
    kinds = [op.kind for op in exported.graph.ops]
    for kind in ("SkipAdd", "SkipSubtract", "SkipMultiply", "SkipMaximum", "SkipMinimum",
                 "SkipConcat", "ZeroPad2D", "DepthToSpace", "UpsampleNearest", "UpsampleBilinear",
                 "ArgMax"):  # fmt: skip
        assert kind in kinds
    assert kinds[-1] == "ArgMax"
    check_exact(loaded, exported.graph)
    assert exported.notes[-1].startswith(
        "in C++ some layers have other names: 'image.1' is image_1, 'tf.__operators__.add"
    )


def test_functions_that_have_none_get_one_hint_each(env: Any, tmp_path: Path) -> None:
    tf = env.tf

    def build(image: Any) -> Any:
        a = conv(env, 4)(image)
        return [
            tf.nn.space_to_depth(a, 2), a * 3.0, a + 1.0, 1.0 - a, tf.reduce_mean(a, [1, 2]),
            tf.pad(a, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), tf.maximum(a, 1.0),
            tf.math.erf(a), a[:, 1:-1],
        ]  # fmt: skip

    model_of(env, build).save(tmp_path / "m.h5")
    with pytest.raises(UnsupportedLayer) as caught:
        load_model(tmp_path / "m.h5")
    first, *others = caught.value.hint.splitlines()
    assert caught.value.message == (
        "layer 'tf.nn.space_to_depth': it calls tf.nn.space_to_depth, for which no layer stands"
    )
    assert first == FUNCTION_HINTS["nn.space_to_depth"]
    assert len(others) == 8
    told_of = "\n".join(others)
    for text in (
        "tf.math.multiply, with arguments for which no layer stands: scale the weights",
        "tf.__operators__.add, with arguments for which no layer stands: add tensors of the model",
        "tf.math.subtract, with arguments for which no layer stands: add tensors of the model",
        "tf.math.reduce_mean, for which no layer stands: use GlobalAveragePooling2D(keepdims=True)",
        "tf.compat.v1.pad, with arguments for which no layer stands: pad rows and columns",
        "tf.math.maximum, with arguments for which no layer stands: of a tensor and a constant",
        "tf.math.erf, for which no layer stands: use the layer of Keras that does the same",
        "SlicingOpLambda: it names a function of TensorFlow: use Cropping2D",
    ):
        assert text in told_of


def test_functions_are_replaced_by_their_form_alone() -> None:
    def call(function: Any, node: Any) -> Any:
        return with_layers({"class_name": "TFOpLambda", "inbound_nodes": [node],
                            "config": {"name": "f", "function": function}})  # fmt: skip

    a, b = ["a", 0, 0], ["b", 0, 0]
    taken = call("math.add", [*a, {"y": b, "name": None}])
    assert (taken["class_name"], taken["inbound_nodes"]) == ("Add", [[[*a, {}], [*b, {}]]])
    assert taken["config"] == {"name": "f", "dtype": "float32"}
    for function, node in [
        ("io.write_file", [*a, {}]), (["concat"], [*a, {}]), ("math.add", [*a, {"y": 1.0}]),
        ("math.add", ["_CONSTANT_VALUE", -1, 1.0, {"y": a}]), ("math.add", "a"), ("math.add", []),
        ("math.add", [*a, {"y": b, "z": 1}]), ("concat", [[*a, {"axis": "x"}], [*b, {}]]),
        ("pad", [*a, {"paddings": [[1, 1], [0, 0], [0, 0], [0, 0]]}]), ("nn.relu", [*a, None]),
        ("image.resize", [*a, {"size": [4, 4], "antialias": True}]), ("image.resize", [*a, {}]),
        ("math.add", [[*a, {}], ["b", 0, "x", {}]]),
    ]:  # fmt: skip
        assert call(function, node)["class_name"] == "TFOpLambda"
    deep: Any = {"class_name": "TFOpLambda"}
    for _ in range(900):
        deep = [deep]
    with_layers(deep)
    assert FUNCTIONS.keys() & {"io.write_file", "py_function", "numpy_function"} == set()


@pytest.mark.parametrize("version", ["3.15.1", None, "2.15.0"])
@pytest.mark.parametrize("name", ["k3.h5", "k3.keras"])
def test_files_of_keras_3(tmp_path: Path, name: str, version: str | None) -> None:
    kind = "DTypePolicy" if version is None else "Policy"
    layers = [{"class_name": "Conv2D", "config": {"dtype": {"class_name": kind}, "name": "c"}}]
    config = json.dumps({"class_name": "Functional", "config": {"layers": layers}})
    path = tmp_path / name
    weights = tmp_path / "model.weights.h5"
    with h5py.File(path if name == "k3.h5" else weights, "w") as file:
        file.attrs["model_config"] = config
        file.create_group("model_weights")
        if version is not None:
            file.attrs["keras_version"] = version
    if name == "k3.keras":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", config)
            stated = {} if version is None else {"keras_version": version}
            archive.writestr("metadata.json", json.dumps(stated))
            archive.write(weights, "model.weights.h5")
    with pytest.raises(ConfigError) as caught:
        load_model(path)
    if version == "2.15.0":
        assert "can't be loaded as a QKeras model" in caught.value.message
        return
    assert caught.value.message == (
        f"{path}: Keras {version or 3} has written it, and models of Keras 2 and QKeras 0.9 are "
        "read"
    )
    assert "TF_USE_LEGACY_KERAS=1" in caught.value.hint


def test_weights_alone_of_keras_3(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_group("layers")
        file.create_group("vars")
    with pytest.raises(ConfigError, match="holds weights alone, not a model"):
        load_model(tmp_path / "w.h5")


def test_layers_behind_a_refused_one_are_told_of_too(env: Any) -> None:
    layers = env.keras.layers

    def build(image: Any) -> Any:
        x = layers.UpSampling2D(40, interpolation="bilinear", name="up40")(image)
        x = layers.UpSampling2D(2, interpolation="bicubic", name="cubic")(x)
        x = layers.ELU(name="elu")(conv(env, 3, name="fine")(x))
        return layers.Softmax(axis=1, name="soft")(x)

    lines = told(model_of(env, build))
    assert lines[0].startswith("layer 'up40': bilinear upsampling by (40, 40): it goes up to 32")
    assert "gives other values, so train it so" in lines[1]
    assert lines[2].startswith("layer 'cubic': interpolation 'bicubic'")
    assert lines[3].startswith("layer 'elu': layer class ELU is not supported: put a")
    assert lines[4].startswith("layer 'soft': softmax along axis 1")
    assert len(lines) == 5


def test_sums_that_grow_without_quantizer_name_the_layer_once(env: Any) -> None:
    def build(image: Any) -> Any:
        x = image
        for number in range(20):
            x = conv(env, 4, name=f"c{number}", activation="relu")(x)
        return env.keras.layers.UpSampling2D(40, interpolation="bilinear", name="up40")(x)

    lines = told(model_of(env, build))
    assert lines[0].startswith("layer 'c")
    assert "its sums need more bits than there are (width 6" in lines[0]
    assert "behind every layer of its kind" in lines[1]
    assert [line.split(":")[0] for line in lines[2:]] == ["layer 'up40'"]


def test_augmentation_is_left_out(env: Any, tmp_path: Path) -> None:
    layers = env.keras.layers

    def build(image: Any) -> Any:
        x = image
        for layer in (layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandomZoom(0.1),
                      layers.RandomTranslation(0.1, 0.1), layers.RandomContrast(0.1),
                      layers.RandomBrightness(0.1)):  # fmt: skip
            x = layer(x)
        return conv(env, 4)(x)

    model_of(env, build).save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    graph = export(loaded, BYTES).graph
    assert [op.kind for op in graph.ops] == ["Input", "Conv2D"]
    check_exact(loaded, graph)


def test_every_layer_of_keras_that_is_refused_has_a_hint() -> None:
    assert not LAYERS.keys() & REFUSED.keys()
    for kind in REFUSED.keys() - {"Lambda", "TFOpLambda", "SlicingOpLambda", "PruneLowMagnitude"}:
        if " " not in kind:  # "Conv2D with groups"
            vet({"class_name": kind, "config": {"name": "x"}})
