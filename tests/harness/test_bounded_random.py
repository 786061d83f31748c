"""Random whole networks: oracle = C++, and the sized FIFOs hold in the C++ itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from bounded_bench import random_benches
from random_networks import random_network
from tiers import BOTH_TIERS, of_tier

from fcn_hw.ir.serialize import digest
from fcn_hw.ops import OPS

SEEDS = range(40)


def kinds_of(seed: int) -> frozenset[type]:
    return frozenset(type(op) for op in random_network(seed).ops)


@pytest.mark.parametrize("tier", ["everyday", "rest"])
def test_all_ops_occur(tier: str) -> None:
    assert frozenset().union(*map(kinds_of, of_tier(SEEDS, tier, kinds_of))) == set(OPS)


def test_seed_is_all_that_matters() -> None:
    digests = [digest(random_network(seed)) for seed in SEEDS]
    assert digests == [digest(random_network(seed)) for seed in SEEDS]
    assert len(set(digests)) == len(SEEDS)


@pytest.mark.gxx
@BOTH_TIERS
def test_random_networks(tmp_path: Path, tier: str) -> None:
    """Sized depths: no deadlock, no wrong code; the tightest skip cut below its least: deadlock."""
    seeds = of_tier(SEEDS, tier, kinds_of)
    cut = [bench.check() for bench in random_benches(seeds, tmp_path)]
    assert sum(cut) >= len(seeds) // 2
