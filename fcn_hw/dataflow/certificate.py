"""A certificate that depths can't deadlock, and its check by other means than it was made.

The certificate lists the depths and, for each order of reads and writes (``orders.py`` says why
these and why one frame is enough), how many reads and writes a complete frame has. The check plays
every order again, token by token, in plain Python: it shares the firing rules with the engine, not
the engine.

References:
    G. Kahn, "The semantics of a simple language for parallel programming", IFIP 1974.
    T. M. Parks, "Bounded scheduling of process networks", PhD thesis, UC Berkeley, 1995.
    M. Geilen, T. Basten, "Requirements on the execution of Kahn process networks", ESOP 2003.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from pydantic.dataclasses import dataclass

from fcn_hw.dataflow.engine import Network
from fcn_hw.dataflow.fifos import SizedFifos
from fcn_hw.dataflow.lowering import Dataflow
from fcn_hw.dataflow.orders import all_orders
from fcn_hw.errors import ReportError
from fcn_hw.firing import READS, WRITES
from fcn_hw.ops import Fold
from fcn_hw.results import STRICT, result_data

THEOREM = (
    "A network of processes with blocking reads and writes on bounded FIFOs is determinate: if one "
    "execution completes a frame and leaves all FIFOs empty, every execution of every number of "
    "frames completes (Kahn 1974; Parks 1995; Geilen and Basten 2003)."
)


@dataclass(frozen=True, config=STRICT)
class OrderRun:
    """A frame, complete in one order of reads and writes."""

    order: str
    frames: int
    reads_and_writes: int


@dataclass(frozen=True, config=STRICT)
class Certificate:
    """``report/fifo_certificate.json``.

    Args:
        design: the name of the graph.
        graph: digest of the graph that was lowered.
        folds: of the ops that have them.
        depths: of the FIFOs, in pixels.
        runs: one for each order.
        theorem: why these runs are enough.
        digest: of all the rest.
    """

    design: str
    graph: str
    folds: dict[str, Fold]
    depths: dict[str, int]
    runs: tuple[OrderRun, ...]
    theorem: str
    digest: str = ""

    def content_digest(self) -> str:
        """The digest that it should have."""
        content = result_data(self)
        del content["digest"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def make_certificate(sized: SizedFifos, graph_digest: str) -> Certificate:
    """The certificate of sized FIFOs.

    Args:
        graph_digest: of the graph that was lowered.
    """
    # sizing has run every order; a complete frame reads each pixel that it writes
    accesses = 2 * int(sized.network.pixels.sum())
    runs = [OrderRun(order.name, 1, accesses) for order in sized.orders]
    found = Certificate(
        design=sized.dataflow.name,
        graph=graph_digest,
        folds=dict(sorted(sized.folds.items())),
        depths=sized.depths,
        runs=tuple(runs),
        theorem=THEOREM,
    )
    return replace(found, digest=found.content_digest())


def check_certificate(
    certificate: Certificate,
    dataflow: Dataflow,
    folds: Mapping[str, Fold],
    graph_digest: str,
) -> None:
    """Checks a certificate of a design.

    Args:
        dataflow: lowered again from the graph; its own depths play no part.
        folds: of the ops that have one.
        graph_digest: of the graph.

    Raises:
        ReportError: the certificate is of another design, was changed, or an order deadlocks.
    """
    what = f"certificate of '{dataflow.name}'"
    if certificate.digest != certificate.content_digest():
        raise ReportError(f"{what}: the digest is not that of its content")
    if certificate.graph != graph_digest:
        raise ReportError(f"{what}: it is of another graph")
    if certificate.folds != dict(folds):
        raise ReportError(f"{what}: it is of other folds")
    depths, names = certificate.depths, [fifo.name for fifo in dataflow.fifos]
    if set(depths) != set(names):
        raise ReportError(f"{what}: its FIFOs are not those of the design")
    stored = {run.order: run.reads_and_writes for run in certificate.runs}
    for order in all_orders(dataflow, folds):
        played = play(order.network, depths, sequential=order.sequential)
        if played is None:
            raise ReportError(f"{what}: a frame does not complete in the order '{order.name}'")
        if stored.get(order.name) != played:
            raise ReportError(f"{what}: another run of the order '{order.name}'")


def play(network: Network, depths: Mapping[str, int], *, sequential: bool) -> int | None:
    """Plays one frame token by token, without times.

    Args:
        depths: of each FIFO by name.
        sequential: whether reads and writes of a cycle happen one after another, or all at once.

    Returns:
        reads and writes that happened, or None if the frame can't be completed.
    """
    fill = {fifo.name: 0 for fifo in network.fifos}
    accesses = 0
    # For each process, the steps that it has left, in reverse; a step is a list of (FIFO, read?).
    left = []
    for process, item in zip(network.processes, network.schedules, strict=True):
        reads = [(s.name, True) for s in process.inputs if s.name in fill]
        writes = [(s.name, False) for s in process.outputs if s.name in fill]
        all_at_once = {
            kind: (reads if kind & READS else []) + (writes if kind & WRITES else [])
            for kind in (READS, WRITES, READS | WRITES)
        }
        steps = [all_at_once[kind] for kind in reversed(item.kinds.tolist())]
        if sequential:
            steps = [[access] for step in steps for access in reversed(step)]
        left.append(steps)
    moved = True
    while moved:
        moved = False
        for steps in left:
            while steps and all(
                fill[name] > 0 if read else fill[name] < depths[name] for name, read in steps[-1]
            ):
                for name, read in steps.pop():
                    fill[name] += -1 if read else 1
                    accesses += 1
                moved = True
    if any(left) or any(fill.values()):
        return None
    return accesses
