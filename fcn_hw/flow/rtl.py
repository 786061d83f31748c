"""The stages csynth and cosim by fcn_hw's own compiler: C++ to Verilog, and that in Verilator.

rtl/verilog/<process>.v   a process; <design>.v the top, with FIFOs and frame tokens
rtl/simulator/            Verilator's C++, the bench, frames and what was expected of them
report/rtl_csynth.json    what each process became
report/rtl_cosim.json     cycles, peaks of FIFOs and codes compared
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.backend.ip_package import VERILOG
from fcn_hw.backend.structure import Layout, estimate_layout
from fcn_hw.boards import Board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError, Deadlock, Mismatch, StreamError, nearest
from fcn_hw.files import replace_file
from fcn_hw.firing import STREAM
from fcn_hw.fixed import Codes
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.images import frames_digest, input_frames
from fcn_hw.flow.layout import (
    SIMULATION,
    FrameTimes,
    current_layout,
)
from fcn_hw.flow.pipeline import hls_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.flow.workspace import Target
from fcn_hw.harness.bounded import Fifo, Wait, deadlock, fills_of
from fcn_hw.harness.csim import frame_count
from fcn_hw.harness.traces import write_frames
from fcn_hw.harness.whole_set import cores
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import digest
from fcn_hw.ops import Tensor
from fcn_hw.plan import Command, Plan
from fcn_hw.reference import evaluate
from fcn_hw.results import read_result, write_result
from fcn_hw.rtl.axi import (
    AxiTop,
    axi_verilog,
    beats_of,
    read_axi,
    tensors_of,
    without_axi,
    words_of,
)
from fcn_hw.rtl.bench import (
    FOLDER,
    IDLE_CLOCKS,
    RESULT,
    Frames,
    Simulated,
    StreamResult,
    plan_run,
    plan_simulator,
    read_simulated,
)
from fcn_hw.rtl.compile import Compiled, compile_calls, verilog_files
from fcn_hw.rtl.front_end import CLANG
from fcn_hw.rtl.gates import FOLDER as GATES
from fcn_hw.rtl.gates import plan_gates, read_gates
from fcn_hw.rtl.network import Call, Network, read_network, support_files, top_verilog
from fcn_hw.rtl.reports import COMPILER, FifoReport, Gates, ProcessReport, RtlCosim, RtlSynthesis
from fcn_hw.tools.find import find_tool
from fcn_hw.tools.runner import run

RTL = "rtl"
CSYNTH = "rtl_csynth.json"
COSIM = "rtl_cosim.json"
COSIM_IMAGES = 2
"""Images where no number is given: the least that shows an interval."""


@dataclass(frozen=True, eq=False)
class Project:
    """An emitted project, and its network as the compiler reads it.

    Args:
        graph: as it is emitted.
        hls: its settings.
        layout: folds and FIFOs.
        modelled: some frames of the dataflow model, as ``report/dataflow.json`` holds them.
        axi: its processes and streams, behind AXI.
        folder: of the HLS project.
        report: folder of the reports.
    """

    graph: Graph
    board: Board
    hls: Hls
    layout: Layout
    modelled: FrameTimes
    axi: AxiTop
    folder: Path
    report: Path

    @property
    def network(self) -> Network:
        return self.axi.network

    @property
    def period_ns(self) -> float:
        return self.hls.ClockPeriod or self.board.clock_period_ns

    def pixels(self) -> dict[str, Tensor]:
        """What flows through each stream of pixels."""
        return {
            stream.name: stream.tensor
            for process in self.layout.dataflow.processes
            for stream in (*process.inputs, *process.outputs)
        }

    def tensors(self) -> dict[str, Tensor]:
        """What flows through each stream, beats and words of registers too."""
        return self.pixels() | tensors_of(self.axi, self.pixels())


@alone_in_project("csynth")
def rtl_csynth(
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    process: str | None = None,
    gates: bool = False,
) -> RtlSynthesis:
    """C++ to Verilog.

    Args:
        process: one process alone; None takes all.
        gates: also has yosys map the Verilog, and puts the estimate beside it.

    Raises:
        ConfigError: there is no such process.
        NotSynthesizable: a source is outside the subset, or does not fit the clock.
        ToolNotFound: clang or opt, or yosys where it is asked for, is missing.
    """
    return _csynth(_project(workspace, board, progress), progress, process, gates)


@alone_in_project("cosim")
def rtl_cosim(
    workspace: Target, board: Board, progress: Progress, *, images: int | None = None
) -> RtlCosim:
    """The Verilog of :func:`rtl_csynth` on the first images, every stream compared.

    Args:
        images: how many, :data:`COSIM_IMAGES` by default.

    Raises:
        Mismatch: a code is not the oracle's.
        Deadlock, StreamError: the network stands still.
        ToolNotFound: a program is missing.
    """
    project = _project(workspace, board, progress)
    codes = input_frames(workspace, project.graph, images or COSIM_IMAGES)
    return _cosim(project, codes, progress)


def _csynth(project: Project, progress: Progress, process: str | None, gates: bool) -> RtlSynthesis:
    calls = _chosen(project.network, process)
    reports = _compiled(project, calls, progress)
    found = RtlSynthesis(
        project.graph.name, COMPILER, digest(project.graph), project.board.family,
        project.period_ns, tuple(reports.values()), _modelled_latencies(project, calls),
        _mapped(project, calls, progress) if gates else (),
    )  # fmt: skip
    if process is None:
        write_result(project.report / CSYNTH, found)
    return found


def _modelled_latencies(project: Project, calls: tuple[Call, ...]) -> dict[str, int]:
    """Of the dataflow model, which sizes the FIFOs, whatever the compiler found."""
    chosen, folds = {call.name for call in calls}, project.layout.folding.folds
    found = {}
    for process in project.layout.dataflow.processes:
        if process.name in chosen:
            op, operands = process.op, tuple(stream.tensor for stream in process.inputs)
            latency = STREAM if op is None else op.latency_cycles(operands, folds.get(op.name))
            found[process.name] = latency
    return found


def _cosim(project: Project, codes: Mapping[str, Codes], progress: Progress) -> RtlCosim:
    _compiled(project, project.network.calls, progress)
    build = _simulator(project)
    report = project.report / COSIM
    record = StageRecord(
        "rtl_cosim",
        project.report,
        digest_of(
            build.digest,
            frames_digest(codes),
            [code_digest(item.__module__) for item in (plan_simulator, evaluate)],
        ),
    )
    if record.is_current():
        progress.say("[green]cosim[/]     up to date")
        return read_result(report, RtlCosim)
    record.begin()
    _build(project, build, progress)
    progress.say(f"[cyan]cosim[/]     {frame_count(codes)} images, Verilator")
    found = _simulated(project, codes)
    write_result(report, found)
    record.finish([report])
    return found


def compiled_project(
    workspace: Target, board: Board, progress: Progress
) -> tuple[Project, dict[str, str]]:
    """A project whose processes are all compiled, and its Verilog in :data:`VERILOG` by file name.

    Raises:
        NotSynthesizable, ToolNotFound, ToolFailed: as :func:`rtl_csynth`.
    """
    project = _project(workspace, board, progress)
    _compiled(project, project.network.calls, progress)
    return project, _verilog(project, project.network.calls)


def compile_emitted(
    workspace: Target, board: Board, graph: Graph, plan: Plan, progress: Progress
) -> tuple[RtlSynthesis, dict[str, str]]:
    """What :func:`rtl_csynth` tells of a project that is emitted already, and its Verilog.

    Args:
        graph: as it is emitted.
        plan: the project's files.

    Returns:
        the second: of :data:`VERILOG` by file name; no other Verilog lies there.

    Raises:
        NotSynthesizable, ToolNotFound, ToolFailed: as :func:`rtl_csynth`.
    """
    project = _project_of(workspace, board, graph, plan, progress)
    found = _csynth(project, progress, None, gates=False)
    verilog = _verilog(project, project.network.calls)
    for path in (project.folder / VERILOG).glob("*.v"):
        if path.name not in verilog:
            path.unlink()
    return found, verilog


def _project(workspace: Target, board: Board, progress: Progress) -> Project:
    return _project_of(workspace, board, *hls_stage(workspace, board, progress), progress)


def _project_of(
    workspace: Target, board: Board, graph: Graph, plan: Plan, progress: Progress
) -> Project:
    folder, hls = workspace.project(board), workspace.hls
    axi = axi_of(graph, plan, board)
    layout = current_layout(workspace, graph, board, progress)
    modelled = read_result(folder / SIMULATION, FrameTimes)
    return Project(graph, board, hls, layout, modelled, axi, folder, workspace.report(board))


def axi_of(graph: Graph, plan: Plan, board: Board) -> AxiTop:
    """The network of an emitted project behind AXI; errors are those of :func:`network_of`.

    A board with an ECP5 has no AXI: its serial line drives the streams of the network.
    """
    network = network_of(graph, plan)
    return read_axi(network, plan.files) if board.ecp5 is None else without_axi(network)


def network_of(graph: Graph, plan: Plan) -> Network:
    """The network of an emitted project.

    Raises:
        NotSynthesizable: a process of another origin, whose headers are not in the subset.
    """
    streams = {
        process.name: ([s.name for s in process.inputs], [s.name for s in process.outputs])
        for process in lower(graph).processes
    }
    return read_network(graph.name, plan.files, streams)


def _chosen(network: Network, process: str | None) -> tuple[Call, ...]:
    if process is None:
        return network.calls
    found = tuple(call for call in network.calls if call.name == process)
    if not found:
        names = [call.name for call in network.calls]
        raise ConfigError(
            f"'{network.name}' has no process '{process}'", hint=f"near: {nearest(process, names)}"
        )
    return found


def _compiled(
    project: Project, calls: tuple[Call, ...], progress: Progress
) -> dict[str, ProcessReport]:
    """The reports of some processes; their Verilog lies in the project then.

    A process is compiled again where its own sources, the clock or the compiler changed.
    """
    folder = project.folder / RTL
    code = code_digest(compile_calls.__module__)
    records, missing = {}, []
    for call in calls:
        digest = digest_of(
            call.source.text, project.network.headers_of(call), project.board.family,
            project.period_ns, code,
        )  # fmt: skip
        records[call.name] = StageRecord(call.name, folder / "processes", digest)
        if not records[call.name].is_current():
            missing.append(call)
    if not missing:
        progress.say("[green]csynth[/]    up to date")
    else:
        progress.say(
            f"[cyan]csynth[/]    {len(missing)} of {len(calls)} processes, fcn_hw's compiler"
        )
        with progress.counter("C++ to Verilog", len(missing)) as update:
            done = 0

            def finish(name: str, compiled: Compiled) -> None:
                nonlocal done
                records[name].begin()
                report, text = _files(folder, name)
                replace_file(text, compiled.verilog)
                write_result(report, compiled.report)
                records[name].finish([report, text])
                done += 1
                update(done)

            compile_calls(
                project.network, missing, folder, family=project.board.family,
                period_ns=project.period_ns, jobs=cores(), on_done=finish,
            )  # fmt: skip
    for name, text in _verilog(project, calls).items():
        replace_file(project.folder / VERILOG / name, text)
    return {call.name: read_result(_files(folder, call.name)[0], ProcessReport) for call in calls}


def _mapped(project: Project, calls: tuple[Call, ...], progress: Progress) -> tuple[Gates, ...]:
    """LUT, FF, DSP and block RAM of some processes by yosys, beside the estimate.

    The products of a process go to DSP slices only where the estimate has them there.
    """
    folder, family = project.folder / RTL, project.board.family
    found = estimate_layout(project.graph, project.board, project.hls, project.layout)
    estimated = {layer.name: layer.resources for layer in found.layers}
    plans, records = {}, {}
    for call in calls:
        text = _files(folder, call.name)[1].read_text()
        resources = estimated.get(call.name)
        no_dsps = resources is not None and not resources.dsp
        plan = plan_gates(call.name, text, family, no_dsps=no_dsps)
        records[call.name] = StageRecord(call.name, folder / GATES, plan.digest)
        if not records[call.name].is_current():
            plans[call.name] = plan
    if plans:
        progress.say(f"[cyan]gates[/]     {len(plans)} of {len(calls)} processes, yosys")
        whole = Plan(
            {path: text for plan in plans.values() for path, text in plan.files.items()},
            (tuple(command for plan in plans.values() for command in plan.commands),),
        )
        run(whole, folder, jobs=cores())
        for name, plan in plans.items():
            (left,) = plan.commands[0].expects
            records[name].finish([folder / left])
    return tuple(read_gates(call.name, folder, estimated.get(call.name)) for call in calls)


def _files(folder: Path, process: str) -> tuple[Path, Path]:
    """Where the report and the Verilog of a process are kept."""
    return folder / "processes" / f"{process}.json", folder / "processes" / f"{process}.v"


def _verilog(project: Project, calls: tuple[Call, ...]) -> dict[str, str]:
    """The modules by file name; those of the top where all processes are there."""
    folder = project.folder / RTL
    texts = {call.name: _files(folder, call.name)[1].read_text() for call in calls}
    found = verilog_files(texts)
    if len(calls) == len(project.network.calls):
        top = top_verilog(project.network, start=bool(project.axi.registers))
        found |= {**support_files(), f"{project.network.name}.v": top}
        if project.axi.ports:
            found[f"{project.axi.name}.v"] = axi_verilog(project.axi)
    return found


def _simulator(project: Project) -> Plan:
    frames = {
        name: Frames(tensor.format.code_bytes, tensor.height * tensor.width)
        for name, tensor in project.tensors().items()
    }
    modules = _verilog(project, project.network.calls)
    modules.pop(f"{project.axi.name}.v", None)  # the bench drives beats
    modules[f"{project.network.name}.v"] = top_verilog(project.network, taps=True)
    return plan_simulator(
        project.network, modules, frames, jobs=cores(), clang=str(find_tool(CLANG))
    )


def _build(project: Project, build: Plan, progress: Progress) -> None:
    folder = project.folder / RTL
    record = StageRecord("simulator", folder, build.digest)
    if record.is_current():
        return
    record.begin()
    progress.say("[cyan]build[/]     Verilator, clang")
    run(build, folder)
    record.finish([folder / FOLDER / "bench"])


def _simulated(project: Project, codes: Mapping[str, Codes]) -> RtlCosim:
    """Runs parts of the images side by side, compares, and collects what was measured."""
    folder, images = project.folder / RTL, frame_count(codes)
    parts = max(1, min(cores(), images // 2))
    bounds = [images * n // parts for n in range(parts + 1)]
    commands: list[Command] = []
    # No process computes longer for a pixel than all of them for a frame.
    idle_clocks = max(IDLE_CLOCKS, project.modelled.interval)
    for number in range(parts):
        part = slice(bounds[number], bounds[number + 1])
        own = {name: item[part] for name, item in codes.items()}
        _write_frames(project, own, folder / FOLDER / f"part{number}")
        commands += plan_run(part=f"part{number}", idle_clocks=idle_clocks).commands
    run(Plan(stages=(tuple(commands),)), folder, jobs=parts)
    runs = [read_simulated(folder / FOLDER / f"part{n}" / RESULT) for n in range(parts)]
    for number, found in enumerate(runs):
        _check(project, found, bounds[number], bounds[number + 1] - bounds[number])
    return _result(project, runs, images)


def _write_frames(project: Project, codes: Mapping[str, Codes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tensors = project.tensors()
    keep = tuple({tensor.name for tensor in project.pixels().values()})
    known = {**codes, **evaluate(project.graph, codes, keep=keep)}
    for port in project.axi.ports:
        tensor = tensors[port.pixels]
        known[port.name] = beats_of(known[tensor.name], tensor, port.beat_bytes)
    known |= words_of(project.axi, frame_count(codes))
    for name, tensor in tensors.items():
        end = "in" if name in project.network.inputs else "expected"
        write_frames(folder / f"{name}.{end}", known[tensor.name], tensor.format)


def _check(project: Project, found: Simulated, first_frame: int, frames: int) -> None:
    tensors = project.tensors()
    for name, seen in found.streams.items():
        if seen.wrong:
            raise _mismatch(name, tensors[name], seen, first_frame)
    if not found.finished:
        raise _standstill(project, found)
    for name, seen in found.streams.items():
        tensor = tensors[name]
        expected = frames * tensor.height * tensor.width
        if seen.pixels != expected:
            raise StreamError(
                project.graph.name,
                f"stream '{name}' had {seen.pixels} pixels in RTL, must have {expected}",
                fills_of(_fifos(project, found).values()),
            )


def _mismatch(name: str, tensor: Tensor, seen: StreamResult, first_frame: int) -> Mismatch:
    pixel, channel = divmod(seen.first_wrong, tensor.channels)
    frame, inside = divmod(pixel, tensor.height * tensor.width)
    row, column = divmod(inside, tensor.width)
    width, signed = tensor.format.width, tensor.format.signed

    def number(bits: int) -> int:
        negative = signed and bits >> (width - 1) & 1
        return (bits & ((1 << width) - 1)) - (1 << width if negative else 0)

    index = (first_frame + frame, row, column, channel)
    return Mismatch(name, index, number(seen.expected), number(seen.actual), seen.wrong)


def _fifos(project: Project, found: Simulated) -> dict[str, Fifo]:
    """Every FIFO of the network at the end of a simulation; ``csim --bounded`` has no others."""
    network, ports = project.network, {port.pixels for port in project.axi.ports}
    writers, readers = network.writers, network.readers
    return {
        name: Fifo(name, stream.depth, seen.held, seen.peak, writers[name], readers[name])
        for name, stream in network.streams.items()
        if stream.depth and name not in ports and (seen := found.streams[name])
    }


def _standstill(project: Project, found: Simulated) -> Deadlock | StreamError:
    """Why the network stands still: what ``csim --bounded`` says of the same."""
    fifos = _fifos(project, found)
    waits = {}
    for call in project.network.calls:
        wait = _wait(project, call, found)
        if wait is not None:
            waits[call.name] = wait
    for first in waits:
        process, cycle = first, dict[str, Wait]()
        while process in waits and process not in cycle:
            cycle[process] = waits[process]
            process = waits[process].waits_for
        if process == first and any(wait.action == "write" for wait in cycle.values()):
            return deadlock(project.graph.name, tuple(cycle.values()), fifos)
    return StreamError(
        project.graph.name, "the RTL stands still and no processes wait for one another",
        fills_of(fifos.values()),
    )  # fmt: skip


def _wait(project: Project, call: Call, found: Simulated) -> Wait | None:
    """Where a process waits. What it offers is of an earlier iteration than what it wants; a
    process that wants nothing waits for a frame, and so for the first pixel of it."""
    network, tensors = project.network, project.tensors()
    inputs = [name for name in call.reads if name in network.writers]

    def at(name: str, action: str, other: str) -> Wait:
        seen, tensor = found.streams[name], tensors[name]
        pixels = seen.pixels - (seen.held if action == "read" else 0)
        return Wait(call.name, pixels // (tensor.height * tensor.width), action, name, other)

    for name in call.writes:
        if found.streams[name].writer_waits:
            return at(name, "write", network.readers[name])
    wanted = [name for name in inputs if found.streams[name].reader_waits]
    empty = [name for name in inputs if found.streams[name].held == 0]
    for name in wanted or empty:
        return at(name, "read", network.writers[name])
    return None


def _result(project: Project, runs: list[Simulated], images: int) -> RtlCosim:
    tensors, modelled = project.tensors(), project.modelled
    last = [stream.name for stream in project.layout.dataflow.outputs]
    ends = [runs[0].streams[name].frame_ends for name in last]
    first = [max(frame) for frame in zip(*ends, strict=True)]
    peaks = modelled.peak_pixels
    return RtlCosim(
        design=project.graph.name,
        compiler=COMPILER,
        graph=digest(project.graph),
        images=images,
        streams=len(runs[0].streams),
        values_compared=sum(
            seen.pixels * tensors[name].channels for r in runs for name, seen in r.streams.items()
        ),
        interval=first[-1] - first[-2] if len(first) > 1 else None,
        modelled_interval=modelled.interval,
        estimated_interval=estimate_layout(
            project.graph, project.board, project.hls, project.layout
        ).interval_cycles,
        first_frame=first[0] + 1,
        modelled_first_frame=modelled.frame_ends[0] + 1,
        fifos=tuple(
            FifoReport(
                name,
                stream.depth,
                max(r.streams[name].peak for r in runs),
                peaks.get(name),
            )
            for name, stream in project.network.streams.items()
            if stream.depth
        ),
        clocks=sum(r.clocks for r in runs),
        seconds=round(sum(r.seconds for r in runs), 3),
    )
