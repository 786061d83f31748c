"""Published-style networks, from a QKeras model to exact C++: every layer exact or proved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from published_networks import NETWORKS
from tiers import in_tiers

from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.probe import layer_values
from fcn_hw.frontend.proofs import Status, statuses
from fcn_hw.frontend.qkeras import export
from fcn_hw.harness.csim import compare_with_oracle, plan_lanes_build, simulate
from fcn_hw.ir import Graph
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate
from fcn_hw.tools.runner import run, write_files

pytestmark = pytest.mark.gxx

FRAMES = 3


def frames(graph: Graph) -> dict[str, np.ndarray]:
    (port,) = graph.inputs
    codes = np.random.default_rng(5).integers(0, 256, (FRAMES, *port.output.shape))
    codes[1], codes[2] = 0, 255
    return {port.name: codes}


@pytest.mark.parametrize("name", in_tiers(NETWORKS, everyday={"enet", "mobilenet_fcn"}))
def test_network_is_exact(name: str, tmp_path: Path) -> None:
    model = NETWORKS[name]()
    exported = export(model, parse_format("ufixed<8,0>"), name=name)
    graph = run_passes(exported.graph)
    known = statuses(graph, exported.proofs)
    assert Status.MEASURED not in known.values(), known

    inputs = frames(graph)
    expected = evaluate(graph, inputs)
    for op, values in layer_values(model, graph, inputs, list(known)):
        assert np.array_equal(values, expected[op]), f"{op} differs from QKeras"
    dead = [op for op in known if len(np.unique(expected[op])) < 2]
    assert not dead, "a layer without life proves nothing"

    project = tmp_path / "project"
    write_files(plan_project(graph, load_board("pynq-z2"), Hls(ReuseFactor=36)), project)
    run(plan_lanes_build(graph, optimize="-O1"), project)
    finished = simulate(graph, project, inputs)
    for op, found in compare_with_oracle(graph, finished, inputs).items():
        assert found.mismatches == 0, found
        assert found.values == FRAMES * graph.tensor(op).size
