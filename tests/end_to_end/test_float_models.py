"""Float models of Keras 2 and Keras 3 by the commands of the README, to a project that is exact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from command_line import call
from float_unet import SIZE, small_unet, write_keras3
from PIL import Image

from fcn_hw.flow.images import AGREEMENT
from fcn_hw.keras_env import keras_env

VAL = 3


def data(folder: Path, classes: int) -> None:
    """Noise, and masks of bright pixels."""
    folder.mkdir()
    random = np.random.default_rng(4)
    for name, count in (("train", 4), ("val", VAL)):
        lines = []
        for index in range(count):
            image = random.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
            mask = (image[..., 0].astype(int) * classes // 256).astype(np.uint8)
            Image.fromarray(image).save(folder / f"{name}{index}.png")
            Image.fromarray(mask).save(folder / f"{name}{index}_mask.png")
            lines.append(f"{name}{index}.png {name}{index}_mask.png\n")
        (folder / f"{name}.txt").write_text("".join(lines))


@pytest.fixture(params=[pytest.param("keras2", marks=pytest.mark.slow), "keras3"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int, Any]:
    """A file, its classes, and the section ``training``."""
    if request.param == "keras3":
        return write_keras3(tmp_path) / "small.keras", 3, "none"
    path = tmp_path / "small.h5"
    small_unet(keras_env().keras, 2, "relu").save(path, include_optimizer=False)
    return path, 2, {"retrain_epochs": 1, "batch_size": 2, "distillation": 0.5}


@pytest.mark.gxx
def test_a_float_model_becomes_an_exact_project(
    model: tuple[Path, int, Any], tmp_path: Path
) -> None:
    path, classes, training = model
    data(tmp_path / "data", classes)
    root = ("--root", str(tmp_path))
    begun = call("new", "mine", "--from", str(path), *root)
    assert (begun.status, begun.err) == (0, "")
    file = tmp_path / "hls_projects" / "mine" / "design.yaml"
    text = file.read_text()
    assert "    enter: {weight: 8, activation: " in text
    assert "  # Conv 3x3, 16x24x4, 108 weights" in text
    assert "    both: {activation: 8}" in text
    design = yaml.safe_load(text)
    assert len(design["dataset"]["classes"]) == classes
    design["dataset"] |= {"path": str(tmp_path / "data"), "void": None}
    design["training"] = training
    file.write_text(yaml.safe_dump(design))
    done = call("csim", "mine", "--board", "pynq-z2", "--json", *root)
    assert done.status == 0, done.err
    result = json.loads(done.out)
    assert result["images"] == VAL
    assert (result["mismatches"], result["argmax_flips"]) == (0, 0)
    formats = json.loads((file.parent / "model" / "precision.json").read_text())
    assert set(formats["both"]) == {"activation"}  # a sum that a convolution reads
    assert set(formats["behind"]) == {"weight", "bias", "activation"}  # a norm behind a ReLU
    agreement = json.loads((file.parent / "graph" / AGREEMENT).read_text())
    assert {row["status"] for row in agreement.values()} <= {"exact", "proved"}


def test_a_float_model_is_quantized_from_images_without_labels(tmp_path: Path) -> None:
    data(tmp_path / "data", 2)
    path = tmp_path / "small.h5"
    small_unet(keras_env().keras, 2, "relu").save(path, include_optimizer=False)
    images = str(tmp_path / "data" / "val.txt")
    words = ("export", "--model", str(path), "--calibrate", images, "--input-scale", "1")
    graph = ("--output", str(tmp_path / "graph"))
    done = call(*words, *graph, "--bits", "5", "--check", images)
    assert done.status == 0, done.err
    assert "%class_map" in done.out and "ufixed<5," in done.out
    assert f"class maps: 0 of {VAL * SIZE[0] * SIZE[1]:,} pixels differ" in done.out
    other = call(*words, *graph, "--input-format", "ufixed<8,8>")
    assert (other.status, other.err.splitlines()[0]) == (
        2,
        "error: --input-format ufixed<8,8>: a float model is quantized for bytes, ufixed<8,0>",
    )
