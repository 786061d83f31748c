"""The designs that are shipped fit their networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.training import with_random_weights
from fcn_hw.design_yaml import load_design
from fcn_hw.train.design_network import design_topology, layer_names
from fcn_hw.train.precision import wishes
from fcn_hw.train.topology import Shape

DESIGNS = sorted((Path(__file__).parents[2] / "hls_projects").glob("*/design.yaml"))


def test_there_are_designs() -> None:
    assert {"digits_fcn8s", "camvid_fcn8s"} <= {path.parent.name for path in DESIGNS}


@pytest.mark.parametrize("path", DESIGNS, ids=lambda path: path.parent.name)
def test_a_shipped_design_is_possible(path: Path) -> None:
    design = with_random_weights(load_design(path))
    assert design.name == path.parent.name
    topology = design_topology(design)
    pixels = (
        (1, 1) if design.network.kind == "cnn" else (design.dataset.height, design.dataset.width)
    )
    assert topology[-1].shape == Shape(*pixels, design.dataset.n_classes)
    assert tuple(wishes(design, topology)) == layer_names(design)
