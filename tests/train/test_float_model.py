"""Float models of Keras 2 and 3: read as data, the same function in byte / 256; refusals."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from float_unet import SIZE, float_unet, images, write_keras3

from fcn_hw.design import Design
from fcn_hw.errors import ConfigError, UnsupportedLayer
from fcn_hw.keras_env import keras_env
from fcn_hw.scaling import Scaling
from fcn_hw.train.design_network import design_topology, network_identity
from fcn_hw.train.float_model import FloatModel, read_float_model
from fcn_hw.train.networks import build_float, set_weights
from fcn_hw.train.precision import activation_wishes, wishes
from fcn_hw.train.topology import Activate, Conv, DepthwiseConv, Input, Merge

BYTES = Scaling((Fraction(1),))
"""The model is given bytes, and its own layers scale them."""


@pytest.fixture(scope="module")
def keras2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras2")
    model = float_unet(keras_env().keras)
    model.save(folder / "unet.h5", include_optimizer=False)
    model.save(folder / "unet.keras")
    np.save(folder / "unet.npy", model.predict(images(), verbose=0))
    return folder


@pytest.fixture(scope="module")
def keras3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_keras3(tmp_path_factory.mktemp("keras3"))


def scores(model: FloatModel, given: Any) -> Any:
    """What the topology computes of bytes."""
    built = build_float(model.topology, batchnorm=False)
    set_weights(built, model.weights)
    return built.predict(given / np.float32(256), verbose=0)


def softmax(values: Any) -> Any:
    found = np.exp(values - values.max(-1, keepdims=True))
    return found / found.sum(-1, keepdims=True)


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("writer", ["keras2", "keras3"])
def test_the_network_of_a_file_is_the_model(
    writer: str, ending: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(writer)
    model = read_float_model(folder / f"unet.{ending}", scaling=BYTES)
    expected = np.load(folder / "unet.npy")
    assert expected.std() > 0.05
    found = softmax(scores(model, images()))
    # the means of 121.8, 114 and 103.5 bytes are rounded to a quarter: seen at the border only
    np.testing.assert_allclose(found[:, 6:-6, 6:-6], expected[:, 6:-6, 6:-6], atol=5e-5)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    names = [node.name for node in model.topology]
    assert {"stem_conv", "deep_b_depthwise", "deep_norm2", "mean", "answer"} <= set(names)
    by_name = {node.name: node for node in model.topology}
    assert isinstance(by_name["deep_norm2"], DepthwiseConv)  # behind a ReLU: nothing to fold into
    assert by_name["down"].function.limit == 6.0
    assert by_name["sum"] == Merge(
        "sum", ("deep_norm2", "wide"), by_name["wide"].shape, "add", None, quantized=True
    )
    image = model.topology[0]
    assert isinstance(image, Input) and image.scaling is not None
    assert image.scaling.offset == tuple(Fraction(-m, 1024) for m in (487, 456, 414))
    assert model.layers["stem_conv"] == "stem/conv"
    assert model.notes == ("layer 'answer': softmax is left out, the class is the same",)


def save(model: Any, path: Path) -> Path:
    model.save(path)
    return path


def test_zeros_around_an_image_of_another_mean_are_exact(tmp_path: Path) -> None:
    """A mean of 127.5 is a whole number of quarters: nothing is rounded, at the border neither."""
    keras = keras_env().keras
    image = keras.layers.Input((9, 10, 3))
    tensor = keras.layers.Conv2D(4, 3, padding="same", bias_initializer="ones")(image)
    model = keras.Model(image, tensor)
    given = np.random.default_rng(3).integers(0, 256, (2, 9, 10, 3)).astype(np.float32)
    expected = model.predict(given / 127.5 - 1, verbose=0)
    scaling = Scaling((Fraction(2, 255),), (Fraction(-1),))
    found = read_float_model(save(model, tmp_path / "m.h5"), scaling=scaling)
    np.testing.assert_allclose(scores(found, given), expected, atol=1e-5)
    assert found.topology[0].scaling == Scaling((Fraction(1, 256),), (Fraction(-255, 512),))


def test_an_image_that_nothing_pads_keeps_no_mean(tmp_path: Path) -> None:
    keras = keras_env().keras
    image = keras.layers.Input((9, 10, 3))
    model = keras.Model(image, keras.layers.Conv2D(4, 3)(image))
    given = np.random.default_rng(3).integers(0, 256, (2, 9, 10, 3)).astype(np.float32)
    means = (Fraction("-103.939"), Fraction("-116.779"), Fraction("-123.68"))
    found = read_float_model(save(model, tmp_path / "m.h5"), scaling=Scaling((Fraction(1),), means))
    expected = model.predict(given + np.array([float(m) for m in means]), verbose=0)
    np.testing.assert_allclose(scores(found, given), expected, rtol=1e-4, atol=1e-3)
    assert found.topology[0].scaling is None


def test_a_model_that_is_given_blue_first(tmp_path: Path) -> None:
    keras = keras_env().keras
    image = keras.layers.Input((9, 10, 3))
    tensor = keras.layers.Conv2D(4, 3, padding="same")(
        keras.layers.Rescaling(0.5, [1.5, 2, 3])(image)
    )
    model = keras.Model(image, tensor)
    given = np.random.default_rng(3).integers(0, 256, (2, 9, 10, 3)).astype(np.float32)
    scaling = Scaling((Fraction(1), Fraction(2), Fraction(3)), (Fraction(-200), *[Fraction(0)] * 2))
    found = read_float_model(save(model, tmp_path / "m.h5"), scaling=scaling, bgr=True)
    seen = (given * [1, 2, 3] - [200, 0, 0])[..., ::-1]
    np.testing.assert_allclose(
        scores(found, given), model.predict(seen, verbose=0), rtol=1e-4, atol=1e-2
    )


def test_functions_are_taken_where_they_can_be(tmp_path: Path) -> None:
    """A function goes into the layer in front, unless another reads that layer too."""
    keras = keras_env().keras
    layers = keras.layers
    image = layers.Input((8, 8, 3))
    shared = layers.Conv2D(4, 1, name="shared")(image)
    tensor = layers.Subtract()([layers.ReLU(name="own")(shared), shared])
    tensor = layers.Conv2D(1, 1, activation="sigmoid", name="last")(tensor)
    found = read_float_model(save(keras.Model(image, tensor), tmp_path / "m.h5"))
    by_name = {node.name: node for node in found.topology}
    assert isinstance(by_name["own"], Activate)
    assert isinstance(by_name["shared"], Conv) and by_name["shared"].function is None
    assert found.topology[-1].shape.channels == 1


def test_means_of_two_keep_every_bit_and_of_three_are_quantized(tmp_path: Path) -> None:
    keras = keras_env().keras
    layers = keras.layers
    image = layers.Input((6, 7, 3))
    scores_of = [layers.Conv2D(4, 1)(image) for _ in range(3)]
    means = [
        layers.Average(name=name)(scores_of[:count]) for name, count in (("two", 2), ("three", 3))
    ]
    model = keras.Model(image, layers.Concatenate(name="both")(means))
    found = read_float_model(save(model, tmp_path / "m.h5"), scaling=BYTES)
    joins = {node.name: node.quantized for node in found.topology if isinstance(node, Merge)}
    assert joins == {"two": False, "three": True, "both": False}
    given = np.random.default_rng(3).integers(0, 256, (2, 6, 7, 3)).astype(np.float32)
    expected = model.predict(given, verbose=0)
    np.testing.assert_allclose(scores(found, given), expected, rtol=1e-4, atol=1e-3)


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises((ConfigError, UnsupportedLayer)) as caught:
        read_float_model(path, **options)
    return f"{caught.value.message}\n{caught.value.hint}".replace(str(path.parent), "")


def test_all_layers_that_can_not_be_quantized_are_told_at_once(tmp_path: Path) -> None:
    keras = keras_env().keras
    layers = keras.layers
    image = layers.Input((8, 8, 3))
    a = layers.Conv2D(4, 3, padding="same", activation="tanh", name="a")(image)
    b = layers.Conv2D(4, 3, padding="same", groups=2, name="b")(layers.Conv2D(4, 1)(image))
    c = layers.Lambda(lambda t: 2 * t, name="c")(image)
    d = layers.ELU(name="d")(image)
    e = layers.UpSampling2D(3, interpolation="bilinear", name="e")(image)
    one = layers.Conv2D(3, 1, name="one")
    f = one(one(image))
    g = layers.Activation("softmax", name="g")(image)
    h = layers.Conv2DTranspose(3, 3, 2, output_padding=1, name="h")(image)
    i = layers.Conv2D(3, 1, name="i")(image) + 1.5
    added = i.node.layer.name
    parts = [layers.Resizing(8, 8)(t) for t in (a, b, c, d, e, f, g, h, i)]
    model = keras.Model(image, layers.Concatenate()(parts))
    told = refusal(save(model, tmp_path / "m.h5")).splitlines()
    wanted = [
        "layer 'c': Lambda can't be quantized: a Lambda holds code, which is never run: use a "
        "layer of Keras",
        "layer 'one': it is called 2 times, with the same weights: give each call a layer of its "
        "own, with a copy of the weights",
        "layer 'a': activation 'tanh' can't be quantized: use relu, relu6, leaky_relu or "
        "hard_swish, and train it so",
        "layer 'b': a convolution of 2 groups: use groups=1, or DepthwiseConv2D",
        "layer 'd': ELU can't be quantized: use ReLU or LeakyReLU, and train it so",
        "layer 'e': bilinear upsampling by (3, 3): its weights are no short binary fractions: use "
        "a power of two up to 32, or a Conv2DTranspose",
        "layer 'g': softmax in the middle of the network: use ReLU; softmax and sigmoid may be "
        "last, where they are left out",
        "layer 'h': a transposed convolution with dilation or output_padding: use padding='same' "
        "without them, and Cropping2D",
        f"layer '{added}': TFOpLambda can't be quantized: use the layer of Keras that does the "
        "same",
    ]
    lines = [told[0] + ": " + told[1], *told[2:]]
    assert sorted(lines) == sorted(wanted)


def test_a_custom_object_is_refused(keras3: Path) -> None:
    assert refusal(keras3 / "own.keras") == (
        "layer 'twice': class 'Twice' is a custom object of the model's author\n"
        "build the layer of those of Keras; no code and no class of a file is run"
    )


def test_weights_of_another_model_are_refused(keras2: Path, tmp_path: Path) -> None:
    path = tmp_path / "unet.h5"
    path.write_bytes((keras2 / "unet.h5").read_bytes())
    with h5py.File(path, "a") as file:
        group = file["model_weights/wide/wide"]
        del group["kernel:0"]
        group["kernel:0"] = np.zeros((3, 3, 6, 5), np.float32)
        del file["model_weights/down"]
    told = refusal(path)
    assert told == (
        "layer 'down': it has a kernel, a bias, and the file holds none\n"
        "the file's weights are of another model: save the whole model again"
    )
    with h5py.File(path, "a") as file, h5py.File(keras2 / "unet.h5") as whole:
        whole.copy("model_weights/down", file["model_weights"])
    assert refusal(path) == (
        "layer 'wide': its kernel is stored with shape (3, 3, 6, 5), not (3, 3, 5, 6)\n"
        "the file's weights are of another model: save the whole model again"
    )


def test_a_weight_that_is_not_finite_is_refused(keras2: Path, tmp_path: Path) -> None:
    path = tmp_path / "unet.h5"
    path.write_bytes((keras2 / "unet.h5").read_bytes())
    with h5py.File(path, "a") as file:
        file["model_weights/down/down/bias:0"][0] = np.nan
    assert refusal(path) == (
        "/unet.h5: layer 'down': a weight is not finite\n"
        "the training diverged: save the model of an earlier epoch"
    )


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.h5").startswith("/no.h5: there is no such model file")
    (tmp_path / "text.h5").write_text("layers: 3")
    assert refusal(tmp_path / "text.h5").startswith(
        "/text.h5: is neither an HDF5 nor a .keras file"
    )


def test_images_of_another_size_are_refused(keras2: Path) -> None:
    told = refusal(keras2 / "unet.h5", size=(16, 32))
    assert told.splitlines()[0] == (
        f"/unet.h5: the model reads {SIZE[0]} x {SIZE[1]} pixels, the design says 16 x 32"
    )


def test_the_output_that_is_kept_is_named(tmp_path: Path) -> None:
    keras = keras_env().keras
    image = keras.layers.Input((None, None, 3))
    first = keras.layers.Conv2D(2, 1, name="first")(image)
    second = keras.layers.Conv2D(3, 1, name="second")(first)
    path = save(keras.Model(image, [first, second]), tmp_path / "two.h5")
    size = (8, 8)
    assert refusal(path, size=size) == (
        "/two.h5: the model has 2 outputs: first, second\n"
        "name the one that the hardware gives: network.output"
    )
    assert refusal(path, size=size, output="frist") == (
        "/two.h5: the model has no output 'frist'\nnear: 'first'"
    )
    assert [n.name for n in read_float_model(path, size=size, output="first").topology[1:]] == [
        "first"
    ]


def design_of(path: Path, **sections: Any) -> Design:
    height, width = SIZE
    lists = {"train_list": "-", "val_list": "-", "classes": ["a", "b", "c"]}
    content: dict[str, Any] = {
        "name": "mine",
        "dataset": {"kind": "list", "height": height, "width": width, **lists},
        "network": {"kind": "keras", "model": str(path)},
    }
    return Design.model_validate(content | sections)


def test_a_design_of_other_classes_is_refused(keras2: Path) -> None:
    path = keras2 / "unet.h5"
    assert design_topology(design_of(path))[-1].name == "answer"
    with pytest.raises(ConfigError) as caught:
        design_topology(design_of(path), 4)
    assert str(caught.value).replace(str(keras2), "") == (
        "/unet.h5: the model gives 3 scores a pixel, the data set has 4 classes"
    )
    assert caught.value.hint == (
        "one score for each class; or one score for two classes, above 0 for the second"
    )


def test_a_layer_that_is_not_there_is_told_with_the_nearest(keras2: Path) -> None:
    path = keras2 / "unet.h5"
    layers = {"layers": {"sums": {"activation": 6}}}
    design = design_of(path, precision=layers)
    with pytest.raises(ConfigError) as caught:
        wishes(design, design_topology(design))
    assert str(caught.value) == "precision.layers: 'sums' is not a layer of this keras"
    assert caught.value.hint.startswith("nearest: 'sum'")
    design = design_of(path, precision={"layers": {"sum": {"weight": 6}}})
    with pytest.raises(ConfigError) as caught:
        activation_wishes(design, design_topology(design))
    assert str(caught.value) == "precision.layers: layer 'sum' has no weights and no bias"
    assert caught.value.hint == "give its activation only"


def test_only_a_network_of_a_file_needs_no_training(keras2: Path) -> None:
    design = design_of(keras2 / "unet.h5", training="none")
    assert design.training.retrain_epochs == 0
    with pytest.raises(ValueError, match="'none' is for a network of kind keras, whose weights"):
        design_of(keras2 / "unet.h5", training="none", network={"kind": "unet", "filters": [4, 4]})


def test_a_file_is_known_by_what_it_holds(keras2: Path, tmp_path: Path) -> None:
    """A model that moves is the same network; one that changes is another."""
    path = tmp_path / "moved.h5"
    path.write_bytes((keras2 / "unet.h5").read_bytes())
    before = network_identity(design_of(keras2 / "unet.h5").network)
    assert network_identity(design_of(path).network) == before
    with h5py.File(path, "a") as file:
        file["model_weights/down/down/bias:0"][0] = 3
    assert network_identity(design_of(path).network) != before


def test_weights_in_another_file_are_refused(keras2: Path, tmp_path: Path) -> None:
    path = tmp_path / "unet.h5"
    path.write_bytes((keras2 / "unet.h5").read_bytes())
    with h5py.File(path, "a") as file:
        del file["model_weights/down"]
        file["model_weights/down"] = h5py.ExternalLink(str(keras2 / "unet.h5"), "/model_weights")
    assert refusal(path).splitlines()[0] == (
        "/unet.h5: '/model_weights/down' is a link to another file"
    )
