"""Networks of QONNX files: graph = C++ = the graph that is written back, every tensor."""

from __future__ import annotations

from pathlib import Path

import pytest
from qonnx_checks import exported, random_codes
from qonnx_models import Net
from qonnx_networks import NETWORKS
from tiers import in_tiers

from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.harness.csim import compare_with_oracle, plan_lanes_build, simulate, traced
from fcn_hw.tools.runner import run, write_files

pytestmark = pytest.mark.gxx


@pytest.mark.parametrize("name", in_tiers(NETWORKS, everyday={"residual"}))
def test_network_is_exact(name: str, tmp_path: Path) -> None:
    """Learned scales: thresholds, tables and scales and biases are all in it."""
    net = Net(seed=3)
    _, graph = exported(net, tmp_path, NETWORKS[name](net))
    project = tmp_path / "project"
    write_files(plan_project(graph, load_board("pynq-z2"), Hls(ReuseFactor=36)), project)
    run(plan_lanes_build(graph, optimize="-O1"), project)
    codes = random_codes(graph)
    compared = compare_with_oracle(graph, simulate(graph, project, codes), codes)
    assert set(compared) == set(traced(graph))
    assert {found.mismatches for found in compared.values()} == {0}
    frames = len(next(iter(codes.values())))
    sizes = {name: frames * graph.tensor(name).size for name in compared}
    assert {name: found.values for name, found in compared.items()} == sizes
