"""A process from C++ to Verilog, and all processes of a network side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from fcn_hw.errors import NotSynthesizable
from fcn_hw.rtl.delays import DELAYS
from fcn_hw.rtl.front_end import compile_process
from fcn_hw.rtl.if_conversion import convert
from fcn_hw.rtl.network import Call, Network
from fcn_hw.rtl.passes import Target, compile_graph
from fcn_hw.rtl.reports import MemoryReport, ProcessReport
from fcn_hw.rtl.schedule import Schedule, in_logic
from fcn_hw.rtl.static_control import check_static_control
from fcn_hw.rtl.verilog import legal, verilog


@dataclass(frozen=True)
class Compiled:
    """A process's Verilog and what is to say of it."""

    verilog: str
    report: ProcessReport


def compile_call(
    network: Network, call: Call, folder: Path, *, family: str, period_ns: float
) -> Compiled:
    """Compiles a process.

    Args:
        folder: for what clang and opt read and leave; each process has files of its own names, and
            all have the same headers.
        family: of the device, a key of :data:`fcn_hw.rtl.delays.DELAYS`.
        period_ns: of the clock.

    Raises:
        NotSynthesizable: it is outside the subset, or does not fit the clock.
        ToolNotFound, ToolFailed: of clang or opt.
    """
    start = time.monotonic()
    try:
        function = compile_process(call.source, network.headers_of(call), folder)
        names = (*call.source.streams, *call.source.registers)
        graph = convert(function, {name: network.streams[name].pixel for name in names})
        if not call.source.ends_by_data:
            check_static_control(graph)
        written = {write.stream for write in graph.writes}
        assert written == set(call.writes), f"{call.name} writes {written}"
        found = compile_graph(graph, Target(DELAYS[family], period_ns))
    except NotSynthesizable as error:
        raise error.of_process(call.name) from error
    about = f"{call.name}: {call.source.call}"
    text = verilog(found, legal(call.name), about)
    return Compiled(text, _report(call, found, time.monotonic() - start))


def _report(call: Call, found: Schedule, seconds: float) -> ProcessReport:
    critical = found.critical
    return ProcessReport(
        process=call.name,
        function=call.source.call.partition("<")[0].rpartition("::")[2],
        stages=found.depth,
        latency=found.latency,
        interval=1,
        critical_ns=round(critical.delay_ns, 3) if critical else 0.0,
        critical_registers=critical.registers if critical else (),
        critical_line=critical.line if critical else "",
        path_ns=round(max(found.path_ns.values(), default=0.0), 3),
        limit_ns=round(found.limit_ns, 3),
        register_bits=sum(found.bits[register.node].width for register in found.graph.registers),
        memories=tuple(
            MemoryReport(
                m.name, m.depth, m.width,
                "logic" if in_logic(m) else "lutram" if m.lutram else "bram",
            )
            for m in found.graph.memories
        ),
        seconds=round(seconds, 3),
    )  # fmt: skip


def compile_calls(
    network: Network,
    calls: Sequence[Call],
    folder: Path,
    *,
    family: str,
    period_ns: float,
    jobs: int,
    on_done: Callable[[str, Compiled], None],
) -> None:
    """Compiles processes side by side, each in an interpreter of its own.

    Args:
        jobs: at a time.
        on_done: called in this process, in the order of ``calls``.

    Raises:
        NotSynthesizable, ToolNotFound, ToolFailed: of the first process that fails.
    """
    if jobs == 1 or len(calls) < 2:
        for call in calls:
            on_done(
                call.name, compile_call(network, call, folder, family=family, period_ns=period_ns)
            )
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [
            (
                call,
                pool.submit(
                    compile_call, network, call, folder, family=family, period_ns=period_ns
                ),
            )
            for call in calls
        ]
        try:
            for call, future in waiting:
                on_done(call.name, future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def verilog_files(compiled: Mapping[str, str]) -> dict[str, str]:
    """File names of modules by process name."""
    return {f"{legal(name)}.v": text for name, text in compiled.items()}
