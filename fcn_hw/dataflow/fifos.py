"""The FIFOs of a design: depths that lose no throughput and never deadlock, with their proofs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fcn_hw.dataflow.deadlock import least_depths, waiting_cycle
from fcn_hw.dataflow.engine import Longs, Network, make_network, width_bits
from fcn_hw.dataflow.lowering import Dataflow
from fcn_hw.dataflow.orders import Order, all_orders
from fcn_hw.dataflow.sizing import PeriodicSchedule, Sizing, minimize, with_margin
from fcn_hw.ops import Fold


@dataclass(frozen=True, eq=False)
class SizedFifos:
    """What sizing found.

    Args:
        dataflow: with the depths.
        initial: the depths before, which hold whole frames.
        minimum: the smallest depths that lose no throughput with the estimated latencies, without
            the margin.
        folds: of the ops that have one.
        margin: share by which depths were enlarged.
        orders: all orders of reads and writes with which the depths were run.
        proof: a periodic schedule that works with the minimum; None where the depths were read
            from files.
    """

    dataflow: Dataflow
    initial: dict[str, int]
    minimum: dict[str, int]
    folds: dict[str, Fold]
    margin: float
    orders: tuple[Order, ...]
    proof: PeriodicSchedule | None = None

    @cached_property
    def depths(self) -> dict[str, int]:
        """Depth of each FIFO, in pixels."""
        return {fifo.name: fifo.depth for fifo in self.dataflow.fifos}

    @cached_property
    def network(self) -> Network:
        """With estimated latencies."""
        return make_network(self.dataflow, self.folds) if self.proof is None else self.proof.network

    @property
    def interval(self) -> int:
        """Cycles from frame to frame."""
        return self.network.interval

    @property
    def bits(self) -> int:
        """Storage of all FIFOs."""
        return sum(fifo.depth * width_bits(fifo) for fifo in self.dataflow.fifos)

    @cached_property
    def deadlock_minimum(self) -> dict[str, int]:
        """For each FIFO, the depth below which the emitted C++ deadlocks, the others as sized."""
        return least_depths(self.orders[0].network, self.depths)

    @property
    def skips(self) -> tuple[str, ...]:
        """The FIFOs that can deadlock: those that hold pixels while others go a longer way."""
        return tuple(name for name, depth in self.deadlock_minimum.items() if depth > 1)


def size_fifos(dataflow: Dataflow, folds: Mapping[str, Fold], margin: float = 0.0) -> SizedFifos:
    """Sizes all FIFOs of a design.

    The registers of a pipeline hold pixels as a FIFO does. So depths are also those that lose no
    throughput where pipelines hold none: hardware may have shorter ones than the estimate.

    Args:
        dataflow: from :func:`fcn_hw.dataflow.lowering.lower`.
        folds: of each op that has one.
        margin: share of itself by which each depth above the least is enlarged.

    Raises:
        ToolNotFound: there is no C++ compiler.
    """
    orders = all_orders(dataflow, folds)
    network = make_network(dataflow, folds)
    sizing: Sizing = minimize(network)
    problem = sizing.proof.broken_rule(sizing.depths)
    assert problem is None, problem
    unheld = minimize(make_network(dataflow, folds, latency_scale=0.0), least=sizing.depths)
    depths = _without_deadlock(orders, with_margin(unheld.depths, margin))
    names = [fifo.name for fifo in network.fifos]
    return SizedFifos(
        dataflow.with_depths(dict(zip(names, map(int, depths), strict=True))),
        initial={fifo.name: fifo.depth for fifo in dataflow.fifos},
        minimum=dict(zip(names, map(int, sizing.depths), strict=True)),
        folds=dict(folds),
        margin=margin,
        orders=orders,
        proof=sizing.proof,
    )


def _without_deadlock(orders: tuple[Order, ...], depths: Longs) -> Longs:
    """Depths with which no order deadlocks: in a cycle, the narrowest full FIFO grows.

    Depths that keep the rate at the estimated latency seldom are too small at another one; where
    they are, by some slots.
    """
    depths, network, scale = depths.copy(), None, None
    for order in orders:
        if order.is_estimate:
            continue  # the periodic schedule is a complete run of it
        if network is None or order.latency_scale != scale:
            network, scale = order.network, order.latency_scale
        while cycle := waiting_cycle(order.run(depths, network)):
            full = [network.index[wait.fifo] for wait in cycle if not wait.for_pixel]
            # a cycle of empty FIFOs alone would be a cycle of the graph
            depths[min(full, key=lambda fifo: int(network.widths[fifo]))] += 1
    return np.asarray(depths)
