"""The least storage of FIFOs that lose no throughput, by exhaustive search."""

from __future__ import annotations

import numpy as np

from fcn_hw.dataflow.engine import Longs, Network, run_network
from fcn_hw.dataflow.sizing import MIN_DEPTH

FRAMES = 400
"""Frames in which a paced run of a small graph settles, if it ever does."""


class Exhaustive:
    """Every choice of depths that could be better than the best one so far.

    A depth below the least one that works with all other FIFOs unbounded never works, and neither
    does a choice that is nowhere above one that does not work; nothing else is left out.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.known: dict[tuple[int, ...], bool] = {}
        self.order = np.argsort(-network.widths, kind="stable").tolist()
        self.least = [self._least_alone(fifo) for fifo in range(len(network.fifos))]
        self.best = 0
        self.best_depths: Longs | None = None

    def bits(self, at_most: int) -> int:
        """The least storage, if it is below ``at_most``; else ``at_most``."""
        self.best = at_most
        self._decide(0, self.network.depths({}), 0)
        return self.best

    def keeps_rate(self, depths: Longs) -> bool:
        key = tuple(int(depth) for depth in depths)
        if key not in self.known:
            run = run_network(self.network, depths, FRAMES, period=self.network.interval)
            self.known[key] = run.settled
        return self.known[key]

    def _least_alone(self, fifo: int) -> int:
        depths = self.network.depths({})
        depths[fifo] = MIN_DEPTH
        while not self.keeps_rate(depths):
            depths[fifo] += 1
        return int(depths[fifo])

    def _decide(self, position: int, depths: Longs, bits: int) -> None:
        """Tries all depths of the FIFOs from ``position`` on; those are unbounded in ``depths``."""
        widths = self.network.widths
        if position == len(self.order):
            if bits < self.best:
                self.best, self.best_depths = bits, depths.copy()
            return
        fifo, *others = self.order[position:]
        rest = sum(self.least[other] * int(widths[other]) for other in others)
        depths = depths.copy()
        depths[fifo] = self.least[fifo]
        while bits + int(depths[fifo] * widths[fifo]) + rest < self.best:
            if self.keeps_rate(depths):
                self._decide(position + 1, depths, bits + int(depths[fifo] * widths[fifo]))
            depths[fifo] += 1
