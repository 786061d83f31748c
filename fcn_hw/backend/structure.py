"""What a design is built of on a board: the fold of every op that has one, the depth of every FIFO.

Folds set the rates that FIFOs have to keep, and FIFOs take from what folds may use. So the folds
are chosen first, the FIFOs are sized for them, and where both together are over the budget the
folds are chosen again with these FIFOs counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.backend.block_design import dmas
from fcn_hw.boards import Board
from fcn_hw.dataflow.engine import width_bits
from fcn_hw.dataflow.fifos import SizedFifos, size_fifos
from fcn_hw.dataflow.lowering import Dataflow, lower
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import Folding, choose_folding, within_budget
from fcn_hw.estimate.network import Estimate, Fifo, estimate
from fcn_hw.ir import Graph

MOST_ROUNDS = 3
"""How often folds are chosen anew because of the FIFOs."""


@dataclass(frozen=True)
class Layout:
    """What is emitted of a structure.

    Args:
        folding: of every op that has one.
        dataflow: the processes, and FIFOs of their final depths.
    """

    folding: Folding
    dataflow: Dataflow


@dataclass(frozen=True, eq=False)
class Structure:
    """Folds and FIFOs.

    Args:
        folding: of every op that has one.
        fifos: the processes with sized FIFOs, and the proofs.
    """

    folding: Folding
    fifos: SizedFifos

    @property
    def layout(self) -> Layout:
        return Layout(self.folding, self.fifos.dataflow)


def choose_structure(graph: Graph, board: Board, hls: Hls) -> Structure:
    """Folds and FIFO depths of a design.

    Raises:
        ConfigError: a target that no fold reaches, or a frame that no DMA moves.
        DoesNotFit: ``ReuseFactor: auto`` finds no design within the budget.
        ToolNotFound: there is no C++ compiler; FIFOs are sized by a compiled simulator.
    """
    if board.ps != "none":
        dmas(axi_interface(graph, board), board)  # what no DMA moves is not simulated for hours
    dataflow = lower(graph)
    folding = choose_folding(graph, board, hls)
    sized = size_fifos(dataflow, folding.folds, hls.fifo_margin)
    for _ in range(MOST_ROUNDS):
        counted = fifos_of(sized.dataflow)
        if not folding.is_free or within_budget(graph, board, hls, folding, counted):
            break
        folding = choose_folding(graph, board, hls, counted)
        sized = size_fifos(dataflow, folding.folds, hls.fifo_margin)
    return Structure(folding, sized)


def estimate_layout(graph: Graph, board: Board, hls: Hls, layout: Layout) -> Estimate:
    """The estimate of a design with its FIFOs."""
    return estimate(
        graph,
        board,
        layout.folding.folds,
        fifos=fifos_of(layout.dataflow),
        strategies=layout.folding.strategies,
        clock_period_ns=hls.ClockPeriod,
    )


def fifos_of(dataflow: Dataflow) -> tuple[Fifo, ...]:
    """The FIFOs as the estimate counts them."""
    return tuple(
        Fifo(
            fifo.name,
            fifo.depth,
            width_bits(fifo),
            fifo.tensor.height * fifo.tensor.width,
        )
        for fifo in dataflow.fifos
    )
