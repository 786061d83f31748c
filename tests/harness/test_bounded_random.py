"""Random whole networks: oracle = C++, and the sized FIFOs hold in the C++ itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from bounded_bench import random_benches
from random_networks import random_network

from fcn_hw.ir.ops import OPS
from fcn_hw.ir.serialize import digest

SEEDS = range(40)


def test_all_ops_occur() -> None:
    kinds = {type(op) for seed in SEEDS for op in random_network(seed).ops}
    assert kinds == set(OPS)


def test_seed_is_all_that_matters() -> None:
    digests = [digest(random_network(seed)) for seed in SEEDS]
    assert digests == [digest(random_network(seed)) for seed in SEEDS]
    assert len(set(digests)) == len(SEEDS)


@pytest.mark.gxx
def test_random_networks(tmp_path: Path) -> None:
    """Sized depths: no deadlock, no wrong code; the tightest skip cut below its least: deadlock."""
    cut = [bench.check() for bench in random_benches(SEEDS, tmp_path)]
    assert sum(cut) >= len(SEEDS) // 2
