"""The designs that are shipped fit their networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcn_hw.design_yaml import load_design
from fcn_hw.train.design_network import design_topology, layer_names
from fcn_hw.train.precision import wishes
from fcn_hw.train.topology import Shape

CLASSES = {"digit_scenes": 11, "camvid": 11, "mnist": 10, "voc": 21, "list": 2}
DESIGNS = sorted((Path(__file__).parents[2] / "hls_projects").glob("*/design.yaml"))


def test_there_are_designs() -> None:
    assert {"digits_fcn8s", "camvid_fcn8s"} <= {path.parent.name for path in DESIGNS}


@pytest.mark.parametrize("path", DESIGNS, ids=lambda path: path.parent.name)
def test_a_shipped_design_is_possible(path: Path) -> None:
    design = load_design(path)
    assert design.name == path.parent.name
    topology = design_topology(design)
    pixels = (
        (1, 1) if design.network.kind == "cnn" else (design.dataset.height, design.dataset.width)
    )
    assert topology[-1].shape == Shape(*pixels, CLASSES[design.dataset.kind])
    assert tuple(wishes(design, topology)) == layer_names(design)
