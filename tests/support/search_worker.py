"""A run of a search without a network: a process that takes trials and evaluates them.

python search_worker.py STORAGE FOLDER TARGET SECONDS
Every evaluation that it begins or ends is a line of FOLDER/log.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from fcn_hw.design import Design
from fcn_hw.studies.search.space import Configuration, Space, space_of, stored_bits
from fcn_hw.studies.search.storage import storage_of
from fcn_hw.studies.search.trials import Trials

STUDY = "test"


def small_space(limit: float | None = None, weights: tuple[int, ...] = (2, 4)) -> Space:
    design = Design.model_validate(
        {
            "name": "tiny",
            "dataset": {"kind": "digit_scenes", "height": 16, "width": 16},
            "network": {"kind": "fcn32s", "filters": [2, 3]},
        }
    )
    return space_of(design, weights=weights, activations=(2, 4), max_average_bits=limit)


def trials_of(storage: str, target: int, stale_s: int = 3, seed: int = 1) -> Trials:
    return Trials(
        storage_of(storage, Path("unused")), STUDY, small_space(),
        target=target, seed=seed, beat_s=1, stale_s=stale_s,
    )  # fmt: skip


def value(chosen: Configuration) -> tuple[float, float]:
    """More bits, better and dearer."""
    bits = sum(map(stored_bits, chosen.weights.values())) + sum(chosen.activations.values())
    return 1 - 1 / bits, float(bits)


def main() -> None:
    storage, folder, target, seconds = sys.argv[1:]
    trials = trials_of(storage, int(target), seed=os.getpid())

    def say(what: str, digest: str) -> None:
        with (Path(folder) / "log").open("a") as file:
            file.write(f"{what} {os.getpid()} {digest}\n")

    with trials.heartbeats():
        while True:
            taken = trials.next()
            if taken is None:
                if not trials.counts().running:
                    return
                time.sleep(0.1)
                continue
            say("begin", taken.configuration.digest)
            time.sleep(float(seconds))
            if trials.finish(taken, value(taken.configuration), {"costs": {}}):
                say("end", taken.configuration.digest)


if __name__ == "__main__":
    main()
