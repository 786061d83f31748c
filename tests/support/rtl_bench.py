"""Sends op headers through fcn_hw's own compiler: all cases of a test in one simulated network.

Each case is a process with ports for its streams, so one Verilator model holds them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from header_bench import Case

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.op_emission import emit_op
from fcn_hw.harness.traces import write_frames
from fcn_hw.ops import Tensor
from fcn_hw.reference import evaluate
from fcn_hw.resources import data_folder
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
from fcn_hw.rtl.front_end import ProcessSource, prepared
from fcn_hw.rtl.if_conversion import PixelType
from fcn_hw.rtl.network import Call, Network, StreamSpec, support_files, top_verilog
from fcn_hw.tools.runner import run

JOBS = 2

Fault = tuple[str, Callable[[re.Match[str]], str]]
"""A pattern in the Verilog of a process, and what stands there instead."""


class CaseNetwork:
    """The cases as processes of one network; compiled and built once, simulated at will."""

    def __init__(
        self,
        cases: list[Case],
        folder: Path,
        period_ns: float = 10.0,
        family: str = "7series",
    ) -> None:
        self.cases = cases
        self.folder = folder
        self.tensors: dict[str, Tensor] = {}
        headers = headers_of_templates()
        calls = tuple(self._call(number, case) for number, case in enumerate(cases))
        streams = {
            name: StreamSpec(name, pixel_of(tensor), 0) for name, tensor in self.tensors.items()
        }
        self.network = Network("cases", streams, calls, headers)
        self.compiled: dict[str, Compiled] = {}
        compile_calls(
            self.network, calls, folder, family=family, period_ns=period_ns, jobs=JOBS,
            on_done=self.compiled.__setitem__,
        )  # fmt: skip

    def build(self, change: Mapping[str, Fault] | None = None) -> None:
        """Has Verilator build the model.

        Args:
            change: planted faults, by process.
        """
        texts = {name: item.verilog for name, item in self.compiled.items()}
        for name, (old, new) in (change or {}).items():
            assert re.search(old, texts[name]), f"{name} has no '{old}'"
            texts[name] = re.sub(old, new, texts[name], count=1)
        modules = {**verilog_files(texts), **support_files()}
        modules["cases.v"] = top_verilog(self.network, taps=True)
        frames = {
            name: Frames(tensor.format.code_bytes, tensor.height * tensor.width)
            for name, tensor in self.tensors.items()
        }
        run(plan_simulator(self.network, modules, frames, jobs=JOBS, optimize="-O0"), self.folder)

    def simulate(self, stall: float = 0.0, seed: int = 1) -> Simulated:
        """All frames of all cases, back to back."""
        part = self.folder / FOLDER / "run"
        part.mkdir(parents=True, exist_ok=True)
        for number, case in enumerate(self.cases):
            known = {**case.frames, **evaluate(case.graph, case.frames)}
            for tensor in _tensors(case):
                name = f"c{number}_{tensor.name}"
                end = "in" if name in self.network.inputs else "expected"
                write_frames(part / f"{name}.{end}", known[tensor.name], tensor.format)
        run(plan_run(stall=stall, seed=seed), self.folder)
        return read_simulated(part / RESULT)

    def wrong(self, found: Simulated) -> dict[str, str]:
        """Of each case that is not right what is wrong with it."""
        problems = {}
        for number, case in enumerate(self.cases):
            op = case.op
            seen = found.streams[f"c{number}_{op.name}"]
            frames = len(next(iter(case.frames.values())))
            pixels = frames * op.output.height * op.output.width
            if seen.wrong or seen.pixels != pixels:
                problems[f"{number} {op.kind}"] = (
                    f"{seen.wrong} wrong codes, the first is number {seen.first_wrong}: "
                    f"{seen.actual}, not {seen.expected}; {seen.pixels} of {pixels} pixels"
                )
        return problems

    def slow(self, found: Simulated) -> dict[str, str]:
        """Of each case whose frames do not follow one another in the cycles of its op, both.

        A case of a single frame has no interval.
        """
        problems = {}
        for number, case in enumerate(self.cases):
            op = case.op
            expected = op.cycles(case.graph.operands(op), case.fold)
            ends = np.diff(found.streams[f"c{number}_{op.name}"].frame_ends)
            if ends.max(initial=0) > expected:  # a frame of one pixel may take fewer
                problems[f"{number} {op.kind}"] = f"{ends.tolist()} clocks, not {expected}"
        return problems

    def _call(self, number: int, case: Case) -> Call:
        op, graph = case.op, case.graph
        space = f"case{number}"
        emitted = emit_op(op, graph.operands(op), op.inputs, op.name, case.fold, "Resource")
        lines = emitted.weights[1].splitlines() if emitted.weights else []
        types = "".join(
            f"typedef nnet::array<{t.format.ap_type}, {t.channels}> {t.name}_t;\n"
            for t in _tensors(case)
        )
        roms = "\n".join(line for line in lines if not line.startswith("#"))
        prelude = (
            f'#include "{emitted.headers[0]}"\n#include "fcn_hw/code.h"\n#include "nnet_types.h"\n'
            f"namespace {space} {{\n{types}{emitted.config}\n{roms}\n}}\n"
            f"using namespace {space};\n"
        )
        streams = {}
        for tensor in _tensors(case):
            name = f"c{number}_{tensor.name}"
            self.tensors[name] = tensor
            streams[name] = f"{space}::{tensor.name}_t"
        aliases = " ".join(f"auto &{t.name} = c{number}_{t.name};" for t in _tensors(case))
        call = f"{aliases} {emitted.call}"
        source = ProcessSource(space, prelude, call, (), streams)
        reads = tuple(f"c{number}_{name}" for name in dict.fromkeys(op.inputs))
        return Call(source, reads, (f"c{number}_{op.name}",))


def pixel_of(tensor: Tensor) -> PixelType:
    """A signed code has two bits at least."""
    fmt = tensor.format
    return PixelType(max(fmt.width, 2) if fmt.signed else fmt.width, tensor.channels)


def _tensors(case: Case) -> list[Tensor]:
    return [case.graph.tensor(name) for name in dict.fromkeys((*case.op.inputs, case.op.name))]


def headers_of_templates() -> dict[str, str]:
    """The headers of every project, as clang gets them."""
    include = data_folder("templates") / "include"
    texts = {f"fcn_hw/{path.name}": path.read_text() for path in (include / "fcn_hw").glob("*.h")}
    nnet = Path(ap_types_folder()).parent / "nnet_utils" / "nnet_types.h"
    return prepared({**texts, "nnet_types.h": nnet.read_text()})
