"""Points of a sensitivity analysis, against networks that are quantized by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fcn_hw.design import Design
from fcn_hw.errors import DataError
from fcn_hw.fixed import FixedFormat, quantize, to_float
from fcn_hw.keras_env import keras_env
from fcn_hw.results import read_result, write_result
from fcn_hw.studies.pool import Job
from fcn_hw.studies.sensitivity import measure as module
from fcn_hw.studies.sensitivity.measure import Bench, Setting, measure
from fcn_hw.studies.sensitivity.result import (
    Finding,
    Level,
    Point,
    Sensitivity,
    Verdict,
    bits_of,
)
from fcn_hw.train.datasets.base import DataSet, Split, empty_split
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.metrics import confusion_matrix, mean_iou
from fcn_hw.train.networks import build_float, build_model, set_weights
from fcn_hw.train.precision import parse_weight_quantizer
from fcn_hw.train.store import save_model
from fcn_hw.train.study import FLOAT_MODEL
from fcn_hw.train.topology import Conv

Floats = npt.NDArray[np.float64]
Make = Callable[..., Bench]


@pytest.fixture
def bench(tmp_path: Path, squares: DataSet, tiny_design: Callable[..., Design]) -> Make:
    """Makes a bench on a float network that nobody trained."""

    def make(
        data: DataSet = squares, images: int | None = None, retrain: int = 0, **sections: Any
    ) -> Bench:
        design = tiny_design(**sections)
        keras_env().keras.utils.set_random_seed(7)
        model = build_float(design_topology(design), batchnorm=False)
        save_model(model, tmp_path / FLOAT_MODEL)
        setting = Setting(design, tmp_path, "", tmp_path / "jobs", images, retrain)
        return Bench.of_trained(setting, data)

    return make


def measured(bench: Bench, layer: str, kind: Any, level: Level) -> dict[str, Any]:
    point = Point(layer, kind, level)
    return measure(bench, Job(point.name, "d" * 64, point))


def by_hand(text: str) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
    """A quantizer of a format's text, of integers and steps only."""
    quantizer = parse_weight_quantizer(text)

    def apply(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        if isinstance(quantizer, FixedFormat):
            return to_float(quantize(values, quantizer), quantizer).astype(np.float32)
        magnitude = np.float32(quantizer.magnitude)
        signs = np.where(values < 0, -magnitude, magnitude)
        if quantizer.levels == "binary":
            return signs
        return np.where(np.abs(values) < magnitude / 2, np.float32(0), signs)

    return apply


def network_by_hand(bench: Bench, layer: str, kind: str, text: str) -> Any:
    """The float network with one layer's kernel, or its output, quantized in NumPy."""
    env, change = keras_env(), by_hand(text)
    topology, weights = bench.study.topology, dict(bench.study.weights)

    def weighted(node: Any, tensor: Any) -> Any:
        assert isinstance(node, Conv)
        tensor = env.keras.layers.Conv2D(
            node.shape.channels, node.kernel, padding=node.padding, name=node.name
        )(tensor)
        return tensor

    def finished(node: Any, tensor: Any) -> Any:
        if node.function is not None:
            tensor = env.keras.layers.ReLU()(tensor)
        if kind == "activations" and node.name == layer:

            def quantized(values: Any) -> Any:
                result = env.tf.numpy_function(change, [values], env.tf.float32)
                return env.tf.ensure_shape(result, values.shape)

            tensor = env.keras.layers.Lambda(quantized)(tensor)
        return tensor

    model = build_model(topology, weighted, finished, "by_hand")
    if kind == "weights":
        kernel, bias = weights[layer]
        weights[layer] = (change(kernel), bias)
    set_weights(model, weights)
    return model


def scores_of(model: Any, split: Split) -> Floats:
    return model(split.images.astype(np.float32) / 256, training=False).numpy().astype(np.float64)


def log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(
    ("layer", "kind", "level"),
    [
        ("conv1_1", "weights", 2), ("score_pool1", "weights", "ternary"),
        ("conv2_1", "activations", 1), ("score_fr", "activations", 3),
    ],
)  # fmt: skip
def test_a_point_is_the_network_quantized_by_hand(
    bench: Make, layer: str, kind: str, level: Level
) -> None:
    made = bench(network={"kind": "fcn16s", "filters": [4, 6], "convs_per_stage": 1})
    found = measured(made, layer, kind, level)
    data = made.study.dataset
    ours = scores_of(network_by_hand(made, layer, kind, found["format"]), data.val)
    theirs = scores_of(made.study.float_model, data.val)
    confusion = confusion_matrix(data.val.masks, ours.argmax(-1), data.n_classes, data.void)
    assert found["score"] == mean_iou(confusion)
    p, q = log_softmax(theirs), log_softmax(ours)
    divergence = (np.exp(p) * (p - q)).sum(-1)[data.val.masks != data.void].mean()
    assert found["output_kl"] == pytest.approx(divergence, rel=1e-5)
    assert found["output_kl"] > 0
    if kind == "weights":
        kernel = made.study.weights[layer][0].astype(np.float64)
        wanted = np.sum((by_hand(found["format"])(kernel) - kernel) ** 2) / np.sum(kernel**2)
        assert found["l2"] == pytest.approx(wanted, rel=1e-12)
    width = {1: 1, "ternary": 2}.get(level, level)
    quantizer = parse_weight_quantizer(found["format"])
    if isinstance(quantizer, FixedFormat):
        assert quantizer.width == width
    assert set(found) == {"format", "l2", "kl", "score", "output_kl"}


def test_sixteen_bits_are_the_float_network(bench: Make) -> None:
    made = bench()
    score = measure(made, Job("float", "d" * 64, None))
    assert score == {
        "score": made.study.score(made.study.float_model).value, "metric": "mIoU", "images": 6
    }  # fmt: skip
    for kind in ("weights", "activations"):
        found = measured(made, "conv1_1", kind, 16)
        assert found["score"] == score["score"]
        assert found["output_kl"] < 1e-6 and found["l2"] < 1e-8


def test_retraining_helps_and_is_done_without_pruning(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(
        retrain=2, images=4,
        training={
            "batch_size": 4, "learning_rate": 0.01, "retrain_learning_rate": 0.02,
            "calibration_images": 4, "pruning": {"sparsity": 0.9},
        },
    )  # fmt: skip
    assert made.study.design.training.pruning is None
    found = measured(made, "conv1_1", "weights", 2)
    assert found["retrained"]["score"] > found["score"]
    assert found["epochs"] == 2
    job = Job("conv1_1-weights-2", "d" * 64, None)
    assert made.setting.checkpoint(job).path.exists()
    # its checkpoint is taken up: the epochs are not run again, and the result is the same
    monkeypatch.setattr("fcn_hw.train.loop.make_train_step", lambda *_: pytest.fail)
    assert measured(made, "conv1_1", "weights", 2) == found


def test_the_test_split_is_never_loaded(
    bench: Make, squares: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench()
    asked = []

    def load(config: Any, *, splits: Any) -> DataSet:
        asked.append(tuple(splits))
        return squares

    monkeypatch.setattr(module, "load_dataset", load)
    raw = (made.setting.model / FLOAT_MODEL).read_bytes()
    setting = replace(made.setting, float_digest=hashlib.sha256(raw).hexdigest())
    setting.prepare()
    assert asked == [("train", "val")]
    with pytest.raises(DataError, match="has changed since this run began"):
        made.setting.prepare()


def test_images_are_spread_and_void_alone_is_refused(bench: Make, squares: DataSet) -> None:
    assert bench(images=2).study.dataset.val.names == ("square_0", "square_5")
    assert len(bench(images=99).study.dataset.val) == 6
    void = replace(squares, val=replace(squares.val, masks=np.full_like(squares.val.masks, 255)))
    with pytest.raises(DataError, match="no pixel of split 'val' counts"):
        bench(void)


def test_a_classifier_is_judged_by_its_accuracy(bench: Make) -> None:
    random = np.random.default_rng(5)

    def digits(count: int) -> Split:
        images = random.integers(0, 256, (count, 28, 28, 1)).astype(np.uint8)
        labels = random.integers(0, 10, (count, 1, 1)).astype(np.uint8)
        return Split(images, labels, tuple(f"digit_{index}" for index in range(count)))

    data = DataSet(
        "mnist", tuple("0123456789"), None, digits(4), digits(20),
        empty_split(28, 28, 1, one_class=True),
    )  # fmt: skip
    made = bench(
        data,
        dataset={"kind": "mnist"},
        network={"kind": "cnn", "filters": [3, 4], "convs_per_stage": 1},
    )
    found = measured(made, "score_fr", "weights", 2)
    scores = scores_of(network_by_hand(made, "score_fr", "weights", found["format"]), data.val)
    assert found["score"] == np.mean(scores.argmax(-1) == data.val.masks)
    assert measure(made, Job("float", "d" * 64, None))["metric"] == "accuracy"


def finding(layer: str, level: Level, score: float, retrained: float | None = None) -> Finding:
    again = None if retrained is None else Verdict(retrained, 0.25)
    return Finding(Point(layer, "weights", level), "f", 0.5, 0.125, Verdict(score, 1.0), again)


def test_document(tmp_path: Path) -> None:
    found = Sensitivity(
        "d", "mIoU", 3, 0.9, 0.95, 2,
        (finding("b", 4, 0.8, 0.85), finding("b", "ternary", 0.5, 0.6), finding("a", 4, 0.7, 0.75)),
    )  # fmt: skip
    path = tmp_path / "sensitivity.json"
    write_result(path, found)
    assert read_result(path, Sensitivity) == found
    bare = replace(found, baseline_retrained=None, findings=(finding("a", 2, 0.1),))
    write_result(path, bare)
    assert read_result(path, Sensitivity) == bare
    assert bits_of("ternary") == pytest.approx(np.log2(3))
