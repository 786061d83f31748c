"""A design with a published encoder, from random weights to C++ that is exact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from command_line import call
from PIL import Image

from fcn_hw.flow.images import AGREEMENT

SIZE = (32, 48)
VAL = 2


def data(folder: Path) -> None:
    """Noise, and masks of bright pixels."""
    folder.mkdir()
    random = np.random.default_rng(4)
    for name, count in (("train", 4), ("val", VAL)):
        lines = []
        for index in range(count):
            image = random.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
            Image.fromarray(image).save(folder / f"{name}{index}.png")
            Image.fromarray(image[..., 0] // 128).save(folder / f"{name}{index}_mask.png")
            lines.append(f"{name}{index}.png {name}{index}_mask.png\n")
        (folder / f"{name}.txt").write_text("".join(lines))


@pytest.mark.gxx
@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        {"kind": "fcn8s", "encoder": {"kind": "mobilenet_v1", "alpha": 0.0625}},
        {
            "kind": "unet",
            "encoder": {
                "kind": "mobilenet_v2", "alpha": 0.0625, "divisible_by": 1, "padding": "before",
            },
        },
    ],
    ids=["mobilenet_v1", "mobilenet_v2"],
)  # fmt: skip
def test_an_encoder_becomes_an_exact_project(network: dict[str, Any], tmp_path: Path) -> None:
    data(tmp_path / "data")
    file = tmp_path / "hls_projects" / "mine" / "design.yaml"
    file.parent.mkdir(parents=True)
    design = {
        "name": "mine",
        "dataset": {
            "kind": "list", "path": str(tmp_path / "data"), "height": SIZE[0], "width": SIZE[1],
            "train_list": "train.txt", "val_list": "val.txt", "classes": ["dark", "bright"],
            "void": None, "input": {"scale": "1/128", "offset": -1},
        },
        "network": network,
        "precision": {"layers": {"score": {"weight": 8}} if network["kind"] == "unet" else {}},
        "training": {
            "batch_size": 2, "head_epochs": 1, "float_epochs": 1, "retrain_epochs": 0,
            "encoder_rate": 0.5,
        },
    }  # fmt: skip
    file.write_text(yaml.safe_dump(design))
    done = call("csim", "mine", "--board", "pynq-z2", "--json", "--root", str(tmp_path))
    assert done.status == 0, done.err
    result = json.loads(done.out)
    assert result["images"] == VAL
    assert (result["mismatches"], result["argmax_flips"]) == (0, 0)
    agreement = json.loads((file.parent / "graph" / AGREEMENT).read_text())
    assert {row["status"] for row in agreement.values()} <= {"exact", "proved"}
