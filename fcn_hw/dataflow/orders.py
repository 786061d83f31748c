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
        network: with the schedules of this order.
        sequential: whether the reads and writes of a cycle happen one after another.
    """

    name: str
    network: Network
    sequential: bool

    def run(self, depths: Longs) -> Run:
        """One frame."""
        if self.sequential:
            return run_in_order(self.network, depths)
        return run_network(self.network, depths, 1)


def all_orders(dataflow: Dataflow, folds: Mapping[str, Fold]) -> tuple[Order, ...]:
    """The program's order, then stalling pipelines of each of :data:`LATENCY_SCALES`."""
    networks = {
        scale: make_network(dataflow, folds, latency_scale=scale) for scale in LATENCY_SCALES
    }
    return (
        Order("program", networks[0.0], sequential=True),
        *(
            Order(f"stalling pipelines, {scale:g} x latency", network, sequential=False)
            for scale, network in networks.items()
        ),
    )
