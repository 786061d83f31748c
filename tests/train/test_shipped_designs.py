"""The designs that are shipped fit their networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcn_hw.design_yaml import load_design
from fcn_hw.train.precision import wishes
from fcn_hw.train.topology import Shape, design_topology, layer_names

DESIGNS = sorted((Path(__file__).parents[2] / "hls_projects").glob("*/design.yaml"))


def test_there_are_designs():
    assert {"digits_fcn8s", "camvid_fcn8s"} <= {path.parent.name for path in DESIGNS}


@pytest.mark.parametrize("path", DESIGNS, ids=lambda path: path.parent.name)
def test_a_shipped_design_is_possible(path):
    design = load_design(path)
    assert design.name == path.parent.name
    topology = design_topology(design)
    assert topology[-1].shape == Shape(design.dataset.height, design.dataset.width, 11)
    assert tuple(wishes(design, topology)) == layer_names(design)
