"""A worker of a search without a network: a process that takes trials from a desk.

python search_worker.py STORAGE FOLDER TARGET SECONDS
Every evaluation that it begins or ends is a line of FOLDER/log.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from fcn_hw.design import Design
from fcn_hw.studies.search.desk import Desk
from fcn_hw.studies.search.owners import Watch
from fcn_hw.studies.search.place import place_of
from fcn_hw.studies.search.space import Configuration, Space, space_of, stored_bits

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


def desk_of(storage: str, target: int, stale_s: float = 3.0, seed: int = 1) -> Desk:
    place = place_of(storage, Path("unused"))
    watch = Watch(stale_s=stale_s)
    return Desk(place, STUDY, small_space(), target=target, seed=seed, watch=watch)


def value(chosen: Configuration) -> tuple[float, float]:
    """More bits, better and dearer."""
    bits = sum(map(stored_bits, chosen.weights.values())) + sum(chosen.activations.values())
    return 1 - 1 / bits, float(bits)


def main() -> None:
    storage, folder, target, seconds = sys.argv[1:]
    desk = desk_of(storage, int(target), seed=os.getpid())

    def say(what: str, digest: str) -> None:
        with (Path(folder) / "log").open("a") as file:
            file.write(f"{what} {os.getpid()} {digest}\n")

    while (job := desk.next()) is not None:
        with desk.beating(job, every_s=0.5):
            say("begin", job.configuration.digest)
            time.sleep(float(seconds))
        if desk.finish(job, value(job.configuration), {"costs": {}}):
            say("end", job.configuration.digest)


if __name__ == "__main__":
    main()
