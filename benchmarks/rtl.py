"""``python -m benchmarks.rtl``: fcn_hw's own compiler and the simulation of its RTL.

Of networks with random weights: processor time from C++ to Verilog, the same again when nothing
changed, Verilator and g++, and clocks that one core simulates in a second. Processor time is that
of all processes; csynth's holds folds, FIFO depths and lint of the project.
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
    print("| network | processes | csynth, s | again, s | simulator, s | clocks/s | interval |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in parser.parse_args().network or ["skip_fcn"]:
        print(measure(name), flush=True)


def measure(name: str) -> str:
    """A row of the table."""
    with tempfile.TemporaryDirectory(prefix="fcn_hw_bench_") as text:
        graph, project = Path(text) / "graph", Path(text) / "project"
        save(CHOICES[name](), graph)

        def compiled() -> object:
            return fcn_hw.csynth_graph(graph, BOARD, project, compiler="fcn_hw")

        first, csynth_s = _processor_s(compiled)
        _, again_s = _processor_s(compiled)
        found, both_s = _processor_s(
            lambda: fcn_hw.cosim_graph(graph, BOARD, project, compiler="fcn_hw", images=2)
        )
    assert isinstance(found, RtlCosim) and isinstance(first, RtlSynthesis)
    return (
        f"| {name} | {len(first.processes)} | {csynth_s:.1f} | {again_s:.1f} | "
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
