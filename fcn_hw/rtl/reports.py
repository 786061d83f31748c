"""What the compiler and the simulation of its RTL measured: types that are also their JSON
files."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from fcn_hw.results import STRICT

COMPILER = "fcn_hw"
"""Whose RTL and whose numbers they are: not the vendor's."""
MADE_BY = "fcn_hw's compiler"
"""The same in a sentence."""


@dataclass(frozen=True, config=STRICT)
class MemoryReport:
    """A memory of a process: words, bits of a word, and ``logic``, ``lutram`` or ``bram``."""

    name: str
    depth: int
    width: int
    kind: str


@dataclass(frozen=True, config=STRICT)
class ProcessReport:
    """What a process became.

    Args:
        function: of the headers, that it calls.
        stages: of its pipeline.
        latency: clocks from a read to the write that follows it.
        interval: clocks from an iteration to the next.
        critical_ns: the slowest recurrence, as the delay model has it.
        critical_registers, critical_line: what it is.
        path_ns: the longest way in a stage.
        limit_ns: what a stage may take.
        register_bits: of what lives from iteration to iteration.
        seconds: that it took to compile.
    """

    process: str
    function: str
    stages: int
    latency: int
    interval: int
    critical_ns: float
    critical_registers: tuple[str, ...]
    critical_line: str
    path_ns: float
    limit_ns: float
    register_bits: int
    memories: tuple[MemoryReport, ...]
    seconds: float


@dataclass(frozen=True, config=STRICT)
class Gates:
    """What yosys makes of a process for a device family, before placement.

    Args:
        lut: look-up tables, those that are memories or shift registers included.
        bram36: block RAMs of 36 Kib; a half is one of 18.
        estimated_lut, estimated_ff, estimated_dsp, estimated_bram36: what ``fcn-hw estimate`` says
            of the process; None where it says nothing.
    """

    process: str
    lut: int
    ff: int
    dsp: int
    bram36: float
    estimated_lut: float | None = None
    estimated_ff: float | None = None
    estimated_dsp: float | None = None
    estimated_bram36: float | None = None


@dataclass(frozen=True, config=STRICT)
class RtlSynthesis:
    """``report/rtl_csynth.json``: the processes of a network as Verilog.

    Args:
        compiler: :data:`COMPILER`.
        graph: digest of the graph.
        family: of the device, that the delay model is of.
        period_ns: of the clock.
        processes: in the order of the source; all of them, or the one that was asked for.
        modelled_latencies: clocks from a read to the write that follows it as the dataflow model
            has them, by process.
        gates: of the same processes, where yosys was asked.
    """

    design: str
    compiler: str
    graph: str
    family: str
    period_ns: float
    processes: tuple[ProcessReport, ...]
    modelled_latencies: dict[str, int]
    gates: tuple[Gates, ...] = ()

    @property
    def slowest(self) -> ProcessReport:
        """The process with the longest way in a stage."""
        return max(self.processes, key=lambda item: item.path_ns)


@dataclass(frozen=True, config=STRICT)
class FifoReport:
    """A FIFO: its pixels, the most that the RTL held, and the most of the dataflow model."""

    name: str
    depth: int
    peak: int
    modelled_peak: int | None


@dataclass(frozen=True, config=STRICT)
class RtlCosim:
    """``report/rtl_cosim.json``: the RTL in Verilator, its codes those of the oracle.

    Args:
        compiler: whose RTL.
        graph: digest of the graph.
        images: simulated, those of a part back to back.
        streams: compared.
        values_compared: codes of all streams.
        interval: clocks from the end of a frame to that of the next; None for a single frame.
        modelled_interval, estimated_interval: of the dataflow model, and of ``fcn-hw estimate``.
        first_frame: clocks from the first one to the last pixel of the first frame.
        modelled_first_frame: of the dataflow model.
        clocks, seconds: simulated in all, and the processor time that it took.
    """

    design: str
    compiler: str
    graph: str
    images: int
    streams: int
    values_compared: int
    interval: int | None
    modelled_interval: int
    estimated_interval: int
    first_frame: int
    modelled_first_frame: int
    fifos: tuple[FifoReport, ...]
    clocks: int
    seconds: float


@dataclass(frozen=True, config=STRICT)
class Used:
    """Cells of a kind: those that a design takes, and those of the device.

    Args:
        name: of the kind, as the device's data sheet has it.
        estimated: what ``fcn-hw estimate`` says of the network alone; None where it says nothing.
    """

    name: str
    used: int
    available: int
    estimated: float | None = None


@dataclass(frozen=True, config=STRICT)
class PathPart:
    """A part of the critical path.

    Args:
        owner: a process, ``FIFO <stream>``, ``token <stream>``, ``byte port`` or ``top``.
        logic_ns, routing_ns: in cells, and in the nets that they drive.
    """

    owner: str
    logic_ns: float
    routing_ns: float


@dataclass(frozen=True, config=STRICT)
class Placement:
    """``report/placement.json``: a routed design on a board with an ECP5.

    Args:
        clock_mhz: asked for.
        fmax_mhz: reached, by the delays of nextpnr-ecp5.
        resources: with the byte port.
        path: the slowest one between two flip-flops of the clock.
    """

    design: str
    board: str
    clock_mhz: float
    fmax_mhz: float
    resources: tuple[Used, ...]
    path: tuple[PathPart, ...]

    @property
    def met(self) -> bool:
        """Whether the clock is reached."""
        return self.fmax_mhz >= self.clock_mhz

    @property
    def path_ns(self) -> float:
        """Of the slowest path."""
        return sum(part.logic_ns + part.routing_ns for part in self.path)
