"""``python -m benchmarks``: hls4ml and fcn_hw in pairs, on the same graphs, in one run.

In each round one simulates right after the other, so that what else the machine does weighs on
both; a ratio is that of one round. It runs as its users run it: ``compile()``, then
``predict()``, which takes one core. fcn_hw takes all cores that this process may use. The codes of
both are compared with the oracle.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console

from benchmarks.machine import facts
from benchmarks.networks import NETWORKS, camvid_fcn8s, images
from benchmarks.spread import spread
from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import choose_structure
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.files import replace_file
from fcn_hw.flow.build import BUILD_JOBS, build_program
from fcn_hw.flow.progress import Progress
from fcn_hw.harness.csim import plan_lanes_build
from fcn_hw.harness.lanes import lanes_of
from fcn_hw.harness.whole_set import cores, simulate_set
from fcn_hw.ir import Graph
from fcn_hw.ir.macs import total_macs
from fcn_hw.tools.runner import run, write_files

RESULTS = Path(__file__).parent / "results.json"
BOARD = "pynq-z2"
ROUNDS = 5
HLS4ML_IMAGES = 2
"""Images of a round; hls4ml computes one or two a second."""

OUR_IMAGES = 512
COMPARED_IMAGES = 512

T = TypeVar("T")


class Hls4mlPeer:
    """hls4ml in a process of its own: see :mod:`benchmarks.hls4ml_peer`."""

    def __init__(self, name: str, folder: Path, rounds: int) -> None:
        self.log = (folder / "hls4ml.log").open("w")
        words = [name, str(folder / "hls4ml"), str(HLS4ML_IMAGES), str(rounds)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.hls4ml_peer", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )  # fmt: skip

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            log = Path(self.log.name).read_text(errors="replace")[-2000:]
            raise SystemExit(f"hls4ml ended with status {self.process.wait()}:\n{log}")
        found: dict[str, Any] = json.loads(line)
        return found

    def simulate(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        print("simulate", file=self.process.stdin, flush=True)
        return self.answer()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def main() -> None:
    """Prints the pairs and writes ``benchmarks/results.json``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--network", choices=list(NETWORKS), action="append", help="only this one")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    machine = facts("hls4ml", "numpy")
    found = {}
    for name in options.network or NETWORKS:
        with tempfile.TemporaryDirectory(prefix="fcn_hw_bench_") as folder:
            found[name] = measure(name, Path(folder), options.rounds)
        show(name, found[name])
    with tempfile.TemporaryDirectory(prefix="fcn_hw_bench_") as folder:
        compiled = compile_camvid(Path(folder), options.rounds)
    print(
        f"\n{compiled['network']}: compile {compiled['cold_s']['median']:.1f} s cold, "
        f"{compiled['unchanged_s']['median']:.3f} s when nothing changed"
    )
    document = {
        "command": "make bench",
        "machine": machine,
        "rounds": options.rounds,
        "networks": found,
        "compile": compiled,
    }
    replace_file(options.output, json.dumps(document, indent=1) + "\n")
    print(f"\n{options.output.name} written")


def measure(name: str, folder: Path, rounds: int) -> dict[str, Any]:
    """One network, hls4ml and ours."""
    graph, board, hls = NETWORKS[name](), load_board(BOARD), Hls(ReuseFactor="auto")
    hls4ml = Hls4mlPeer(name, folder, rounds)
    try:
        hls4ml_convert_s = hls4ml.answer()[
            "convert_s"
        ]  # ours waits, so that neither disturbs the other
        hls4ml_compile_s = hls4ml.answer()["compile_s"]
        structure, sizing_s = timed(lambda: choose_structure(graph, board, hls), rounds)
        project = folder / "ours"

        def emit() -> None:
            shutil.rmtree(project, ignore_errors=True)
            write_files(plan_project(graph, board, hls, structure.layout), project)

        _, emission_s = timed(emit, rounds)
        started = time.monotonic()
        run(plan_lanes_build(graph), project, jobs=cores())
        compile_s = time.monotonic() - started
        pairs = [_round(graph, project, hls4ml) for _ in range(rounds)]
    finally:
        hls4ml.close()
    mega_macs = total_macs(graph) / 1e6
    return {
        "mega_macs": round(mega_macs, 3),
        "lanes": lanes_of(graph),
        "convert_s": _pair(hls4ml_convert_s, emission_s, faster_is="less"),
        "compile_s": _pair([hls4ml_compile_s], [compile_s], faster_is="less"),
        "csim_images_per_s": _pair(
            [pair["hls4ml"] for pair in pairs], [pair["ours"] for pair in pairs], faster_is="more"
        ),
        "csim_images_per_cpu_s": _pair(
            [pair["hls4ml_cpu"] for pair in pairs],
            [pair["ours_cpu"] for pair in pairs],
            faster_is="more",
        ),
        "csim_compared_images_per_s": _pair(
            [pair["hls4ml"] for pair in pairs],
            [pair["compared"] for pair in pairs],
            faster_is="more",
        ),
        "csim_compared_images_per_cpu_s": _pair(
            [pair["hls4ml_cpu"] for pair in pairs],
            [pair["compared_cpu"] for pair in pairs],
            faster_is="more",
        ),
        "fifo_sizing_s": spread(sizing_s),
        "project_emission_s": spread(emission_s),
        "mismatches": {
            "hls4ml": sum(pair["hls4ml_mismatches"] for pair in pairs),
            "ours": sum(pair["our_mismatches"] for pair in pairs),
        },
    }


