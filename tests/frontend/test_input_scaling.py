"""Inputs that are bytes times a scale plus an offset: the graph reads the bytes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from float_models import Kit

from fcn_hw.errors import ConfigError, UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.probe import layer_values
from fcn_hw.frontend.proofs import Status, statuses
from fcn_hw.frontend.qkeras import Export, export
from fcn_hw.frontend.rational import integer_affine
from fcn_hw.intervals import Interval
from fcn_hw.ir import Graph
from fcn_hw.ops.batch_norm import BatchNorm
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate
from fcn_hw.scaling import Scaling, scaling_of, step_scaling

BYTES = parse_format("ufixed<8,0>")
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PER_255 = Scaling((Fraction(1, 255),))
SIGNED = Scaling((Fraction(2, 255),), (Fraction(-1),))
CAFFE = Scaling((Fraction(1),), tuple(Fraction(f"-{mean}") for mean in (103.939, 116.779, 123.68)))
IMAGENET = Scaling(
    tuple(1 / Fraction(str(d)) / 255 for d in DEVIATION),
    tuple(-Fraction(str(m)) / Fraction(str(d)) for m, d in zip(MEAN, DEVIATION, strict=True)),
)

Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit((16, 16, 3))


def every_byte(channels: int = 3) -> npt.NDArray[np.int64]:
    """Frames in which each channel holds every byte once, and the ends, the border too."""
    rng = np.random.default_rng(4)
    frames = [
        np.stack([rng.permutation(256).reshape(16, 16) for _ in range(channels)], axis=-1)
        for _ in range(3)
    ]
    return np.stack([*frames, np.zeros_like(frames[0]), np.full_like(frames[0], 255)])


def check(model: Any, scaling: Scaling | None, given: Callable[[Floats], Floats]) -> Export:
    """The graph of bytes has the codes of the model of floats, before and after the passes.

    Args:
        given: what the user makes of the bytes, in float32 as users do.
    """
    exported = export(model, BYTES, scaling=scaling)
    codes = every_byte(model.input_shape[-1])
    expected = np.asarray(model.predict(given(codes.astype(np.float32)), verbose=0))
    for graph in (exported.graph, run_passes(exported.graph)):
        assert graph.inputs[0].output.format.width == 8
        found = evaluate(graph, {"image": codes})[graph.outputs[0]]
        step = graph.tensor(graph.outputs[0]).format.step
        assert np.array_equal(found * step, expected)
        assert len(np.unique(found)) > 1
    return exported


def status_of(exported: Export) -> Status:
    """Of the last op that is a layer's."""
    return list(statuses(exported.graph, exported.proofs).values())[-1]


