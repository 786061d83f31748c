"""The graph of other formats is the one that export makes of a model with these formats."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fcn_hw.design import INPUT_FORMAT, Design
from fcn_hw.fixed import from_quantized_relu
from fcn_hw.frontend.qkeras import export
from fcn_hw.ir import Graph
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.studies.search.variants import with_formats
from fcn_hw.train.calibrate import choose_bias, choose_weight, signed_format
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.networks import Weights, set_weights
from fcn_hw.train.precision import LayerFormats, PrecisionTable, is_hidden
from fcn_hw.train.quantized import build_quantized, snap
from fcn_hw.train.topology import Topology, kernel_shape, quantizable

NETWORKS = [
    {"kind": "fcn8s", "filters": [2, 3, 4], "upsampling": "bilinear", "skip": "concat"},
    {"kind": "fcn16s", "filters": [2, 3], "upsampling": "transposed", "head_filters": 4},
    {"kind": "unet", "filters": [2, 3], "upsampling": "nearest", "skip": "concat"},
]


def random_weights(topology: Topology, seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    channels = {node.name: node.shape.channels for node in topology}
    found: Weights = {}
    for node in quantizable(topology):
        shape = kernel_shape(node, channels[node.source])
        found[node.name] = (
            rng.normal(0, 0.5, shape).astype(np.float32),
            rng.normal(0, 0.5, node.shape.channels).astype(np.float32),
        )
    return found


def random_table(topology: Topology, weights: Weights, seed: int) -> PrecisionTable:
    chance = random.Random(seed)
    layers = {}
    for node in quantizable(topology):
        kernel, bias = weights[node.name]
        bits = chance.choice([1, 2, 4, 8] if is_hidden(node) else [2, 4, 8])
        layers[node.name] = LayerFormats(
            choose_weight(kernel, chance.choice([2, 3, 8, "ternary", "binary"])),
            choose_bias(bias, 8),
            from_quantized_relu(bits, 2) if is_hidden(node) else signed_format(bits, 3),
        )
    return PrecisionTable(layers)


def exported(topology: Topology, table: PrecisionTable, weights: Weights) -> Graph:
    model = build_quantized(topology, table)
    set_weights(model, weights)
    return run_passes(
        export(
            snap(model, topology, table), INPUT_FORMAT, name="variant", output_kind="classes"
        ).graph
    )


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: str(network["kind"]))
def test_it_is_the_graph_that_export_makes(network: dict) -> None:
    design = Design.model_validate(
        {
            "name": "variant",
            "dataset": {"kind": "digit_scenes", "height": 13, "width": 18},
            "network": network,
        }
    )
    topology = design_topology(design)
    first, second = random_weights(topology, 1), random_weights(topology, 2)
    base = exported(topology, random_table(topology, first, 1), first)
    for seed in (2, 3):
        table = random_table(topology, second, seed)
        assert with_formats(base, table, second) == exported(topology, table, second)
