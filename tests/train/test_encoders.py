"""Published encoders: their layers, their weights out of files, and how they are trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from fcn_hw.design import Design, Encoder, Network
from fcn_hw.design_yaml import load_design
from fcn_hw.errors import ConfigError
from fcn_hw.keras_env import keras_env
from fcn_hw.train.datasets.base import DataSet
from fcn_hw.train.design_network import (
    design_topology,
    encoder_names,
    encoder_weights,
    network_identity,
)
from fcn_hw.train.encoder_weights import read_encoder
from fcn_hw.train.encoders import encoder_layers
from fcn_hw.train.networks import build_float, fold_batchnorm
from fcn_hw.train.run import train
from fcn_hw.train.step_sizes import optimizer_of
from fcn_hw.train.topology import AveragePool, Conv, Merge, Pad, Shape, build_topology

SIZE = (64, 96)
V1 = {"kind": "mobilenet_v1", "alpha": 0.125}


def of_keras(kind: str, alpha: float) -> Any:
    """Keras' own model without a top, its normalizations of random statistics."""
    keras, random = keras_env().keras, np.random.default_rng(7)
    make = {
        "mobilenet_v1": keras.applications.MobileNet,
        "mobilenet_v2": keras.applications.MobileNetV2,
    }
    model = make[kind](input_shape=(*SIZE, 3), alpha=alpha, include_top=False, weights=None)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            count = layer.gamma.shape[0]
            layer.set_weights(
                [
                    random.uniform(low, high, count)
                    for low, high in ((0.5, 2), (-1, 1), (-1, 1), (0.2, 1))
                ]
            )
    return model


TAPS = {
    "mobilenet_v1": ("conv_pw_1_relu", "conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_11_relu",
                     "conv_pw_13_relu"),
    "mobilenet_v2": ("expanded_conv_project_BN", "block_2_add", "block_5_add", "block_12_add",
                     "block_16_project_BN"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "alpha", "whole"), [("mobilenet_v1", 0.125, True), ("mobilenet_v2", 0.35, False)]
)
def test_an_encoder_gives_what_that_of_keras_gives(
    kind: str, alpha: float, whole: bool, tmp_path: Path
) -> None:
    theirs, file = of_keras(kind, alpha), tmp_path / "encoder.h5"
    theirs.save(file, include_optimizer=False) if whole else theirs.save_weights(file)
    encoder = Encoder(kind=kind, alpha=alpha, weights=str(file))
    stored = read_encoder(encoder, 3)
    assert set(stored.norms) == set(stored.layers) and not stored.folded
    network = Network(kind="fcn32s", encoder=encoder)
    topology = build_topology(network, Shape(*SIZE, 3), 2, folded=stored.folded)
    ours = build_float(topology, batchnorm=True)
    stored.put_into(ours)
    ours = fold_batchnorm(ours, topology)
    images = np.random.default_rng(3).uniform(-1, 1, (2, *SIZE, 3)).astype(np.float32)
    keras, taps = keras_env().keras, encoder_layers(encoder).taps
    names = {layer.name for layer in ours.layers}
    found = keras.Model(
        ours.input,
        [ours.get_layer(n + ("_act" if n + "_act" in names else "")).output for n in taps.values()],
    )(images)
    wanted = keras.Model(theirs.input, [theirs.get_layer(n).output for n in TAPS[kind]])(images)
    for stage, mine, other in zip(taps, found, wanted, strict=True):
        assert mine.shape[1:3] == (SIZE[0] >> stage, SIZE[1] >> stage)
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-4)


def test_squeezenet_has_the_published_values_and_taps() -> None:
    found = encoder_layers(Encoder(kind="squeezenet"))
    topology = build_topology(
        Network(kind="fcn8s", encoder={"kind": "squeezenet"}), Shape(64, 96, 3), 2
    )
    shapes = {node.name: node.shape for node in topology}
    assert {stage: shapes[name] for stage, name in found.taps.items()} == {
        1: Shape(32, 48, 64), 2: Shape(16, 24, 128), 3: Shape(8, 12, 256), 4: Shape(4, 6, 512),
    }  # fmt: skip
    assert [n for n in shapes if n.startswith("score")] == [
        "score_fr", "score_pool3", "score_pool2",
    ]  # fmt: skip


