"""Random whole networks through fcn_hw's own compiler: several of them in one simulated model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dataflow_graphs import random_folding
from random_graphs import random_frames
from random_networks import random_network

from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import Layout
from fcn_hw.boards import load_board
from fcn_hw.dataflow.fifos import size_fifos
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.fixed import Codes
from fcn_hw.harness.traces import write_frames
from fcn_hw.ir import Graph
from fcn_hw.ops import Tensor
from fcn_hw.reference import evaluate
from fcn_hw.rtl.bench import (
    FOLDER,
    RESULT,
    Frames,
    Simulated,
    plan_run,
    plan_simulator,
    read_simulated,
)
from fcn_hw.rtl.compile import Compiled, compile_calls, verilog_files
from fcn_hw.rtl.front_end import ProcessSource
from fcn_hw.rtl.network import (
    Call,
    Network,
    StreamSpec,
    read_network,
    support_files,
    top_verilog,
)
from fcn_hw.tools.runner import run

FRAMES = 3
PERIOD_NS = 20.0
"""Codes, not clocks: the networks have wide formats."""


class RandomNetworks:
    """The networks of some seeds, with FIFOs of the sized depths; compiled and built once.

    All in one process: workers would cost more to start than a network costs to compile.
    """

    def __init__(self, seeds: Iterable[int], folder: Path) -> None:
        self.folder = folder
        self.tensors: dict[str, Tensor] = {}
        self.graphs: dict[str, tuple[Graph, dict[str, Codes]]] = {}
        self.streams: dict[str, StreamSpec] = {}
        self.calls: list[Call] = []
        self.compiled: dict[str, Compiled] = {}
        for seed in seeds:
            self._add(seed)
        self.network = Network("networks", self.streams, tuple(self.calls), {})
        modules = verilog_files({name: item.verilog for name, item in self.compiled.items()})
        modules |= {**support_files(), "networks.v": top_verilog(self.network, taps=True)}
        frames = {
            name: Frames(tensor.format.code_bytes, tensor.height * tensor.width)
            for name, tensor in self.tensors.items()
        }
        run(plan_simulator(self.network, modules, frames, optimize="-O0"), folder)

    def _add(self, seed: int) -> None:
        graph, board = random_network(seed), load_board("pynq-z2")
        hls, folding, dataflow = Hls(), random_folding(graph, seed), lower(graph)
        sized = size_fifos(dataflow, folding.folds).depths
        files = plan_project(graph, board, hls, Layout(folding, dataflow.with_depths(sized))).files
        own = read_network(
            graph.name,
            files,
            {
                process.name: ([s.name for s in process.inputs], [s.name for s in process.outputs])
                for process in dataflow.processes
            },
        )
        network = _prefixed(own, f"{graph.name}_")
        compile_calls(
            network, network.calls, self.folder / graph.name, family="7series",
            period_ns=PERIOD_NS, jobs=1, on_done=self.compiled.__setitem__,
        )  # fmt: skip
        self.streams |= network.streams
        self.calls += network.calls
        for process in dataflow.processes:
            for stream in (*process.inputs, *process.outputs):
                self.tensors[f"{graph.name}_{stream.name}"] = stream.tensor
        self.graphs[f"{graph.name}_"] = graph, random_frames(graph, seed, FRAMES)

    def simulate(self, stall: float = 0.0) -> Simulated:
        """All frames of all networks, back to back."""
        part = self.folder / FOLDER / "run"
        part.mkdir(parents=True, exist_ok=True)
        for prefix, (graph, frames) in self.graphs.items():
            own = {name: t for name, t in self.tensors.items() if name.startswith(prefix)}
            known = {**frames, **evaluate(graph, frames, keep=tuple(t.name for t in own.values()))}
            for name, tensor in own.items():
                end = "in" if name in self.network.inputs else "expected"
                write_frames(part / f"{name}.{end}", known[tensor.name], tensor.format)
        run(plan_run(stall=stall, seed=7), self.folder)
        return read_simulated(part / RESULT)

    def wrong(self, found: Simulated) -> dict[str, str]:
        """What is wrong with each stream that is not right."""
        problems = {}
        for name, seen in found.streams.items():
            pixels = FRAMES * self.tensors[name].height * self.tensors[name].width
            if seen.wrong or seen.pixels != pixels:
                problems[name] = f"{seen.wrong} wrong codes, {seen.pixels} of {pixels} pixels"
        return problems


def _prefixed(network: Network, prefix: str) -> Network:
    """The same network with other names in RTL, beside which others have room."""
    calls = []
    for call in network.calls:
        source = call.source
        aliases = " ".join(f"auto &{s} = {prefix}{s};" for s in source.streams)
        renamed = ProcessSource(
            f"{prefix}{source.name}", source.prelude, f"{aliases} {source.call}", source.marks,
            {f"{prefix}{s}": kind for s, kind in source.streams.items()},
        )  # fmt: skip
        reads, writes = (tuple(f"{prefix}{s}" for s in ends) for ends in (call.reads, call.writes))
        calls.append(Call(renamed, reads, writes))
    streams = {
        f"{prefix}{name}": StreamSpec(f"{prefix}{name}", s.pixel, s.depth, s.storage)
        for name, s in network.streams.items()
    }
    return Network(network.name, streams, tuple(calls), network.headers)
