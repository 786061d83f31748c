"""Random whole networks in RTL: every stream against the oracle, with and without stalls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dataflow_graphs import random_folding
from random_networks import random_network
from rtl_networks import RandomNetworks

from fcn_hw.ir import Graph
from fcn_hw.ops import OPS, Constant
from fcn_hw.ops.convolution import Convolution

pytestmark = pytest.mark.rtl

EVERYDAY = (
    16, 36, 43, 53, 77, 85, 120, 135, 228, 244, 245, 363, 407, 464, 487, 534, 552, 622, 727, 803,
    1003, 1022, 1041,
)  # fmt: skip
"""Of the first thousand networks twenty with nine processes at most: all ops, and what folds of
convolutions there are. 1003 stood still once: its padding has to write before the pool in front of
it has read a pixel. The bench stopped 1022 while a layer computed a pixel that is cropped. 1041 has
a convolution that drops one pixel behind its windows. Twenty others of any size are in the grid
tier."""


def test_all_ops_and_folds_of_convolutions_occur() -> None:
    graphs = [random_network(seed) for seed in EVERYDAY]
    assert {type(op) for graph in graphs for op in graph.ops} == set(OPS)
    assert {len(graph.inputs) for graph in graphs} == {1, 2}
    folded = set[tuple[str, str]]()
    for seed, graph in zip(EVERYDAY, graphs, strict=True):
        for name, fold in random_folding(graph, seed).folds.items():
            op = graph[name]
            if isinstance(op, Convolution):
                lanes, skips = fold.lanes > 1, bool(op.pixel_steps(fold).listed)
                traits = {"pe": fold.pe > 1, "simd": fold.simd > 1, "taps": fold.taps > 1}
                traits |= {"lanes": lanes, "zero steps": skips}
                folded |= {(op.kind, trait) for trait, has in traits.items() if has}
    for trait in ("pe", "simd", "taps", "zero steps"):
        assert ("Conv2D", trait) in folded
    assert {kind for kind, _ in folded} == {"Conv2D", "DepthwiseConv2D", "ConvTranspose2D"}
    assert any(trait == "lanes" for _, trait in folded)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> RandomNetworks:
    return RandomNetworks(EVERYDAY, tmp_path_factory.mktemp("networks"))


def check(networks: RandomNetworks) -> None:
    for stall in (0.0, 0.4):
        found = networks.simulate(stall)
        assert found.finished
        assert networks.wrong(found) == {}


def test_every_stream_of_twenty_networks(twenty: RandomNetworks) -> None:
    check(twenty)


@pytest.mark.grid
@pytest.mark.parametrize("first", range(0, 20, 4))
def test_every_stream_of_larger_networks(tmp_path: Path, first: int) -> None:
    check(RandomNetworks(range(first, first + 4), tmp_path))


def test_a_wrong_weight_is_seen_in_its_network_from_its_layer_on(twenty: RandomNetworks) -> None:
    """The oracle gets it, which costs no second model: RTL and oracle differ either way."""
    graph, frames = twenty.graphs["net244_"]
    conv = next(op for op in graph.ops if isinstance(op, Convolution))
    twenty.graphs["net244_"] = with_one_weight_changed(graph, conv), frames
    try:
        wrong = twenty.wrong(twenty.simulate())
    finally:
        twenty.graphs["net244_"] = graph, frames
    assert f"net244_{conv.name}" in wrong
    assert all(name.startswith("net244_") for name in wrong)


def with_one_weight_changed(graph: Graph, conv: Convolution) -> Graph:
    fmt, codes = conv.weight.format, conv.weight.codes.copy()
    codes.flat[0] = fmt.min_code if codes.flat[0] == fmt.max_code else fmt.max_code
    changed = replace(conv, weight=Constant(codes, fmt))
    return replace(graph, ops=tuple(changed if op is conv else op for op in graph.ops))
