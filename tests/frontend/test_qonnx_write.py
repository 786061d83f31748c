"""Graphs as QONNX files: qonnx's executor computes the codes of the oracle, tolerance zero."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from qonnx_models import Net
from qonnx_networks import NETWORKS
from random_graphs import graphs, random_frames

from fcn_hw.fixed import parse_format
from fcn_hw.frontend.qonnx.export import export_file
from fcn_hw.frontend.qonnx.write import write_graph
from fcn_hw.ir import Graph
from fcn_hw.ops import OPS
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate

BYTES = "ufixed<8,0>"


def computed(path: Path, graph: Graph, codes: dict[str, Any]) -> dict[str, Any]:
    """What qonnx's executor makes of frames of codes, as values (N, H, W, C), by tensor."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    model = ModelWrapper(str(path)).transform(InferShapes())
    found: dict[str, list[Any]] = {op.name: [] for op in graph.ops}
    for n in range(len(next(iter(codes.values())))):
        images = {
            f"{op.name}_in": (codes[op.name][n : n + 1] * op.output.format.step)
            .transpose(0, 3, 1, 2)
            .astype(np.float32)
            for op in graph.inputs
        }
        values = execute_onnx(model, images, True)
        for name, items in found.items():
            items.append(values[name].transpose(0, 2, 3, 1))
    return {name: np.concatenate(items) for name, items in found.items()}


def check(graph: Graph, path: Path, codes: dict[str, Any]) -> None:
    write_graph(graph, path)
    expected = evaluate(graph, codes, keep=[op.name for op in graph.ops])
    for name, values in computed(path, graph, codes).items():
        fraction = graph.tensor(name).format.fraction
        np.testing.assert_array_equal(
            np.ldexp(values.astype(np.float64), fraction), expected[name], err_msg=name
        )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(graph=graphs())
def test_random_graphs(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> None:
    check(graph, tmp_path_factory.mktemp("out") / "net.onnx", random_frames(graph, 1))


@pytest.mark.parametrize("name", NETWORKS)
def test_round_trip(name: str, tmp_path: Path) -> None:
    """A file, its graph, the graph as a file, and that one's graph: the same codes."""
    net = Net(seed=3)
    source = net.save(tmp_path / "net.onnx", NETWORKS[name](net))
    first = run_passes(export_file(source, parse_format(BYTES)).graph)
    codes = random_frames(first, 2)
    check(first, tmp_path / "out.onnx", codes)
    again = run_passes(export_file(tmp_path / "out.onnx", parse_format(BYTES)).graph)
    (end,), (other,) = first.outputs, again.outputs
    there = {again.inputs[0].name: codes[first.inputs[0].name]}
    np.testing.assert_array_equal(
        evaluate(first, codes, keep=[end])[end], evaluate(again, there, keep=[other])[other]
    )


def test_every_op_is_written() -> None:
    from fcn_hw.frontend.qonnx.write import _OPS

    assert set(_OPS) == set(OPS)
