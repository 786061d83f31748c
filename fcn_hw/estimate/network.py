"""The estimate of a whole design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fcn_hw.boards import Board, period_ns_of
from fcn_hw.costs.energy import fifo_energy_pj
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import fifo_cost
from fcn_hw.costs.resources import Resources, total
from fcn_hw.estimate.limit import Bound, Limit, board_bound, fold_limit, layer_limit
from fcn_hw.ir.axi_cycles import pack_cycles
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Fold, Op
from fcn_hw.ops.base import pixel_process


def capacity(board: Board) -> Resources:
    """What the board's device holds."""
    parts = board.resources
    return Resources(parts.lut, parts.ff, parts.dsp, 2 * parts.bram36)


@dataclass(frozen=True)
class Fifo:
    """A stream between two processes.

    Args:
        depth: words, a pixel each.
        width_bits: of a word.
        words_a_frame: pixels that pass in a frame.
    """

    name: str
    depth: int
    width_bits: int
    words_a_frame: int = 0


@dataclass(frozen=True)
class LayerEstimate:
    """One op, one fork or all FIFOs.

    Args:
        name: of the op.
        kind: class of the op, ``"Fork"`` or ``"Fifo"``.
        fold: of a :class:`fcn_hw.ops.Folded` op, else None.
        strategy: where its constants are, ``""`` for what has none.
        resources: see :class:`Resources`.
        weight_bits, activation_bits: stored; line buffers and FIFOs are activations.
        cycles: of a frame.
        ideal_cycles: the least that its multipliers or its beats allow.
        macs: multiplications of a frame.
        energy_pj: of a frame, by the model of :mod:`fcn_hw.costs.energy`.
    """

    name: str
    kind: str
    fold: Fold | None
    strategy: str
    resources: Resources
    weight_bits: int
    activation_bits: int
    cycles: int
    ideal_cycles: int
    macs: int
    energy_pj: float


@dataclass(frozen=True)
class Estimate:
    """A design on a board.

    Args:
        design: name of the graph.
        board: name of the board.
        layers: in topological order; forks behind their op, FIFOs last.
        available: what the board's device holds.
        limit: the limit at these folds.
        bound: that of the board, whatever the folds.
        interval_cycles: cycles from frame to frame: those of the slowest process.
        bottleneck: that process.
        critical_path_cycles: the longest path when each process waits for the end of the one
            before: more than the latency of a pipeline can be.
        clock_period_ns: of the programmable logic.
    """

    design: str
    board: str
    layers: tuple[LayerEstimate, ...]
    available: Resources
    limit: Limit
    bound: Bound
    interval_cycles: int
    bottleneck: str
    critical_path_cycles: int
    clock_period_ns: float

    @property
    def resources(self) -> Resources:
        return total(layer.resources for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def weight_bits(self) -> int:
        return sum(layer.weight_bits for layer in self.layers)

    @property
    def activation_bits(self) -> int:
        return sum(layer.activation_bits for layer in self.layers)

    @property
    def energy_pj(self) -> float:
        return sum(layer.energy_pj for layer in self.layers)

    @property
    def fps(self) -> float:
        """Frames a second in steady state."""
        return 1e9 / (self.interval_cycles * self.clock_period_ns)

    @property
    def bound_fps(self) -> float:
        """Frames a second at the bound of the board."""
        return 1e9 / (self.bound.cycles * self.clock_period_ns)

    @property
    def limit_fps(self) -> float:
        """Frames a second at the limit of the folds."""
        return 1e9 / (self.limit.cycles * self.clock_period_ns)

    def milliseconds(self, cycles: int) -> float:
        """What so many cycles of the design's clock take."""
        return cycles * self.clock_period_ns / 1e6


def estimate(
    graph: Graph,
    board: Board,
    folds: Mapping[str, Fold],
    *,
    fifos: Sequence[Fifo] = (),
    strategies: Mapping[str, str] | None = None,
    clock_period_ns: float | None = None,
) -> Estimate:
    """Resources, cycles and energy of a design.

    The core only: the board's DMA, interconnect and processing system come on top.

    Args:
        folds: of every :class:`fcn_hw.ops.Folded` op.
        fifos: the streams between the processes.
        strategies: hls4ml's strategy of each of them; ``"Resource"`` where left out.
        clock_period_ns: None takes the board's.
    """
    layers: list[LayerEstimate] = []
    paths: dict[str, int] = {}
    for op in graph.ops:
        layer = layer_estimate(
            graph,
            op,
            board.family,
            folds.get(op.name),
            (strategies or {}).get(op.name, "Resource"),
        )
        paths[op.name] = layer.cycles + max((paths[name] for name in op.inputs), default=0)
        if not op.inputs:
            continue
        layers.append(layer)
        fork = _fork(graph, op, board.family)
        if fork is not None:
            layers.append(fork)
    if fifos:
        layers.append(_fifos(fifos, board.family))
    slowest = max(layers, key=lambda layer: layer.cycles)
    width_bits = board.axi_stream_width_bits
    limit = fold_limit(graph, folds, width_bits)
    packing = max(pack_cycles(graph.tensor(name), width_bits) for name in graph.outputs)
    return Estimate(
        design=graph.name,
        board=board.name,
        layers=tuple(layers),
        available=capacity(board),
        limit=limit,
        bound=board_bound(
            graph,
            limit,
            capacity(board),
            board.family,
            sum(layer.resources.lut for layer in layers if not layer.macs),
        ),
        interval_cycles=max(slowest.cycles, limit.input_beats, packing),
        bottleneck=slowest.name,
        critical_path_cycles=max(paths[name] for name in graph.outputs),
        clock_period_ns=period_ns_of(board, clock_period_ns),
    )


def layer_estimate(
    graph: Graph, op: Op, family: Family, fold: Fold | None, strategy: str = "Resource"
) -> LayerEstimate:
    """The estimate of one op."""
    operands = graph.operands(op)
    cost = op.cost_on(operands, family, fold, strategy)
    return LayerEstimate(
        name=op.name,
        kind=op.kind,
        fold=fold,
        strategy=strategy if fold is not None else "",
        resources=cost.resources,
        weight_bits=cost.weight_bits,
        activation_bits=cost.activation_bits,
        cycles=op.cycles(operands, fold),
        ideal_cycles=layer_limit(op, operands, fold),
        macs=op.macs(operands),
        energy_pj=op.energy_pj(operands, fold),
    )


def _fork(graph: Graph, op: Op, family: Family) -> LayerEstimate | None:
    """The copy of a tensor for several readers, where ``dataflow/lowering.py`` makes one."""
    if len(graph.readers(op.name)) + (op.name in graph.outputs) <= 1:
        return None
    pixels, resources = op.output.pixels, pixel_process(op.output)
    if family == "ecp5":
        resources = resources.in_lut4s(op.lut4s_a_lut)
    return LayerEstimate(
        f"{op.name}_fork", "Fork", None, "", resources, 0, 0, pixels, pixels, 0, 0.0
    )


def _fifos(fifos: Sequence[Fifo], family: Family) -> LayerEstimate:
    return LayerEstimate(
        name="fifos",
        kind="Fifo",
        fold=None,
        strategy="",
        resources=total(fifo_cost(f.depth, f.width_bits, family).resources for f in fifos),
        weight_bits=0,
        activation_bits=sum(f.depth * f.width_bits for f in fifos),
        cycles=0,
        ideal_cycles=0,
        macs=0,
        energy_pj=sum(fifo_energy_pj(f.words_a_frame, f.width_bits) for f in fifos),
    )