def test_weights_of_odd_sizes_are_padded_before() -> None:
    encoder = {**V1, "padding": "before"}
    topology = build_topology(Network(kind="fcn32s", encoder=encoder), Shape(32, 47, 3), 2)
    pad = next(node for node in topology if isinstance(node, Pad))
    conv = next(node for node in topology if isinstance(node, Conv))
    assert pad == Pad("conv1_pad", "image", Shape(33, 49, 3), 1, 1)
    assert (conv.source, conv.padding, conv.shape) == ("conv1_pad", "valid", Shape(16, 24, 4))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"kind": "fcn8s"}, "give filters, the channels of each stage, or an encoder"),
        ({"kind": "fcn8s", "filters": [2, 2], "encoder": V1}, "leave filters out"),
        ({"kind": "cnn", "encoder": V1}, "not for a cnn"),
        (
            {"kind": "unet", "encoder": V1, "convs_per_stage": [1, 1]},
            "with an encoder, convs_per_stage is one number, of U-Net's decoder",
        ),
        ({"kind": "fcn8s", "encoder": {"kind": "squeezenet", "alpha": 0.5}}, "has no alpha"),
        (
            {"kind": "fcn8s", "encoder": {**V1, "divisible_by": 1}},
            "mobilenet_v1 has no divisible_by",
        ),
        (
            {"kind": "fcn8s", "encoder": {"kind": "squeezenet", "output_stride": 16}},
            "squeezenet has no output_stride",
        ),
        ({"kind": "fcn8s", "encoder": {**V1, "head": {"fc6": "a"}}}, "give weights, too"),
        (
            {"kind": "fcn8s", "encoder": {**V1, "weights": "a.npz", "scores": [1]}},
            "give head.score_fr, too",
        ),
        ({"kind": "fcn8s", "encoder": V1, "head_pooling": True}, "head_pooling is for fcn32s"),
    ],
)
def test_impossible_encoders(network: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        Network.model_validate(network)


@pytest.mark.parametrize("output_stride", [8, 16])
def test_a_dilated_encoder_sees_what_the_strided_one_sees(output_stride: int) -> None:
    keras, encoder = keras_env().keras, {**V1, "padding": "before"}
    models = []
    for stride in (32, output_stride):
        network = Network(kind="fcn32s", encoder={**encoder, "output_stride": stride})
        taps = encoder_layers(network.encoder).taps
        model = build_float(build_topology(network, Shape(*SIZE, 3), 2), batchnorm=False)
        models.append(keras.Model(model.input, model.get_layer("conv_pw_13_act").output))
        assert taps[max(taps)] == "conv_pw_13" and 2 ** max(taps) == stride
    models[1].set_weights(models[0].get_weights())
    images = np.random.default_rng(3).uniform(0, 1, (2, *SIZE, 3)).astype(np.float32)
    strided, dilated = (model(images).numpy() for model in models)
    step = 32 // output_stride
    assert np.any(strided) and dilated.shape[1:3] == tuple(size // output_stride for size in SIZE)
    np.testing.assert_allclose(dilated[:, ::step, ::step], strided, rtol=1e-4, atol=1e-6)


# -- files -----------------------------------------------------------------------------------------


@pytest.fixture
def arrays() -> dict[str, Any]:
    """Random weights of a mobilenet_v1, normalizations apart, as an archive names them."""
    random, found, wide = np.random.default_rng(5), {}, 3
    for layer in encoder_layers(Encoder(**V1)).convolutions:
        kernel = "depthwise_kernel" if layer.depthwise else "kernel"
        size = (layer.kernel, layer.kernel, wide, 1 if layer.depthwise else layer.filters)
        wide = layer.filters
        found[f"{layer.name}/{kernel}"] = random.normal(0, 0.3, size).astype(np.float32)
        for what in ("gamma", "beta", "moving_mean", "moving_variance"):
            values = random.uniform(0.5, 1.5, wide).astype(np.float32)
            found[f"{layer.name}_bn/{what}"] = values
    return found


def saved(folder: Path, arrays: dict[str, Any]) -> Encoder:
    np.savez(folder / "e.npz", **arrays)
    return Encoder(**V1, weights=str(folder / "e.npz"))


def refused(encoder: Encoder, channels: int = 3) -> str:
    with pytest.raises(ConfigError) as caught:
        read_encoder(encoder, channels)
    assert caught.value.hint
    assert encoder.weights is not None
    return caught.value.message.removeprefix(encoder.weights)


def test_channels_of_weights_for_blue_green_red_are_turned(
    arrays: dict[str, Any], tmp_path: Path
) -> None:
    encoder = saved(tmp_path, arrays)
    turned = read_encoder(encoder.model_copy(update={"channel_order": "bgr"}), 3)
    plain = read_encoder(encoder, 3)
    assert (turned.layers["conv1"][0] == arrays["conv1/kernel"][:, :, ::-1]).all()
    assert (plain.layers["conv1"][0] == arrays["conv1/kernel"]).all()
    assert (turned.layers["conv_dw_1"][0] == plain.layers["conv_dw_1"][0]).all()


def test_folded_weights_have_no_normalization(arrays: dict[str, Any], tmp_path: Path) -> None:
    arrays = {name: array for name, array in arrays.items() if "conv_pw_3_bn" not in name}
    arrays["conv_pw_3/bias"] = np.arange(16, dtype=np.float32)
    arrays["conv_dw_2/bias"] = np.full(8, 0.25, np.float32)
    stored = read_encoder(saved(tmp_path, arrays), 3)
    assert "conv_pw_3" not in stored.norms and len(stored.norms) == 26
    assert (stored.layers["conv_pw_3"][1] == np.arange(16)).all()
    # a bias in front of a normalization belongs to its mean
    assert len(stored.layers["conv_dw_2"]) == 1
    assert (stored.norms["conv_dw_2"][2] == arrays["conv_dw_2_bn/moving_mean"] - 0.25).all()


def test_wrong_files_of_weights(arrays: dict[str, Any], tmp_path: Path) -> None:
    encoder = saved(tmp_path, arrays)
    assert refused(encoder, 1) == (
        ": layer 'conv1' has a kernel of shape (3, 3, 3, 4), mobilenet_v1 of alpha 0.125 has "
        "(3, 3, 1, 4)"
    )
    assert refused(encoder.model_copy(update={"alpha": 0.25})) == (
        ": layer 'conv1' has a kernel of shape (3, 3, 3, 4), mobilenet_v1 of alpha 0.25 has "
        "(3, 3, 3, 8)"
    )
    assert refused(Encoder(kind="squeezenet", weights=encoder.weights)) == (
        ": squeezenet has layers 'fire2/squeeze1x1', 'fire2/expand1x1', 'fire2/expand3x3' and 21 "
        "more, and the file has none of that name"
    )
    lost = {name: array for name, array in arrays.items() if not name.startswith("conv_pw_7/")}
    assert refused(saved(tmp_path, lost)) == (
        ": mobilenet_v1 has layer 'conv_pw_7', and the file has none of that name"
    )
    lost = {name: array for name, array in arrays.items() if "conv_pw_7_bn" not in name}
    assert refused(saved(tmp_path, lost)) == (
        ": layer 'conv_pw_7' has neither a bias nor a normalization behind it"
    )
    lost = {name: array for name, array in arrays.items() if name != "conv_pw_7_bn/beta"}
    assert refused(saved(tmp_path, lost)) == (
        ": layer 'conv_pw_7_bn' has no beta; it has gamma, moving_mean, moving_variance"
    )
    bad = np.full_like(arrays["conv_pw_7_bn/beta"], np.nan)
    assert refused(saved(tmp_path, {**arrays, "conv_pw_7_bn/beta": bad})) == (
        ": layer 'conv_pw_7_bn': a value of its beta is not finite"
    )
    assert refused(saved(tmp_path, {**arrays, "conv1/kernel": np.ones(3, int)})) == (
        ": 'conv1/kernel' holds no real numbers"
    )
    damaged = ": the archive of arrays is damaged, or holds objects that are none"
    objects = np.array([Path("x")], dtype=object)
    assert refused(saved(tmp_path, {**arrays, "conv1/kernel": objects})) == damaged
    Path(str(encoder.weights)).write_bytes(b"PK")
    assert refused(encoder) == damaged


def test_files_that_hold_no_weights(tmp_path: Path) -> None:
    def named(name: str) -> Encoder:
        return Encoder(**V1, weights=str(tmp_path / name))

    assert refused(named("e.npz")) == ": there is no such file of weights"
    (tmp_path / "e.pt").write_bytes(b"")
    assert refused(named("e.pt")) == ": weights of an encoder are in a file .npz or .h5"
    (tmp_path / "e.h5").write_bytes(b"\x89HDF")
    assert refused(named("e.h5")) == ": the HDF5 file is damaged or cut short"


HEAD = {
    "kind": "fcn16s", "kernel": 1, "head_filters": 5, "head_pooling": True,
    "upsampling": "bilinear",
}  # fmt: skip


def with_head(arrays: dict[str, Any], folder: Path, **changes: Any) -> Design:
    """A design whose file holds a head of four classes, behind the encoder of ``arrays``."""
    random = np.random.default_rng(9)
    shapes = {"near": (1, 1, 128, 5), "far": (1, 1, 128, 5), "both": (1, 1, 10, 5),
              "four": (1, 1, 5, 4)}  # fmt: skip
    for name, shape in shapes.items():
        arrays[f"{name}/kernel"] = random.normal(0, 1, shape).astype(np.float32)
        arrays[f"{name}/bias"] = random.normal(0, 1, shape[3:]).astype(np.float32)
    head = {"fc6": "near", "fc6_mean": "far", "fc7": "both", "score_fr": "four"}
    encoder = {**saved(folder, arrays).model_dump(), "head": head, "scores": [3, 0]}
    return Design.model_validate(
        {
            "name": "headed",
            "dataset": {
                "kind": "voc", "height": 64, "width": 96, "classes": ["background", "cat"],
            },
            "network": {**HEAD, "encoder": {**encoder, **changes}},
            "precision": {"default": {"weight": 4, "activation": 4}},
        }
    )  # fmt: skip


def test_a_head_begins_with_that_of_the_file(arrays: dict[str, Any], tmp_path: Path) -> None:
    design = with_head(arrays, tmp_path)
    topology, stored = design_topology(design), encoder_weights(design)
    assert stored is not None
    nodes = {node.name: node for node in topology}
    assert nodes["mean"] == AveragePool("mean", "conv_pw_13", Shape(1, 1, 128), (2, 3), (2, 3))
    assert nodes["up_mean"].shape == Shape(2, 3, 5)
    assert nodes["join_mean"] == Merge("join_mean", ("up_mean", "fc6"), Shape(2, 3, 10), "concat")
    model = build_float(topology, batchnorm=True)
    stored.put_into(model)
    for name, source in (("fc6", "near"), ("fc6_mean", "far"), ("fc7", "both")):
        kernel, bias = model.get_layer(name).get_weights()  # no normalization stands behind it
        assert np.array_equal(kernel, arrays[f"{source}/kernel"])
        assert np.array_equal(bias, arrays[f"{source}/bias"])
    kernel, bias = model.get_layer("score_fr").get_weights()
    assert np.array_equal(kernel, arrays["four/kernel"][..., [3, 0]])
    assert np.array_equal(bias, arrays["four/bias"][[3, 0]])
    assert not any(np.any(array) for array in model.get_layer("score_pool4").get_weights())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"head": {"fc6": "nearer"}},
         "{file}: network.encoder.head takes 'fc6' from layer 'nearer', and the file has none of "
         "that name"),
        ({"head": {"fc8": "near"}}, "network.encoder.head: 'fc8' is not a convolution of the head"),
        ({"head": {"conv1": "near"}},
         "network.encoder.head: 'conv1' is not a convolution of the head"),
        ({"head": {"fc7": "near"}},
         "network.encoder.head: 'fc7' has a kernel of shape (1, 1, 10, 5), the file's layer for it "
         "has (1, 1, 128, 5)"),
        ({"scores": None},
         "network.encoder.head: 'score_fr' has a kernel of shape (1, 1, 5, 2), the file's layer "
         "for it has (1, 1, 5, 4)"),
        ({"scores": [0, 4]},
         "network.encoder.scores: layer 'four' of {file} has 4 filters, there is no filter 4"),
        ({"head": {"fc6": "conv_dw_1"}}, "{file}: layer 'conv_dw_1' has no kernel; it has "
         "depthwise_kernel"),
    ],
)  # fmt: skip
def test_a_head_that_does_not_fit(
    arrays: dict[str, Any], tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    if "head" in changes:
        changes = {**changes, "scores": None}
    with pytest.raises(ConfigError) as caught:
        design_topology(with_head(arrays, tmp_path, **changes))
    assert caught.value.message == expected.format(file=tmp_path / "e.npz")
    assert caught.value.hint


@pytest.mark.parametrize(("kernel", "bias"), [((1, 1, 5, 3), (4,)), ((5, 4), (4,)), ((), ())])
def test_a_head_of_damaged_weights(
    arrays: dict[str, Any], tmp_path: Path, kernel: tuple[int, ...], bias: tuple[int, ...]
) -> None:
    design = with_head(arrays, tmp_path)
    arrays["four/kernel"], arrays["four/bias"] = (
        np.zeros(shape, np.float32) for shape in (kernel, bias)
    )
    encoder = saved(tmp_path, arrays)
    with pytest.raises(ConfigError) as caught:
        design_topology(design)
    assert caught.value.message == (
        f"{encoder.weights}: layer 'four' has a kernel of shape {kernel} and a bias of shape "
        f"{bias}, which is no convolution"
    )


def test_an_encoder_with_too_few_maps() -> None:
    encoder = {**V1, "output_stride": 8}
    network = Network(kind="fcn8s", encoder=encoder, head_filters=4, head_skip=True)
    with pytest.raises(ConfigError) as caught:
        build_topology(network, Shape(*SIZE, 3), 2)
    assert caught.value.message == (
        "network.encoder: fcn8s with head_skip needs at least 4 maps, has 3"
    )
    fewer = build_topology(network.model_copy(update={"head_skip": False}), Shape(*SIZE, 3), 2)
    assert fewer[-1].shape == Shape(*SIZE, 2)


# -- training --------------------------------------------------------------------------------------


def test_a_part_of_a_network_learns_slower_or_not() -> None:
    env = keras_env()
    steps = {}
    for rate in (1.0, 0.25, 0.0):
        env.keras.utils.set_random_seed(2)
        layers = env.keras.layers
        image = layers.Input((4, 4, 3))
        model = env.keras.Model(
            image, layers.Conv2D(2, 1, name="head")(
                layers.BatchNormalization(name="part_bn")(layers.Conv2D(2, 1, name="part")(image))
            ),
        )  # fmt: skip
        optimizer = optimizer_of(model, ["part"], rate)
        optimizer.learning_rate.assign(0.01)
        before = {layer.name: layer.get_weights() for layer in model.layers}
        with env.tf.GradientTape() as tape:
            loss = env.tf.reduce_sum(model(env.tf.ones((1, 4, 4, 3)), training=True) ** 2)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        steps[rate] = {
            layer.name: [
                n - o for n, o in zip(layer.get_weights(), before[layer.name], strict=True)
            ]
            for layer in model.layers
        }
    assert all(np.all(array == 0) for name in ("part", "part_bn") for array in steps[0.0][name])
    np.testing.assert_allclose(
        steps[0.25]["part_bn"][1], 0.25 * steps[1.0]["part_bn"][1], rtol=1e-4
    )  # beta
    np.testing.assert_array_equal(steps[0.25]["head"][1], steps[1.0]["head"][1])
    assert np.any(steps[1.0]["head"][1]) and np.any(steps[1.0]["part_bn"][1])


def test_steps_may_be_relative_to_the_weights_of_a_filter() -> None:
    env = keras_env()
    layers, random = env.keras.layers, np.random.default_rng(5)
    image = layers.Input((6, 6, 3))
    tensor = layers.DepthwiseConv2D(3, name="depthwise")(layers.Conv2D(4, 3, name="conv")(image))
    model = env.keras.Model(image, layers.Conv2DTranspose(2, 2, name="transposed")(tensor))
    axes = {"conv": (0, 1, 2), "depthwise": (0, 1), "transposed": (0, 1, 3)}
    for name, summed in axes.items():
        layer = model.get_layer(name)
        kernel, bias = layer.get_weights()
        filters = np.sum(kernel, axis=summed, keepdims=True).shape
        kernel = random.choice([-1, 1], kernel.shape) * random.uniform(0.1, 9, filters)
        layer.set_weights([kernel, random.choice([-2.0, 2.0], bias.shape)])
    before = {name: model.get_layer(name).get_weights() for name in axes}
    optimizer = optimizer_of(model, [], 1.0, relative=True)
    optimizer.learning_rate.assign(0.01)
    variables = model.trainable_variables
    gradients = [env.tf.ones_like(variable) for variable in variables]
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    for name in axes:  # the first step of Adam is the rate, whatever the gradient is
        for new, old in zip(model.get_layer(name).get_weights(), before[name], strict=True):
            np.testing.assert_allclose(old - new, 0.01 * np.abs(old), rtol=1e-3)


@pytest.mark.slow
def test_the_head_is_trained_first(
    arrays: dict[str, Any], squares: DataSet, tiny_design: Callable[..., Design], tmp_path: Path
) -> None:
    encoder = saved(tmp_path, arrays)
    settings = {
        "batch_size": 4, "head_epochs": 1, "float_epochs": 1, "retrain_epochs": 0,
        "encoder_rate": 0.5, "calibration_images": 4,
    }  # fmt: skip
    network = {"kind": "fcn16s", "encoder": encoder.model_dump()}
    design = tiny_design(network=network, training=settings)
    assert len(encoder_names(design)) == 27
    result = train(design, squares, tmp_path / "model", progress=False)
    assert result.epochs == {"head": 1, "float": 1, "retrain": 0}

    def kernels(phase: str) -> list[Any]:
        with np.load(tmp_path / "model" / "checkpoints" / f"{phase}.npz") as file:
            found = [file[name] for name in file if name.startswith("weights_")]
        return [array for array in found if array.shape == (3, 3, 3, 4)]

    assert np.array_equal(kernels("head"), [arrays["conv1/kernel"]])
    assert not np.array_equal(kernels("float"), [arrays["conv1/kernel"]])
    with pytest.raises(ValidationError, match="are for a network with an encoder"):
        tiny_design(training=settings)


def test_a_network_is_the_same_wherever_its_weights_lie(
    arrays: dict[str, Any], tmp_path: Path
) -> None:
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        encoder = saved(tmp_path / name, arrays)
        found.append(network_identity(Network(kind="fcn8s", encoder=encoder)))
    assert found[0] == found[1]
    arrays["conv1/kernel"] = arrays["conv1/kernel"] + 1
    changed = saved(tmp_path / "b", arrays)
    assert network_identity(Network(kind="fcn8s", encoder=changed)) != found[0]


def test_weights_lie_beside_the_design_or_in_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, data = tmp_path / "design", tmp_path / "data"
    for path in (folder, data):
        path.mkdir()
    (folder / "design.yaml").write_text(
        "name: d\ndataset: {kind: digit_scenes}\n"
        "network: {kind: fcn8s, encoder: {kind: squeezenet, weights: e.npz}}\n"
    )

    def found() -> str | None:
        network = load_design(folder / "design.yaml").network
        assert isinstance(network, Network)
        assert network.encoder is not None
        return network.encoder.weights

    monkeypatch.delenv("FCN_HW_DATA", raising=False)
    assert found() == str(folder / "e.npz")
    monkeypatch.setenv("FCN_HW_DATA", str(data))
    assert found() == str(folder / "e.npz")  # it is nowhere: that is where it is asked for
    (data / "e.npz").touch()
    assert found() == str(data / "e.npz")
    (folder / "e.npz").touch()
    assert found() == str(folder / "e.npz")
