"""Whole networks at 192x256 pixels as RTL in Verilator: every stream against the oracle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from published_networks import enet

import fcn_hw
from benchmarks.networks import camvid_fcn8s
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.qkeras import export
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import save
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.rtl.reports import RtlCosim

pytestmark = [pytest.mark.slow, pytest.mark.rtl, pytest.mark.gxx]


def published_enet() -> Graph:
    return run_passes(export(enet(192, 256), parse_format("ufixed<8,0>"), name="enet").graph)


@pytest.mark.parametrize("network", [camvid_fcn8s, published_enet])
def test_codes_are_the_oracles_and_clocks_those_of_the_estimate(
    network: Callable[[], Graph], tmp_path: Path
) -> None:
    save(network(), tmp_path / "graph")
    found = fcn_hw.cosim_graph(
        tmp_path / "graph", "pynq-z2", tmp_path / "project", compiler="fcn_hw", images=2
    )
    assert isinstance(found, RtlCosim)
    assert found.interval is not None  # a wrong code is an error
    assert found.interval == pytest.approx(found.estimated_interval, rel=0.001)
    assert found.interval <= found.modelled_interval
    assert found.first_frame <= found.modelled_first_frame
