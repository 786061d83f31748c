"""A whole set of frames through the C simulation, part by part, on all cores.

Each part is simulated by a process of its own, compared with the oracle, and its traces are written
over by the next one. So memory and disk hold a few parts, however many frames there are.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import (
    RUN_FOLDER,
    Interrupted,
    class_maps,
    compare_with_oracle,
    frame_count,
    simulate,
    traced,
)
from fcn_hw.ir import Graph, outputs

PART_FRAMES = 64
"""Two calls of the top function with all lanes: the second one meets what the first one left."""

MOST_JOBS = 8


@dataclass(frozen=True)
class WholeSet:
    """What a simulation of all frames found.

    Args:
        frames: simulated.
        seconds: of simulation and comparison together, without compilation.
        compared: every traced tensor against the oracle; empty if nothing was to be compared.
        class_maps: (N, H, W) of each output that is one, mapped from a file.
    """

    frames: int
    seconds: float
    compared: dict[str, Comparison]
    class_maps: dict[str, npt.NDArray[np.uint8]]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def simulate_set(
    graph: Graph,
    project: Path,
    codes: Mapping[str, npt.NDArray[np.integer]],
    *,
    folder: str = RUN_FOLDER,
    compare: bool = True,
    jobs: int | None = None,
    part_frames: int = PART_FRAMES,
    first_frame: int = 0,
    maps_prefix: str = "",
    on_frame: Callable[[int], None] | None = None,
) -> WholeSet:
    """Runs the built simulation on all frames and compares every tensor.

    Args:
        codes: (N, H, W, C) of each input, any integer type; read part by part.
        folder: of the program, below the project.
        compare: with the oracle; without, only the class maps are kept.
        jobs: parts at a time, a core each.
        first_frame: number of the first frame in a larger set, for what differs.
        maps_prefix: of ``<output>.u8``, the file of a class map in the program's folder: all
            frames, row after row.
        on_frame: called with the number of frames that are done.

    Raises:
        ToolFailed: the program failed, or a stream was read empty or left with data.
    """
    started, count = time.monotonic(), frame_count(codes)
    slots: SimpleQueue[str] = SimpleQueue()
    jobs = min(jobs or cores(), MOST_JOBS)
    # few frames are shared out, but a part of fewer than half the lanes would save nothing
    share = max(PART_FRAMES // 4, -(-count // jobs))
    part_frames = min(part_frames, share)
    for number in range(jobs):
        slots.put(f"part{number}")
    maps = _class_map_files(graph, project / folder, maps_prefix, count)
    stop, lock = threading.Event(), threading.Lock()
    done = 0

    def one(first: int) -> dict[str, Comparison]:
        nonlocal done
        if stop.is_set():
            raise Interrupted
        slot = slots.get()
        try:
            part = {name: item[first : first + part_frames] for name, item in codes.items()}
            finished = simulate(graph, project, part, folder=folder, part=slot, stop=stop)
            for name, item in class_maps(graph, finished).items():
                maps[name][first : first + finished.frames] = item
            number = first_frame + first
            found = (
                compare_with_oracle(graph, finished, part, first_frame=number) if compare else {}
            )
        except BaseException:
            stop.set()
            raise
        finally:
            slots.put(slot)
        with lock:
            done += finished.frames
            if on_frame is not None:
                on_frame(done)
        return found

    # a part has a core: threads of BLAS beside it would only wait for one another
    with threadpool_limits(1), ThreadPoolExecutor(max_workers=jobs) as pool:
        parts = [pool.submit(one, first) for first in range(0, count, part_frames)]
        try:
            found = _results(parts)
        except BaseException:  # Ctrl-C reaches this thread only
            stop.set()
            raise
    for number in range(jobs):
        shutil.rmtree(project / folder / f"part{number}", ignore_errors=True)
    compared = {name: Comparison(name) for name in traced(graph)} if compare else {}
    for item in found:
        compared = {name: sofar.followed_by(item[name]) for name, sofar in compared.items()}
    return WholeSet(count, time.monotonic() - started, compared, maps)


def _results(parts: Sequence[Future[dict[str, Comparison]]]) -> list[dict[str, Comparison]]:
    """What all parts found; what stopped them, not that they were stopped."""
    wait(parts)
    errors = [error for error in (part.exception() for part in parts) if error is not None]
    for error in errors:
        if not isinstance(error, Interrupted):
            raise error
    return [part.result() for part in parts]


def _class_map_files(
    graph: Graph, folder: Path, prefix: str, frames: int
) -> dict[str, npt.NDArray[np.uint8]]:
    folder.mkdir(parents=True, exist_ok=True)
    return {
        name: np.memmap(
            folder / f"{prefix}{name}.u8",
            dtype=np.uint8,
            mode="w+",
            shape=(frames, *graph.tensor(name).shape[:2]),
        )
        for name in outputs.class_maps(graph)
    }
