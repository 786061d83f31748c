"""The orders of reads and writes that hardware of the emitted C++ may have.

A process network whose channels are read and written with blocking is determinate: what flows
through each channel does not depend on how fast the processes run (Kahn 1974). A bounded channel
is a channel and a second one back, which carries free slots (Parks 1995), so it holds for bounded
FIFOs too: if one execution completes a frame, every execution does, at whatever speeds. And
because FIFOs are empty between frames, one frame proves all frames.

That is about processes that read and write *in the order of the program*. A pipeline that flushes
keeps that order, give or take what its registers hold, and registers only help. A stalling
pipeline (UG1399, "Flushing Pipelines and Pipeline Types") does not: it holds back a finished pixel
while it waits for a read of a later iteration, which is known to cause deadlocks in dataflow
regions (UG1448, "Pipeline Styles"). That is another order, one for each latency. The program's
order is therefore run, and stalling pipelines of several latencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.dataflow.engine import Longs, Network, Run, make_network, run_in_order, run_network
from fcn_hw.dataflow.lowering import Dataflow
from fcn_hw.ops import Fold

LATENCY_SCALES = (0.0, 0.5, 1.0, 2.0)
"""Shares of the estimated latency for which stalling pipelines are run."""


@dataclass(frozen=True, eq=False)
class Order:
    """One order of reads and writes.

    Args:
        name: for people.
        dataflow: the processes.
        folds: of each op that has one.
        latency_scale: as :meth:`fcn_hw.dataflow.lowering.Process.schedule` has it.
        sequential: whether the reads and writes of a cycle happen one after another.
    """

    name: str
    dataflow: Dataflow
    folds: Mapping[str, Fold]
    latency_scale: float
    sequential: bool

    @property
    def is_estimate(self) -> bool:
        """Whether it is the order of the network that FIFOs are sized for."""
        return self.latency_scale == 1 and not self.sequential

    @property
    def network(self) -> Network:
        """With the schedules of this order: made anew each time, for it has an entry an event."""
        return make_network(self.dataflow, self.folds, latency_scale=self.latency_scale)

    def run(self, depths: Longs, network: Network | None = None) -> Run:
        """One frame.

        Args:
            depths: of each FIFO.
            network: the order's, where it is at hand.
        """
        network = self.network if network is None else network
        if self.sequential:
            return run_in_order(network, depths)
        return run_network(network, depths, 1)


def all_orders(dataflow: Dataflow, folds: Mapping[str, Fold]) -> tuple[Order, ...]:
    """The program's order, then stalling pipelines of each of :data:`LATENCY_SCALES`."""
    return (
        Order("program", dataflow, folds, 0.0, sequential=True),
        *(
            Order(
                f"stalling pipelines, {scale:g} x latency", dataflow, folds, scale, sequential=False
            )
            for scale in LATENCY_SCALES
        ),
    )
