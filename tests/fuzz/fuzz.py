"""Many random networks through oracle, C++ and FIFO sizing: ``make fuzz``.

For each network: the emitted C++ runs on FIFOs of the sized depths without a deadlock and gives the
oracle's codes; every FIFO that can deadlock is enough at its proved least depth and, one pixel
shorter, deadlocks. With ``--rtl`` the Verilog of fcn_hw's own compiler has the oracle's codes in
every stream, with and without random stalls.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from bounded_bench import random_benches

from fcn_hw.errors import FcnHwError

FIRST_SEED = 1000  # those below are run by the tests
CHUNK = 20
"""Networks whose projects are on disk at a time."""
IN_A_MODEL = 4
"""Networks that Verilator builds together."""


def main(arguments: Iterable[str] | None = None) -> int:
    """Exit status 1 if a network fails; its seed and its project's folder are printed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, help="default: 1000, with --rtl 200")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--jobs", type=int, default=2, help="compilations at a time, or simulators")
    parser.add_argument("--rtl", action="store_true", help="the Verilog instead of the C++")
    options = parser.parse_args(None if arguments is None else list(arguments))

    folder = Path(tempfile.mkdtemp(prefix="fcn_hw_fuzz_"))
    networks = options.networks or (200 if options.rtl else 1000)
    seeds = range(options.first_seed, options.first_seed + networks)
    started, failed, skips = time.monotonic(), 0, 0
    pairs = (rtl_results if options.rtl else results)(seeds, folder, options.jobs)
    for done, (seed, found) in enumerate(pairs, start=1):
        if isinstance(found, AssertionError):
            failed += 1
            print(f"seed {seed}: {found}; project: {folder / f'net{seed}'}", flush=True)
        else:
            skips += found
        if done % CHUNK == 0:
            seconds = time.monotonic() - started
            print(f"{done} networks, {skips} skips, {failed} failed, {seconds:.0f} s", flush=True)
    if not failed:
        shutil.rmtree(folder)
    print(f"{len(seeds)} networks, {skips} FIFOs that can deadlock, {failed} networks failed")
    return 1 if failed else 0


def results(seeds: range, folder: Path, jobs: int) -> Iterator[tuple[int, int | AssertionError]]:
    """For each seed, how many FIFOs were cut, or what failed."""
    for first in range(0, len(seeds), CHUNK):
        chunk = seeds[first : first + CHUNK]
        for seed, bench in zip(chunk, random_benches(chunk, folder, jobs), strict=True):
            try:
                yield seed, bench.check(every_skip=True)
            except AssertionError as error:
                yield seed, error
                continue
            shutil.rmtree(bench.project)


def rtl_results(
    seeds: range, folder: Path, jobs: int
) -> Iterator[tuple[int, int | AssertionError]]:
    """For each seed 0, or what failed.

    Several networks share a model, whose build costs more than theirs do. If it fails, each gets
    its own, to tell whose fault it is.
    """
    parts = [seeds[first : first + IN_A_MODEL] for first in range(0, len(seeds), IN_A_MODEL)]
    with ThreadPoolExecutor(jobs) as pool:
        for part, together in zip(
            parts, pool.map(partial(rtl_failure, folder), parts), strict=True
        ):
            alone = {seed: together and rtl_failure(folder, range(seed, seed + 1)) for seed in part}
            if together and not any(alone.values()):
                alone[part[0]] = together
            for seed, failure in alone.items():
                yield seed, failure or 0


def rtl_failure(folder: Path, seeds: range) -> AssertionError | None:
    """What is wrong with the Verilog of some networks; their folder stays if something is."""
    from rtl_networks import RandomNetworks

    project = folder / (f"net{seeds[0]}" if len(seeds) == 1 else f"nets{seeds[0]}")
    try:
        networks = RandomNetworks(seeds, project)
        for stall in (0.0, 0.4):
            found = networks.simulate(stall)
            assert found.finished, f"it stands still with {stall:.0%} of stalls"
            assert not networks.wrong(found), networks.wrong(found)
    except (AssertionError, FcnHwError) as error:
        return AssertionError(error)
    shutil.rmtree(project)
    return None


if __name__ == "__main__":
    sys.exit(main())
