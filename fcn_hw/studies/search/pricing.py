"""What a graph costs at the folds and FIFO depths of the design as it stands.

With folds chosen anew for the board, a network of fewer bits gets more multipliers, and every
network costs what the board has. So folds and depths are those of the design: all configurations
take the same cycles, and cost tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from fcn_hw.backend.structure import Layout
from fcn_hw.boards import Board
from fcn_hw.costs.energy import fifo_energy_pj
from fcn_hw.costs.memory import fifo_cost
from fcn_hw.dataflow.engine import width_bits
from fcn_hw.dataflow.lowering import lower
from fcn_hw.estimate.network import Estimate, Fifo, estimate
from fcn_hw.ir import Graph
from fcn_hw.ir.folding import choose_fold
from fcn_hw.ops import Fold, Folded


@dataclass(frozen=True)
class Costs:
    """What a graph, an op or a FIFO costs.

    Args:
        lut, dsp: of the core.
        bram: block RAMs of 36 Kib; a half is one of 18.
        energy: of a frame, in nJ, by ``estimate/energy.py``.
        weight_bits: stored weights and biases.
    """

    lut: float = 0.0
    dsp: float = 0.0
    bram: float = 0.0
    energy: float = 0.0
    weight_bits: float = 0.0

    def __add__(self, other: Costs) -> Costs:
        mine, its = asdict(self), asdict(other)
        return Costs(**{name: mine[name] + its[name] for name in mine})


UNITS: Mapping[str, str] = {
    "lut": "LUT",
    "dsp": "DSP",
    "bram": "BRAM36",
    "energy": "nJ a frame",
    "weight_bits": "weight bits",
}


@dataclass(frozen=True)
class Pricing:
    """Folds and depths, fixed.

    Args:
        board: what it is built for.
        folds: of every op that has one, by name.
        reuse: the reuse factors that give these folds, by name.
        strategies: by name.
        depths: of every FIFO, in pixels, by name.
        clock_period_ns: None takes the board's.
    """

    board: Board
    folds: Mapping[str, Fold]
    reuse: Mapping[str, int]
    strategies: Mapping[str, str]
    depths: Mapping[str, int]
    clock_period_ns: float | None

    def estimate(self, graph: Graph) -> Estimate:
        """The estimate of a graph of the design's network."""
        return estimate(
            graph,
            self.board,
            self.folds,
            fifos=self.fifos(graph),
            strategies=self.strategies,
            clock_period_ns=self.clock_period_ns,
        )

    def costs(self, graph: Graph) -> Costs:
        """What it all costs."""
        found = self.estimate(graph)
        amount = found.resources
        return Costs(
            amount.lut,
            amount.dsp,
            amount.bram36,
            round(found.energy_pj / 1e3, 3),
            found.weight_bits,
        )

    def parts(self, graph: Graph) -> dict[str, Costs]:
        """The costs of ops and forks by op, and of FIFOs by ``">" + tensor``."""
        found: dict[str, Costs] = {}
        for layer in self.estimate(graph).layers:
            if layer.kind == "Fifo":
                continue
            name = layer.name.removesuffix("_fork") if layer.kind == "Fork" else layer.name
            amount = layer.resources
            cost = Costs(
                amount.lut, amount.dsp, amount.bram36, layer.energy_pj / 1e3, layer.weight_bits
            )
            found[name] = found.get(name, Costs()) + cost
        for fifo, tensor in self._fifos(graph):
            amount = fifo_cost(fifo.depth, fifo.width_bits, self.board.family).resources
            energy = fifo_energy_pj(fifo.words_a_frame, fifo.width_bits) / 1e3
            cost = Costs(amount.lut, amount.dsp, amount.bram36, energy)
            found[f">{tensor}"] = found.get(f">{tensor}", Costs()) + cost
        return found

    def fifos(self, graph: Graph) -> tuple[Fifo, ...]:
        """Its FIFOs, of the design's depths."""
        return tuple(fifo for fifo, _ in self._fifos(graph))

    def _fifos(self, graph: Graph) -> list[tuple[Fifo, str]]:
        streams = lower(graph).with_depths(self.depths).fifos
        return [
            (Fifo(s.name, s.depth, width_bits(s), s.tensor.height * s.tensor.width), s.tensor.name)
            for s in streams
        ]


def pricing_of(
    graph: Graph, board: Board, layout: Layout, clock_period_ns: float | None
) -> Pricing:
    """The pricing of a design by its layout.

    Each fold is the one that its own reuse factor gives, so that a ``design.yaml`` can ask for it;
    its cycles are the same. Ops that no reuse factor is meant for keep theirs.
    """
    folds, reuse = {}, {}
    for op in graph.ops:
        if isinstance(op, Folded):
            folds[op.name] = layout.folding.folds[op.name]
            if op.follows_reuse_factor:
                reuse[op.name] = op.fold_steps(folds[op.name])
                folds[op.name] = choose_fold(op, reuse[op.name])
    depths = {fifo.name: fifo.depth for fifo in layout.dataflow.fifos}
    return Pricing(board, folds, reuse, layout.folding.strategies, depths, clock_period_ns)


def nearest_layer(graph: Graph, is_layer: Callable[[str], bool], tensor: str) -> str | None:
    """The layer whose activation a tensor carries: itself, or the first behind it upstream."""
    while True:
        if is_layer(tensor):
            return tensor
        inputs = graph[tensor].inputs
        if not inputs:
            return None
        tensor = inputs[0]