QUANTIZED: dict[str, tuple[Scaling, Callable[[Floats], Floats], tuple[int, int]]] = {
    "byte / 255": (PER_255, lambda x: x / 255, (8, 0)),
    "-1 to 1": (SIGNED, lambda x: x / np.float32(127.5) - 1, (8, 0)),
    "1 - byte / 255": (
        Scaling((Fraction(-1, 255),), (Fraction(1),)), lambda x: 1 - x / 255, (7, 0),
    ),
    "mean and deviation": (
        IMAGENET, lambda x: (x / 255 - np.float32(MEAN)) / np.float32(DEVIATION), (8, 2),
    ),
    "one bit": (SIGNED, lambda x: x / np.float32(127.5) - 1, (1, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", QUANTIZED)
def test_scaled_bytes_behind_a_quantizer(kit: Kit, name: str) -> None:
    scaling, given, (bits, integer) = QUANTIZED[name]
    quantizer = kit.q.QActivation(kit.bits(bits, integer))
    exported = check(kit.model(quantizer), scaling, given)
    assert status_of(exported) is Status.PROVED
    padded = check(kit.model(lambda x: kit.act()(kit.conv()(quantizer(x)))), scaling, given)
    assert status_of(padded) is Status.EXACT


STRAIGHT: dict[str, tuple[Scaling, Callable[[Floats], Floats], int]] = {
    "byte / 255": (PER_255, lambda x: x / 255, 0),
    "-1 to 1": (SIGNED, lambda x: x / np.float32(127.5) - 1, 1),
    "byte - 127.5": (Scaling((Fraction(1),), (Fraction(-255, 2),)), lambda x: x - 127.5, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", STRAIGHT)
@pytest.mark.parametrize("layer", ["same", "strided", "padded", "depthwise", "pooled", "cropped"])
def test_scaled_bytes_straight_into_a_convolution(kit: Kit, name: str, layer: str) -> None:
    """No quantizer between: the border is 0 of the model's numbers, not code 0."""
    scaling, given, norms = STRAIGHT[name]
    layers = kit.layers
    build: Callable[[Any], Any] = {
        "same": kit.conv(),
        "strided": kit.conv(5, 3, strides=2, use_bias=False),
        "padded": lambda x: kit.conv(padding="valid")(layers.ZeroPadding2D(((2, 0), (1, 3)))(x)),
        "depthwise": kit.q.QDepthwiseConv2D(
            3, padding="same", depthwise_quantizer=kit.bits(), bias_quantizer=kit.bits(8)
        ),
        "pooled": lambda x: kit.conv()(layers.MaxPooling2D(3, 2, padding="same")(x)),
        "cropped": lambda x: kit.conv()(layers.Cropping2D(((1, 2), (0, 3)))(x)),
    }[layer]
    act = kit.act(5, 9 if scaling.scale[0] == 1 else 2)
    exported = check(kit.model(lambda x: act(build(x))), scaling, given)
    assert status_of(exported) is (Status.EXACT if scaling.scale[0] == 1 else Status.PROVED)
    assert sum(isinstance(op, BatchNorm) for op in exported.graph.ops) >= norms
    padding = [op for op in exported.graph.ops if isinstance(op, Conv2D)]
    assert padding or layer == "depthwise"


def test_mean_and_deviation_straight_into_a_convolution_is_measured(kit: Kit) -> None:
    """Three scales have no short integers in common: 18 bits stand for them, and it says so."""
    model = kit.model(lambda x: kit.act()(kit.conv(name="conv")(x)))
    exported = export(model, BYTES, scaling=IMAGENET)
    assert status_of(exported) is Status.MEASURED
    (proof,) = [proof for proof in exported.proofs if not proof.proved]
    assert (proof.layer, proof.op) == ("image", "image_scaled")
    assert "rounded to the stated format fixed<18," in proof.text
    # the op that stands for it is in front of the padding
    conv = exported.graph["conv"]
    assert isinstance(conv, Conv2D)
    assert (conv.inputs, conv.padding.top) == (("image_scaled",), 1)
    codes = every_byte()
    given = (codes.astype(np.float32) / 255 - np.float32(MEAN)) / np.float32(DEVIATION)
    expected = np.asarray(model.predict(given, verbose=0))
    found = evaluate(exported.graph, {"image": codes})[exported.graph.outputs[0]]
    off = np.abs(found * exported.graph.tensor(exported.graph.outputs[0]).format.step - expected)
    assert np.mean(off > 0) < 0.005


def test_a_mean_in_thousandths_straight_into_a_convolution(kit: Kit) -> None:
    """19 bits hold it exactly; float32 itself rounds more than a step of such sums."""
    model = kit.model(lambda x: kit.act(4, 10)(kit.conv(name="conv")(x)))
    exported = export(model, BYTES, scaling=CAFFE)
    assert status_of(exported) is Status.MEASURED
    scaled = exported.graph["image_scaled"]
    assert isinstance(scaled, BatchNorm)
    assert scaled.output.format.width == 19
    assert scaled.scale.codes.tolist() == [1000, 1000, 1000]
    assert scaled.bias.codes.tolist() == [-103939, -116779, -123680]
    codes = every_byte()
    exact = codes * 1000 + scaled.bias.codes
    assert np.array_equal(evaluate(exported.graph, {"image": codes})["image_scaled"], exact)


def test_quantizer_alpha_and_scale_meet(kit: Kit) -> None:
    conv = kit.conv(kernel_quantizer=kit.bits(4, 0, alpha=0.37), bias_quantizer=kit.bits(6, 1))
    exported = check(kit.model(lambda x: kit.act(4, 2)(conv(x))), PER_255, lambda x: x / 255)
    assert status_of(exported) is Status.PROVED


KERAS: dict[str, Callable[[Kit], Any]] = {
    "Rescaling": lambda k: k.layers.Rescaling(1 / 255),
    "Rescaling with offset": lambda k: k.layers.Rescaling(1 / 127.5, offset=-1),
    "Rescaling by channel": lambda k: k.layers.Rescaling(
        [0.5 / 255, 1 / 255, 2 / 255], [-1.0, 0.0, 0.25]
    ),
    "Normalization": lambda k: k.layers.Normalization(
        mean=[255 * m for m in MEAN], variance=[(255 * d) ** 2 for d in DEVIATION]
    ),
    "Normalization of all channels": lambda k: k.layers.Normalization(
        axis=None, mean=120.0, variance=3000.0
    ),
    "Normalization inverted": lambda k: k.layers.Normalization(
        mean=-0.5, variance=1e-5, invert=True
    ),
}


@pytest.mark.parametrize("name", KERAS)
def test_keras_layers_in_front(kit: Kit, name: str) -> None:
    one = scaling_of(BYTES, 1, None)
    quantizer = kit.q.QActivation(kit.bits(8, 1))
    exported = check(
        kit.model(lambda x: kit.act()(kit.conv()(quantizer(KERAS[name](kit)(x))))), one, lambda x: x
    )
    assert status_of(exported) is Status.EXACT
    assert not any("--input-scale" in note for note in exported.notes)


def test_rescaling_straight_into_a_convolution(kit: Kit) -> None:
    model = kit.model(
        lambda x: kit.act(5, 2)(kit.conv()(kit.layers.Rescaling(1 / 127.5, offset=-1)(x)))
    )
    exported = check(model, scaling_of(BYTES, 1, None), lambda x: x)
    assert status_of(exported) is Status.PROVED
    (norm,) = [op for op in exported.graph.ops if isinstance(op, BatchNorm)][:1]
    assert norm.scale.codes.tolist() == [2, 2, 2]
    assert norm.bias.codes.tolist() == [-255, -255, -255]
    # what reads the graph tells what the first layer was given
    assert exported.graph.inputs[0].scaling == SIGNED


def test_adapted_normalization_from_a_file(kit: Kit, tmp_path: Any) -> None:
    from fcn_hw.frontend.model_file import load_model

    layer = kit.layers.Normalization()
    layer.adapt(np.random.default_rng(2).normal((90, 120, 140), (40, 60, 20), (50, 4, 4, 3)))
    quantizer = kit.q.QActivation(kit.bits(8, 2))
    kit.model(lambda x: quantizer(layer(x))).save(tmp_path / "m.h5")
    check(load_model(tmp_path / "m.h5"), scaling_of(BYTES, 1, None), lambda x: x)


def test_a_layer_for_bytes_on_scaled_codes_is_told(kit: Kit) -> None:
    model = kit.model(
        lambda x: kit.q.QActivation(kit.bits(8, 0))(kit.layers.Rescaling(1 / 255, name="front")(x))
    )
    assert export(model, BYTES, output_kind="scores").notes == (
        "layer 'front': it reads code * 1/256; if it was trained on whole bytes, "
        "give --input-scale 1",
    )


def test_a_power_of_two_is_a_binary_point(kit: Kit) -> None:
    model = kit.model(lambda x: kit.act(4, 9)(kit.conv(name="conv")(x)))
    exported = check(model, scaling_of(BYTES, 1, None), lambda x: x)
    assert status_of(exported) is Status.EXACT
    (image,) = exported.graph.inputs
    assert (str(image.output.format), image.scaling) == ("ufixed<8,8>", None)
    assert Scaling((Fraction(3),)).power_of_two is None
    assert Scaling((Fraction(-1, 2),)).power_of_two is None
    assert Scaling((Fraction(1, 2),), (Fraction(1),)).power_of_two is None
    assert Scaling((Fraction(1, 2), Fraction(1))).power_of_two is None
    assert [Scaling((Fraction(2) ** n,)).power_of_two for n in (-9, 0, 5)] == [-9, 0, 5]


def test_what_the_model_is_given(kit: Kit) -> None:
    """The values that QKeras is run on are those of the scaling, not of the format."""
    model = kit.model(kit.q.QActivation(kit.bits(8, 0, keep_negative=False)))
    graph = export(model, BYTES, scaling=PER_255).graph
    codes = every_byte()
    ((name, values),) = layer_values(model, graph, {"image": codes}, [graph.outputs[0]], PER_255)
    assert name == graph.outputs[0]
    assert np.array_equal(values, np.minimum(np.rint(codes * 256 / 255), 255))


# -- refusals ------------------------------------------------------------------------------------


def test_refusals(kit: Kit) -> None:
    front = kit.layers.Normalization(axis=(1, 2, 3), name="front")
    model = kit.model(lambda x: kit.act()(front(x)))
    with pytest.raises(UnsupportedLayer) as caught:
        export(model, BYTES)
    assert caught.value.message == (
        "layer 'front': mean of shape (1, 16, 16, 3) is not one number, or one for each of "
        "3 channels"
    )
    assert caught.value.hint == "use axis=-1 or one number"
    front = kit.layers.Rescaling(float("nan"), name="front")
    with pytest.raises(UnsupportedLayer) as caught:
        export(kit.model(lambda x: kit.act()(front(x))), BYTES)
    assert caught.value.message == "layer 'front': its scale holds values that are not finite"
    with pytest.raises(UnsupportedLayer) as caught:
        export(Kit((16, 16, 1)).model(kit.act()), BYTES, scaling=IMAGENET)
    assert caught.value.message == ("layer 'image': its 1 channels have 3 input scales or offsets")
    assert caught.value.hint == "give one scale and one offset, or one for each channel"


@pytest.mark.parametrize(
    ("scale", "offset", "message"),
    [
        ("x", None, "--input-scale: 'x' is no number"),
        ("", None, "--input-scale: '' is no number"),
        ([], None, "--input-scale: there is no value"),
        (True, None, "--input-scale: 'True' is no number"),
        ("1/0", None, "--input-scale: '1/0' is no number"),
        ("nan", None, "--input-scale: 'nan' is no number"),
        ("1e30", None, "--input-scale: '1e30' is no number"),
        ("1e999999999", None, "--input-scale: '1e999999999' is no number"),
        ("1" * 101, None, f"--input-scale: '{'1' * 40}...' is no number"),
        ("0,1,1", None, "--input-scale: 0 leaves nothing of a code"),
        (None, "a", "--input-offset: 'a' is no number"),
        ("1,2", "1,2,3", "--input-scale has 2 values and --input-offset has 3"),
    ],
)
def test_numbers_that_are_none(scale: Any, offset: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        scaling_of(BYTES, scale, offset)
    assert caught.value.message == message
    assert "1/255" in caught.value.hint


def test_numbers() -> None:
    assert scaling_of(BYTES, "1/255", None) == PER_255
    assert scaling_of(BYTES, "1/255,1/255,1/255", "0") == PER_255
    assert scaling_of(BYTES, "1/127.5", -1) == SIGNED
    assert scaling_of(BYTES, 0.00390625, None) is None  # what the format says
    assert scaling_of(BYTES, None, None) is None
    assert scaling_of(BYTES, None, "-0.5") == Scaling((Fraction(1, 256),), (Fraction(-1, 2),))
    assert scaling_of(BYTES, "1/255/0.229,1/255/0.224,1/255/0.225",
                      "-0.485/0.229,-0.456/0.224,-0.406/0.225") == IMAGENET  # fmt: skip
    assert str(SIGNED) == "code * 2/255 - 1"
    assert str(Scaling((Fraction(1, 2), Fraction(1, 3)))) == "code * (1/2, 1/3)"
    assert str(step_scaling(BYTES)) == "code * 1/256"
    values = PER_255.values(np.arange(256)[:, None])
    assert values.dtype == np.float32
    assert np.array_equal(values[:, 0], np.arange(256, dtype=np.float32) / 255)


def test_integers_times_a_factor() -> None:
    domain = Interval(0, 255, 0)
    found = integer_affine(np.array([2 / 255] * 2), np.array([-1.0, 0.5]), domain)
    assert found is not None
    assert (found.scale.tolist(), found.bias.tolist()) == ([4, 4], [-510, 255])
    assert found.factor == pytest.approx(1 / 510, rel=1e-15)
    falling = integer_affine(np.array([-0.3]), np.array([0.0]), domain)
    assert falling is not None
    assert (falling.factor, falling.scale.tolist()) == (0.3, [-1])
    assert integer_affine(np.array([1.0, 2**0.5]), np.zeros(2), domain) is None
    assert integer_affine(np.array([0.0, 1.0]), np.zeros(2), domain) is None
    assert integer_affine(np.array([1.0, 1 / 4095]), np.zeros(2), domain) is None  # 20 bits


def test_graph_on_disk_keeps_the_scaling(kit: Kit, tmp_path: Any) -> None:
    from fcn_hw.ir.serialize import digest, load, save

    model = kit.model(kit.q.QActivation(kit.bits(8, 0)))
    graph = export(model, BYTES, scaling=SIGNED).graph
    save(graph, tmp_path)
    assert load(tmp_path) == graph
    assert load(tmp_path).inputs[0].scaling == SIGNED
    assert "scaling=(code * 2/255 - 1)" in (tmp_path / "graph.txt").read_text()
    assert "scaling" not in _text(export(model, BYTES).graph, tmp_path / "plain")
    assert digest(graph) != digest(export(model, BYTES).graph)
    text = (tmp_path / "graph.json").read_text()
    for old, new, message in (
        ('"2/255"', '"2/0"', "ops[0] 'image'.scaling.scale: '2/0' is no number"),
        ('"2/255"', "", "ops[0] 'image'.scaling.scale: is empty"),
        ('"2/255"', "2", "ops[0] 'image'.scaling.scale[0]: 2 is no text"),
    ):
        (tmp_path / "graph.json").write_text(text.replace(old, new))
        with pytest.raises(ConfigError) as caught:
            load(tmp_path)
        assert message in caught.value.message


def _text(graph: Graph, folder: Any) -> str:
    from fcn_hw.ir.serialize import save

    save(graph, folder)
    return str((folder / "graph.json").read_text())
