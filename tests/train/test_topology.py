"""The networks as data: shapes, names, counts; no TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from fcn_hw.design import Design, Network
from fcn_hw.errors import ConfigError
from fcn_hw.train.design_network import check_layer_names, design_topology, layer_names
from fcn_hw.train.topology import (
    RELU,
    Conv,
    ConvTranspose,
    Crop,
    Merge,
    Shape,
    Upsample,
    build_topology,
    multiplications,
    parameters,
)

KINDS = ("fcn32s", "fcn16s", "fcn8s", "unet")


def digits(**sections: Any) -> Design:
    content = {
        "name": "d",
        "dataset": {"kind": "digit_scenes"},
        "network": {"kind": "fcn8s", "filters": [4, 6, 8]},
    }
    return Design.model_validate(content | sections)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("upsampling", ["nearest", "bilinear", "transposed"])
@pytest.mark.parametrize("skip", ["add", "concat"])
@pytest.mark.parametrize("size", [(32, 48), (19, 27), (8, 9), (31, 65)])
def test_scores_have_the_size_of_the_image(
    kind: str, upsampling: str, skip: str, size: tuple[int, int]
) -> None:
    network = Network(kind=kind, filters=(4, 4, 5, 6), upsampling=upsampling, skip=skip)
    topology = build_topology(network, Shape(*size, 3), 7)
    assert topology[-1].shape == Shape(*size, 7)
    names = [node.name for node in topology]
    assert len(names) == len(set(names))


def test_crop_appears_only_where_it_is_needed() -> None:
    network = Network(kind="fcn8s", filters=(4, 4, 4))

    def crops(height: int, width: int) -> list[str]:
        topology = build_topology(network, Shape(height, width, 3), 5)
        return [node.name for node in topology if isinstance(node, Crop)]

    assert crops(64, 96) == []
    assert crops(62, 96) == ["crop_pool1"]  # 31 rows are pooled to 16, which grow to 32
    assert crops(63, 95) == ["crop_out"]


@pytest.mark.parametrize(
    ("kind", "skips", "factor"), [("fcn32s", 0, 32), ("fcn16s", 1, 16), ("fcn8s", 2, 8)]
)
def test_five_stages_give_the_strides_of_the_paper(kind: str, skips: int, factor: int) -> None:
    network = Network(kind=kind, filters=(2, 2, 2, 2, 2), head_filters=3)
    topology = build_topology(network, Shape(64, 64, 3), 4)
    assert sum(isinstance(node, Merge) for node in topology) == skips
    last = [n.scale[0] for n in topology if isinstance(n, Upsample) and n.name.startswith("up_out")]
    product = 1
    for scale in last:
        product *= scale
    assert product == factor
    assert max(last) <= 8
    assert all(a <= b for a, b in pairwise(last))


def test_names_of_an_fcn_and_a_unet() -> None:
    fcn = digits(network={"kind": "fcn8s", "filters": [4, 6, 8], "head_filters": 9})
    assert layer_names(fcn) == (
        *("conv1_1", "conv2_1", "conv3_1", "fc6", "fc7"),
        *("score_fr", "score_pool2", "score_pool1"),
    )
    unet = digits(
        network={
            "kind": "unet",
            "filters": [4, 6],
            "convs_per_stage": 2,
            "upsampling": "transposed",
            "skip": "concat",
        }
    )
    assert layer_names(unet) == (
        *("conv1_1", "conv1_2", "conv2_1", "conv2_2"),
        *("reduce1", "up1", "dec1_1", "dec1_2", "score"),
    )


def test_a_head_with_a_skip_reads_two_maps() -> None:
    network = Network(kind="fcn16s", filters=(4, 6, 8), head_filters=9, head_skip=True)
    topology = build_topology(network, Shape(26, 32, 3), 5)
    names = [node.name for node in topology]
    assert names[names.index("pool3") + 1 :] == [
        *("fc6", "up_fc6", "crop_fc6", "fc6_pool2", "skip_fc6", "fc7", "score_fr"),
        *("up_pool1", "crop_pool1", "score_pool1", "skip_pool1", "up_out"),
    ]
    nodes = {node.name: node for node in topology}
    small, large = Shape(4, 4, 9), Shape(7, 8, 9)
    assert nodes["fc6"] == Conv("fc6", "pool3", small, (3, 3), RELU, normalized=True)
    assert nodes["fc6_pool2"] == Conv("fc6_pool2", "pool2", large, (1, 1), RELU, normalized=True)
    sources = ("crop_fc6", "fc6_pool2")
    assert nodes["skip_fc6"] == Merge("skip_fc6", sources, large, "add", quantized=True)
    assert nodes["fc7"] == Conv("fc7", "skip_fc6", large, (3, 3), RELU, normalized=True)
    with pytest.raises(ConfigError) as caught:
        build_topology(network.model_copy(update={"kind": "fcn8s"}), Shape(26, 32, 3), 5)
    assert str(caught.value) == (
        "network.filters: fcn8s with head_skip needs at least 4 stages, has 3"
    )


@pytest.mark.parametrize(
    "other", [{"kind": "fcn8s"}, {"kind": "unet", "head_filters": 4}], ids=["no head", "unet"]
)
def test_a_skip_of_a_head_is_for_an_fcn_with_one(other: dict[str, Any]) -> None:
    with pytest.raises(
        ValidationError, match="head_skip is for fcn32s, fcn16s and fcn8s with head_filters"
    ):
        Network(filters=(2, 2, 2, 2), head_skip=True, **other)


def test_concat_of_scores_is_fused_by_a_1x1_convolution() -> None:
    network = Network(kind="fcn16s", filters=(4, 6), skip="concat")
    nodes = {n.name: n for n in build_topology(network, Shape(8, 8, 3), 5)}
    assert nodes["skip_pool1"].shape.channels == 10
    assert nodes["fuse_pool1"] == Conv("fuse_pool1", "skip_pool1", Shape(4, 4, 5), (1, 1))


def test_counts_by_hand() -> None:
    network = Network(kind="fcn16s", filters=(4, 6), upsampling="transposed")
    topology = build_topology(network, Shape(8, 8, 3), 2)
    convs = [
        (64, 9, 3, 4),  # conv1_1: pixels, taps, channels in and out
        (16, 9, 4, 6),
        (4, 1, 6, 2),  # score_fr
        (16, 4, 2, 2),  # up_pool1: each output sees 2 x 2 inputs
        (16, 1, 4, 2),  # score_pool1
        (64, 4, 2, 2),  # up_out
    ]
    assert multiplications(topology) == sum(p * t * i * o for p, t, i, o in convs)
    weights = [9 * 3 * 4, 9 * 4 * 6, 6 * 2, 16 * 2 * 2, 4 * 2, 16 * 2 * 2]
    assert parameters(topology) == sum(weights) + 4 + 6 + 2 * 4
    assert [n.kernel for n in topology if isinstance(n, ConvTranspose)] == [(4, 4), (4, 4)]


@pytest.mark.parametrize(("kind", "needed"), [("fcn8s", 3)])
def test_too_few_stages_is_an_error(kind: str, needed: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        design_topology(digits(network={"kind": kind, "filters": [4, 4]}))
    assert str(caught.value) == f"network.filters: {kind} needs at least {needed} stages, has 2"
    assert caught.value.hint == "add an entry to network.filters for each missing stage"


def test_each_stage_may_have_its_own_number_of_convolutions() -> None:
    network = {"kind": "unet", "filters": [4, 6], "convs_per_stage": [1, 2]}
    assert layer_names(digits(network=network)) == (
        *("conv1_1", "conv2_1", "conv2_2", "reduce1", "dec1_1", "score"),
    )


def test_numbers_of_convolutions_must_match_the_stages() -> None:
    with pytest.raises(ConfigError) as caught:
        design_topology(
            digits(network={"kind": "unet", "filters": [4, 6], "convs_per_stage": [1, 2, 2]})
        )
    assert str(caught.value) == "network.convs_per_stage: 3 entries for 2 stages"
    assert caught.value.hint == (
        "give one number for all stages, or as many as network.filters has"
    )


def test_unknown_layer_in_precision_names_the_nearest() -> None:
    design = digits(precision={"layers": {"conv2": {"weight": 8}}})
    with pytest.raises(ConfigError) as caught:
        check_layer_names(design)
    assert str(caught.value) == "precision.layers: 'conv2' is not a layer of this fcn8s"
    assert caught.value.hint.startswith("nearest: 'conv2_1'")


def test_unknown_layer_in_hls_names_the_nearest() -> None:
    design = digits(hls={"LayerName": {"score_pool9": {"ReuseFactor": 2}}})
    with pytest.raises(ConfigError, match=r"hls\.LayerName: 'score_pool9' is not a layer"):
        check_layer_names(design)


def test_importing_the_training_tower_loads_no_tensorflow() -> None:
    code = (
        "import sys, fcn_hw.train.run, fcn_hw.train.predict, fcn_hw.train.topology;"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_classifier_ends_in_one_pixel() -> None:
    network = Network(kind="cnn", filters=(4, 6), convs_per_stage=(2, 1), head_filters=5)
    topology = build_topology(network, Shape(13, 13, 1), 10)
    assert [node.name for node in topology] == [
        *("image", "conv1_1", "conv1_2", "pool1", "conv2_1", "pool2", "fc6", "score_fr"),
    ]
    fc6, scores = topology[-2:]
    assert (fc6.kernel, fc6.padding, fc6.shape) == ((4, 4), "valid", Shape(1, 1, 5))
    assert (scores.kernel, scores.function, scores.shape) == ((1, 1), None, Shape(1, 1, 10))
    assert multiplications(topology) == (
        169 * 9 * (1 * 4 + 4 * 4) + 49 * 9 * 4 * 6 + 16 * 6 * 5 + 5 * 10
    )
    assert parameters(topology) == 9 * 4 + 4 + 9 * 16 + 4 + 9 * 24 + 6 + 16 * 30 + 5 + 50 + 10


def test_a_classifier_without_a_head_covers_the_image_by_its_scores() -> None:
    topology = build_topology(Network(kind="cnn", filters=(4, 6)), Shape(8, 8, 1), 3)
    assert (topology[-1].kernel, topology[-1].padding) == ((2, 2), "valid")
    assert topology[-1].shape == Shape(1, 1, 3)


def test_a_classifier_of_oblong_images_is_an_error() -> None:
    with pytest.raises(ConfigError, match="layer 'score_fr' of a cnn covers 2 x 3 pixels") as error:
        build_topology(Network(kind="cnn", filters=(4, 6)), Shape(8, 12, 1), 3)
    assert "one value" in error.value.hint


def test_unknown_layer_in_pruning_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"training.pruning.layers: 'fc66' is not a layer"):
        check_layer_names(digits(training={"pruning": {"layers": {"fc66": 0.5}}}))