def compile_camvid(folder: Path, rounds: int) -> dict[str, Any]:
    """The ``build`` step of csim, for the network of ``camvid_fcn8s``: cold, then unchanged.

    Unchanged includes what tells so: the digests of all sources and of the program.
    """
    graph, board, hls = camvid_fcn8s(), load_board(BOARD), Hls(ReuseFactor="auto")
    plan = plan_project(graph, board, hls, choose_structure(graph, board, hls).layout)
    write_files(plan, folder)
    quiet = Progress(Console(stderr=True), quiet=True)

    def compiles() -> bool:
        return build_program(plan_lanes_build(graph), folder, quiet) is not None

    started, processor = time.monotonic(), _processor_s()
    assert compiles()
    cold_s, processor = time.monotonic() - started, _processor_s() - processor
    again, unchanged_s = timed(compiles, rounds)
    assert not again, "compiled again, though nothing changed"
    return {
        "network": graph.name,
        "mega_macs": round(total_macs(graph) / 1e6, 3),
        "jobs": BUILD_JOBS,
        "cold_s": spread([cold_s]),
        "cold_processor_s": spread([processor]),
        "unchanged_s": spread(unchanged_s),
    }


def _frames(graph: Graph, count: int) -> dict[str, np.ndarray]:
    """Frames of the only input, by its name."""
    return {graph.inputs[0].name: images(graph, count)}


def _round(graph: Graph, project: Path, hls4ml: Hls4mlPeer) -> dict[str, Any]:
    theirs = hls4ml.simulate()
    processor = _processor_s()
    ours = simulate_set(graph, project, _frames(graph, OUR_IMAGES), compare=False)
    processor = _processor_s() - processor
    compared_cpu = _processor_s()
    compared = simulate_set(graph, project, _frames(graph, COMPARED_IMAGES))
    compared_cpu = _processor_s() - compared_cpu
    return {
        "hls4ml": HLS4ML_IMAGES / theirs["seconds"],
        "hls4ml_cpu": HLS4ML_IMAGES / theirs["cpu_seconds"],
        "ours_cpu": ours.frames / processor,
        "hls4ml_mismatches": theirs["mismatches"],
        "ours": ours.frames / ours.seconds,
        "compared_cpu": compared.frames / compared_cpu,
        "compared": compared.frames / compared.seconds,
        "our_mismatches": sum(item.mismatches for item in compared.compared.values()),
    }


def _processor_s() -> float:
    """Processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def timed(work: Callable[[], T], rounds: int) -> tuple[T, list[float]]:
    """The result of the last round, and the seconds of every round; the first one only warms up."""
    work()
    seconds = []
    for _ in range(rounds):
        started = time.monotonic()
        result = work()
        seconds.append(time.monotonic() - started)
    return result, seconds


def _pair(hls4ml: list[float], ours: list[float], faster_is: str) -> dict[str, Any]:
    """Both, and how many times faster ours is, round by round."""
    pairs = zip(hls4ml, ours, strict=True)
    ratios = [s / o if faster_is == "less" else o / s for s, o in pairs]
    return {"hls4ml": spread(hls4ml), "ours": spread(ours), "ratio": spread(ratios)}


def show(name: str, found: dict[str, Any]) -> None:
    """A block of lines for one network."""
    print(f"\n{name}: {found['mega_macs']:.1f} MMAC an image, {found['lanes']} frames side by side")
    print(f"  {'':34}{'hls4ml':>12}{'fcn_hw':>12}{'times faster':>16}   least .. most")
    for key, label in (
        ("convert_s", "convert and write the project, s"),
        ("compile_s", "compile, s"),
        ("csim_images_per_s", "csim, images/s"),
        ("csim_images_per_cpu_s", "csim, images/s of one core"),
        ("csim_compared_images_per_s", "csim + every tensor compared"),
        ("csim_compared_images_per_cpu_s", "the same, images/s of one core"),
    ):
        pair = found[key]
        ratio = pair["ratio"]
        print(
            f"  {label:34}{pair['hls4ml']['median']:12.3f}{pair['ours']['median']:12.3f}"
            f"{ratio['median']:16.2f}   {ratio['least']:.2f} .. {ratio['most']:.2f}"
        )
    for key, label in (
        ("fifo_sizing_s", "folds and FIFO sizing, s"),
        ("project_emission_s", "emission, s"),
    ):
        print(f"  {label:34}{'-':>12}{found[key]['median']:12.3f}")
    wrong = found["mismatches"]
    print(f"  codes that differ from the oracle: hls4ml {wrong['hls4ml']}, fcn_hw {wrong['ours']}")


if __name__ == "__main__":
    main()
