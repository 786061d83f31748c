"""Every network with every upsampling: QKeras = oracle = C++, from topology to compiled project."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiers import in_tiers

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.hls4ml_conv import emitted_graph
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import INPUT_FORMAT, ConvEmitter, Hls, HlsLayer, Network
from fcn_hw.fixed import from_quantized_bits, from_quantized_relu
from fcn_hw.frontend.probe import layer_values
from fcn_hw.frontend.qkeras import export
from fcn_hw.harness.csim import (
    CsimRun,
    class_maps,
    compare_with_oracle,
    plan_build,
    plan_lanes_build,
    simulate,
    traced,
)
from fcn_hw.ir import Graph
from fcn_hw.ir.intervals import float32_exact
from fcn_hw.keras_env import seed_everything
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate
from fcn_hw.tools.runner import run, write_files
from fcn_hw.train.calibrate import choose_bias, choose_weight
from fcn_hw.train.networks import build_float, folded_weights, set_weights
from fcn_hw.train.precision import LayerFormats, OutputFormat, PrecisionTable, is_hidden
from fcn_hw.train.quantized import build_quantized, snap
from fcn_hw.train.topology import Shape, Topology, build_topology, quantizable, unweighted

pytestmark = pytest.mark.gxx

FRAMES = 3
CLASSES = 5
IMAGE = Shape(21, 35, 3)  # no multiple of any stride
BOTH_EMITTERS = {("fcn8s", "bilinear"), ("unet", "transposed")}
WEIGHTS = (4, "ternary", 2, "binary", 8)  # one layer after another


def quantized_model(topology: Topology) -> Any:
    """Random weights, quantized: every layer with another weight quantizer than the one before."""
    seed_everything(7)
    weights = folded_weights(build_float(topology, batchnorm=False), topology)
    rng = np.random.default_rng(7)
    weights = {
        name: (kernel, rng.normal(0, 0.1, bias.shape).astype(np.float32))
        for name, (kernel, bias) in weights.items()
    }
    table = PrecisionTable(
        {
            node.name: LayerFormats(
                weight=choose_weight(weights[node.name][0], WEIGHTS[number % len(WEIGHTS)]),
                bias=choose_bias(weights[node.name][1], 8),
                activation=from_quantized_relu(4, 1)
                if is_hidden(node)
                else from_quantized_bits(5, 1),
            )
            for number, node in enumerate(quantizable(topology))
        }
        | {node.name: OutputFormat(from_quantized_bits(6, 2)) for node in unweighted(topology)}
    )
    model = build_quantized(topology, table)
    set_weights(model, weights)
    return snap(model, topology, table)


def check_qkeras(model: Any, graph: Graph, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Every layer that float32 computes exactly equals QKeras; returns the oracle's codes."""
    expected = evaluate(graph, {graph.inputs[0].name: codes})
    names = [op.name for op in graph.ops if op.origin and op.name in float32_exact(graph)]
    assert len(names) > len(graph.ops) // 2
    for name, values in layer_values(model, graph, {graph.inputs[0].name: codes}, names):
        assert np.array_equal(values, expected[name]), name
    return expected


def check_cpp(graph: Graph, codes: np.ndarray, conv: ConvEmitter, project: Path) -> CsimRun:
    """Every tensor of the compiled project equals the oracle."""
    first = next(op.name for op in graph.ops if isinstance(op, Conv2D))
    latency = HlsLayer(ReuseFactor=9, Strategy="Latency")
    hls = Hls(Conv=conv, ReuseFactor=36, LayerName={first: latency})
    write_files(plan_project(graph, load_board("pynq-z2"), hls), project)
    emitted = emitted_graph(graph, conv)
    # hls4ml's convolutions are written for ap_types; ours run frames side by side
    theirs = plan_build(graph, ap_types_folder(), optimize="-O1")
    run(theirs if conv == "hls4ml" else plan_lanes_build(graph, optimize="-O1"), project)
    given = {emitted.inputs[0].name: codes}
    finished = simulate(emitted, project, given)
    compared = compare_with_oracle(emitted, finished, given)
    assert set(compared) == set(traced(emitted)) >= set(traced(graph))
    for name, found in compared.items():
        assert found.mismatches == 0, found
        assert found.values == FRAMES * emitted.tensor(name).size
    return finished


@pytest.mark.parametrize(
    ("kind", "upsampling"),
    in_tiers(
        product(["fcn32s", "fcn16s", "fcn8s", "unet"], ["nearest", "bilinear", "transposed"]),
        everyday={("fcn32s", "nearest"), ("fcn16s", "transposed"), *BOTH_EMITTERS},
    ),
)
def test_network_is_exact(tmp_path: Path, kind: str, upsampling: str) -> None:
    network = Network(
        kind=kind,  # type: ignore[arg-type]
        filters=(3, 4, 6) if kind == "unet" else (3, 4, 6, 6),
        head_filters=None if kind == "unet" else 5,
        upsampling=upsampling,  # type: ignore[arg-type]
        # both kinds of skip for both families
        skip="concat" if (kind == "unet") == (upsampling != "nearest") else "add",
    )
    model = quantized_model(build_topology(network, IMAGE, CLASSES))
    graph = run_passes(
        export(model, INPUT_FORMAT, name=f"{kind}_{upsampling}", output_kind="classes").graph
    )
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 256, (FRAMES, IMAGE.height, IMAGE.width, IMAGE.channels))
    codes[1], codes[2] = 0, 255
    expected = check_qkeras(model, graph, codes)

    finished = check_cpp(graph, codes, "fcn_hw", tmp_path / "ours")
    (maps,) = class_maps(graph, finished).values()
    assert np.array_equal(maps, expected[graph.outputs[0]][..., 0])
    if (kind, upsampling) in BOTH_EMITTERS:
        theirs = check_cpp(graph, codes, "hls4ml", tmp_path / "theirs")
        for name in traced(graph):  # one design, two emitters, equal bits
            one, other = ((item.folder / f"{name}.bin").read_bytes() for item in (finished, theirs))
            assert one == other, name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "encoder", "head"),
    [
        ("fcn8s", {"kind": "mobilenet_v1", "alpha": 1 / 16}, {}),
        (
            "fcn16s",
            {"kind": "mobilenet_v1", "alpha": 1 / 16, "output_stride": 8},
            {"kernel": 1, "head_filters": 5, "head_pooling": True},
        ),
        (
            "fcn16s",
            {"kind": "mobilenet_v1", "alpha": 1 / 16},
            {"head_filters": 5, "head_skip": True, "head_pooling": True},
        ),
        (
            "unet",
            {"kind": "mobilenet_v2", "alpha": 1 / 16, "divisible_by": 1, "padding": "before"},
            {},
        ),
    ],
)
def test_published_encoder_is_exact(
    tmp_path: Path, kind: str, encoder: dict[str, Any], head: dict[str, Any]
) -> None:
    network = Network.model_validate({"kind": kind, "encoder": encoder, **head})
    model = quantized_model(build_topology(network, IMAGE, CLASSES))
    graph = run_passes(export(model, INPUT_FORMAT, name=kind, output_kind="classes").graph)
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 256, (FRAMES, IMAGE.height, IMAGE.width, IMAGE.channels))
    expected = check_qkeras(model, graph, codes)
    finished = check_cpp(graph, codes, "fcn_hw", tmp_path / "ours")
    (maps,) = class_maps(graph, finished).values()
    assert np.array_equal(maps, expected[graph.outputs[0]][..., 0])
