"""Random whole networks in RTL: every stream against the oracle, with and without stalls."""

from __future__ import annotations

from pathlib import Path

import pytest
from rtl_networks import RandomNetworks

pytestmark = pytest.mark.rtl

EVERYDAY = (9,)
"""The network of least pixels. The others cost a minute of processor time each four."""

CHUNKS = [pytest.param(EVERYDAY, id="everyday")] + [
    pytest.param(range(first, first + 4), id=f"from {first}", marks=pytest.mark.grid)
    for first in range(0, 20, 4)
]


@pytest.mark.parametrize("seeds", CHUNKS)
def test_every_stream_of_random_networks(tmp_path: Path, seeds: range) -> None:
    networks = RandomNetworks(seeds, tmp_path)
    for stall in (0.0, 0.4):
        found = networks.simulate(stall)
        assert found.finished
        assert networks.wrong(found) == {}
