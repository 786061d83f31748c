"""What goes out: classes, scores or both; of softmax, sigmoid, and channels that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from float_models import Kit

from fcn_hw.cli.printers.common import console
from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.flow.agreement import compare_model
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.qkeras import Export, export
from fcn_hw.ir.outputs import OutputKind, class_maps
from fcn_hw.ops.arg_max import ArgMax
from fcn_hw.ops.threshold import Threshold
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate

BYTES = parse_format("ufixed<8,0>")
KINDS: tuple[OutputKind, ...] = ("classes", "scores", "both")


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit((7, 9, 2), seed=5)


def frames() -> npt.NDArray[np.int64]:
    codes = np.random.default_rng(5).integers(0, 256, (3, 7, 9, 2))
    codes[1], codes[2] = 0, 255
    return codes


def run(model: Any, exported: Export) -> list[npt.NDArray[np.float64]]:
    """The outputs of the graph, in units of their steps, compared with QKeras on the way."""
    graph = run_passes(exported.graph)
    found = compare_model(
        graph,
        exported.layer_values,
        exported.proofs,
        {"image": frames()},
        Progress(console(), True),
    )
    assert found.holds
    maps = class_maps(graph)
    assert found.class_pixels == sum(3 * graph.tensor(name).size for name in maps)
    assert found.class_differ == 0
    values = evaluate(graph, {"image": frames()})
    return [values[name] * graph.tensor(name).format.step for name in graph.outputs]


def given(model: Any) -> npt.NDArray[np.float32]:
    return np.asarray(model.predict(frames() / 256, verbose=0))


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_softmax(kit: Kit, kind: OutputKind, inline: bool) -> None:
    end = kit.conv(3, name="last", activation="softmax")
    if not inline:
        end = lambda x: kit.layers.Softmax(name="last")(kit.conv(3)(x))  # noqa: E731
    model = kit.model(end)
    exported = export(model, BYTES, output_kind=kind)
    found = run(model, exported)
    probabilities = given(model)
    if kind != "scores":
        assert np.array_equal(found[0][..., 0], probabilities.argmax(-1))
    if kind != "classes":
        odds = np.exp(found[-1])
        assert np.allclose(odds / odds.sum(-1, keepdims=True), probabilities, atol=1e-6)
    assert len(found) == (2 if kind == "both" else 1)
    assert exported.notes == (
        {
            "classes": "layer 'last': softmax becomes arg-max, which gives the same class",
            "scores": "layer 'last': softmax is left out, the scores in front of it go out",
            "both": "layer 'last': softmax becomes arg-max, which gives the same class; the scores "
            "in front of it go out too",
        }[kind],
    )


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_sigmoid_of_one_channel(kit: Kit, kind: OutputKind, inline: bool) -> None:
    end = kit.conv(1, name="last", activation="sigmoid")
    if not inline:
        end = lambda x: kit.layers.Activation("sigmoid", name="last")(kit.conv(1)(x))  # noqa: E731
    model = kit.model(end)
    exported = export(model, BYTES, output_kind=kind)
    found = run(model, exported)
    probabilities = given(model)
    if kind != "scores":
        above = probabilities > 0.5
        assert 0.1 < above.mean() < 0.9
        assert np.array_equal(found[0], above)
        assert isinstance(exported.graph.ops[-1], Threshold)
    if kind != "classes":
        assert np.allclose(1 / (1 + np.exp(-found[-1])), probabilities, atol=1e-6)
    assert exported.notes == (
        {
            "classes": "layer 'last': sigmoid becomes class 1 where the score is above 0",
            "scores": "layer 'last': sigmoid is left out, the scores in front of it go out",
            "both": "layer 'last': sigmoid becomes class 1 where the score is above 0; the scores "
            "in front of it go out too",
        }[kind],
    )


def test_the_score_0_is_no_class_1(kit: Kit) -> None:
    model = kit.model(kit.conv(1, activation="sigmoid", kernel_initializer="zeros",
                               bias_initializer="zeros"))  # fmt: skip
    graph = export(model, BYTES).graph
    assert not evaluate(graph, {"image": frames()})[graph.outputs[0]].any()
    assert np.all(given(model) == 0.5)


def test_what_a_model_means_that_does_not_say(kit: Kit) -> None:
    for build, outputs in (
        (kit.conv(3, activation="softmax"), ["ArgMax"]),
        (kit.conv(1, activation="sigmoid"), ["Threshold"]),
        (kit.conv(3, activation="sigmoid"), ["Conv2D"]),
        (kit.conv(3), ["Conv2D"]),
        (kit.conv(1), ["Conv2D"]),
    ):
        graph = export(kit.model(build), BYTES).graph
        assert [graph[name].kind for name in graph.outputs] == outputs


def test_a_picture_of_three_channels(kit: Kit) -> None:
    quantizer = kit.q.quantized_bits(8, 0, keep_negative=False, alpha=1.0)
    rgb = kit.q.QActivation(quantizer, name="rgb")
    model = kit.model(lambda x: rgb(kit.conv(3)(x)))
    exported = export(model, BYTES)
    (found,) = run(model, exported)
    assert np.array_equal(found, given(model))
    graph = run_passes(exported.graph)
    assert str(graph.tensor(graph.outputs[0]).format).startswith("ufixed<8,0")
    assert exported.notes == (
        "output 'rgb': its 3 channels go out; for classes give --output-kind classes",
    )
    classes = export(model, BYTES, output_kind="classes")
    assert isinstance(classes.graph.ops[-1], ArgMax)
    assert classes.notes == ()


def test_more_channels_than_a_class_map_holds(kit: Kit) -> None:
    model = kit.model(kit.conv(300, name="many"))
    (found,) = run(model, export(model, BYTES))
    assert np.array_equal(found, given(model))
    for build, layer in (
        (kit.conv(300, name="many"), "many"),
        (lambda x: kit.layers.Softmax(name="last")(kit.conv(300)(x)), "last"),
    ):
        with pytest.raises(UnsupportedLayer) as caught:
            export(kit.model(build), BYTES, output_kind="classes")
        assert caught.value.message == (
            f"layer '{layer}': it has 300 classes, and a class map has 256 at most, a byte a pixel"
        )
        assert caught.value.hint == "export the scores of all channels: --output-kind scores"


def test_several_outputs(kit: Kit) -> None:
    def build(x: Any) -> Any:
        shared = kit.q.QActivation(kit.q.quantized_relu(4, 1))(kit.conv(4)(x))
        return [
            kit.conv(3, name="parts", activation="softmax")(shared),
            kit.conv(1, name="mask", activation="sigmoid")(shared),
            kit.conv(2, name="flow")(shared),
        ]

    model = kit.model(build)
    exported = export(model, BYTES)
    assert exported.graph.outputs == ("class_map", "class_map_2", "flow")
    parts, edge, flow = run(model, exported)
    expected = [np.asarray(item) for item in model.predict(frames() / 256, verbose=0)]
    assert np.array_equal(parts[..., 0], expected[0].argmax(-1))
    assert np.array_equal(edge, expected[1] > 0.5)
    assert np.array_equal(flow, expected[2])
    both = export(model, BYTES, output_kind="both").graph
    assert both.outputs == ("class_map", "parts", "class_map_2", "mask", "class_map_3", "flow")


def test_a_sigmoid_inside_is_refused(kit: Kit) -> None:
    for build in (
        lambda x: kit.conv(2)(kit.conv(1, name="mid", activation="sigmoid")(x)),
        lambda x: kit.conv(2)(kit.layers.Activation("sigmoid", name="mid")(kit.conv(1)(x))),
    ):
        with pytest.raises(UnsupportedLayer) as caught:
            export(kit.model(build), BYTES)
        assert caught.value.message == (
            "layer 'mid': activation 'sigmoid' has no exact fixed-point form"
        )
