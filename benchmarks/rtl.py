"""``python -m benchmarks.rtl``: fcn_hw's own compiler and the simulation of its RTL.

Of networks with random weights, or of an exported graph: processor time from C++ to Verilog, the
same again when nothing changed, Verilator and clang, and clocks that one core simulates in a
second. Processor time is that of all processes; csynth's holds folds, FIFO depths and lint of the
project, the simulator's the oracle's codes as well.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import fcn_hw
from benchmarks.networks import NETWORKS, camvid_fcn8s
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import save
from fcn_hw.rtl.reports import RtlCosim, RtlSynthesis

BOARD = "pynq-z2"
CHOICES: dict[str, Callable[[], Graph]] = {**NETWORKS, "camvid_fcn8s": camvid_fcn8s}
T = TypeVar("T")


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rtl", description=__doc__)
    parser.add_argument("--network", choices=list(CHOICES), action="append", help="only this one")
    parser.add_argument("--graph", type=Path, help="only the graph of this folder")
    parser.add_argument("--images", type=int, default=2, help="frames that are simulated")
    options = parser.parse_args()
    print("| network | processes | csynth, s | again, s | simulator, s | clocks/s | interval |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    if options.graph is not None:
        print(measure(options.graph, options.images), flush=True)
        return
    for name in options.network or ["skip_fcn"]:
        with tempfile.TemporaryDirectory(prefix="fcn_hw_bench_") as folder:
            save(CHOICES[name](), Path(folder))
            print(measure(Path(folder), options.images), flush=True)


def measure(graph: Path, images: int) -> str:
    """A row of the table.

    Args:
        graph: a graph's folder.
        images: frames that are simulated.
    """
    with tempfile.TemporaryDirectory(prefix="fcn_hw_bench_") as folder:
        project = Path(folder)

        def compiled() -> object:
            return fcn_hw.csynth_graph(graph, BOARD, project, compiler="fcn_hw")

        first, csynth_s = _processor_s(compiled)
        _, again_s = _processor_s(compiled)
        found, both_s = _processor_s(
            lambda: fcn_hw.cosim_graph(graph, BOARD, project, compiler="fcn_hw", images=images)
        )
    assert isinstance(found, RtlCosim) and isinstance(first, RtlSynthesis)
    return (
        f"| {first.design} | {len(first.processes)} | {csynth_s:.1f} | {again_s:.1f} | "
        f"{both_s - found.seconds:.1f} | {found.clocks / found.seconds:,.0f} | {found.interval:,} |"
    )


def _processor_s(work: Callable[[], T]) -> tuple[T, float]:
    """The result, and the processor time of this process and of its children that have ended."""
    before = os.times()
    result = work()
    after = os.times()
    return result, sum(after[:4]) - sum(before[:4])


if __name__ == "__main__":
    main()
