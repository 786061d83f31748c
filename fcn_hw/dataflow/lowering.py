"""Graph -> dataflow processes with one producer and one consumer a stream.

A tensor that several ops read leaves its op through a :class:`Process` of kind fork. Vitis HLS
demands this (UG1399, canonical form of a dataflow region): a stream has one writer and one reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fcn_hw.firing import LOOP_END, STREAM, Schedule, every_pixel, one_after_another
from fcn_hw.ir import Graph
from fcn_hw.names import Names
from fcn_hw.ops import Fold, Op, Tensor
from fcn_hw.ops.joins import MAX_SKIP_INPUTS

SHORT_FIFO_DEPTH = 2
"""Depth of a stream that joins two processes of a chain: a word in flight, a word in reserve."""


@dataclass(frozen=True)
class Stream:
    """A FIFO between two processes, or a port of the top function.

    Args:
        name: C identifier.
        tensor: what flows through it.
        depth: pixels that it holds; 0 for a port.
    """

    name: str
    tensor: Tensor
    depth: int = 0


@dataclass(frozen=True)
class Process:
    """One function call in the dataflow region.

    Args:
        name: unique in the design.
        op: the op that it computes; None for a fork.
        inputs, outputs: streams, in argument order.
    """

    name: str
    op: Op | None
    inputs: tuple[Stream, ...]
    outputs: tuple[Stream, ...]

    def schedule(self, fold: Fold | None = None, *, latency_scale: float = 1.0) -> Schedule:
        """When it reads and writes.

        Args:
            fold: of a :class:`fcn_hw.ops.Folded` op, else None.
            latency_scale: factor on the estimated pipeline latency. 0 is the order of reads and
                writes of the header as a sequential program, and its cycles are those of
                :meth:`fcn_hw.ops.Op.cycles`.
        """
        operands = tuple(stream.tensor for stream in self.inputs)
        if self.op is not None:
            loops = self.op.loops(operands, fold)
            latency = self.op.latency_cycles(operands, fold)
        else:
            loops, latency = (every_pixel(operands[0].pixels),), STREAM
        end = LOOP_END if latency_scale else 0
        return one_after_another(loops, round(latency_scale * latency), end)


@dataclass(frozen=True)
class Dataflow:
    """The processes in topological order, and the ports of the top function."""

    name: str
    processes: tuple[Process, ...]
    inputs: tuple[Stream, ...]
    outputs: tuple[Stream, ...]

    @property
    def fifos(self) -> tuple[Stream, ...]:
        """The streams inside the top function."""
        return tuple(s for p in self.processes for s in p.outputs if s.depth > 0)

    def with_depths(self, depths: Mapping[str, int]) -> Dataflow:
        """The same processes, their FIFOs of other depths.

        Args:
            depths: of each FIFO by name, in pixels; a FIFO that is not named keeps its depth.
        """

        def streams(old: tuple[Stream, ...]) -> tuple[Stream, ...]:
            return tuple(replace(s, depth=depths.get(s.name, s.depth)) for s in old)

        processes = tuple(
            replace(p, inputs=streams(p.inputs), outputs=streams(p.outputs)) for p in self.processes
        )
        return replace(self, processes=processes)


def lower(graph: Graph) -> Dataflow:
    """The processes of a verified graph.

    FIFO depths are safe, not small: a branch of a fork can hold a whole frame, so the fork never
    waits for one of its readers and no cycle of waiting processes can close; any other stream is
    short. :func:`fcn_hw.dataflow.fifos.size_fifos` finds the depths that are needed.
    """
    names = Names(graph.name, (op.name for op in graph.ops))
    processes: list[Process] = []
    inputs: list[Stream] = []
    outputs: dict[str, Stream] = {}
    # tensor name -> streams that are still to be read, in the order of graph.readers()
    waiting: dict[str, list[Stream]] = {}
    for op in graph.ops:
        sources = tuple(waiting[name].pop(0) for name in op.inputs)
        port = not op.inputs
        readers = [reader.name for reader in graph.readers(op.name)]
        is_output = op.name in graph.outputs
        forked = len(readers) + is_output > 1
        stream = Stream(op.name, op.output, 0 if port or not readers else SHORT_FIFO_DEPTH)
        if forked and not port:
            stream = Stream(op.name, op.output, SHORT_FIFO_DEPTH)
        if port:
            inputs.append(stream)
        else:
            processes.append(Process(op.name, op, sources, (stream,)))
        if not forked:
            waiting[op.name] = [stream] if readers else []
            if is_output:
                outputs[op.name] = stream
            continue
        frame = op.output.height * op.output.width
        branches = [
            Stream(names.give_one(f"{op.name}_to_{reader}"), op.output, frame) for reader in readers
        ]
        waiting[op.name] = list(branches)
        if is_output:
            outputs[op.name] = Stream(names.give_one(f"{op.name}_out"), op.output)
            branches.append(outputs[op.name])
        processes += _forks(names, op.name, stream, branches)
    return Dataflow(
        graph.name, tuple(processes), tuple(inputs), tuple(outputs[name] for name in graph.outputs)
    )


def _forks(names: Names, name: str, source: Stream, branches: list[Stream]) -> list[Process]:
    """Forks that copy ``source`` to all branches, one behind another where one is not enough."""
    forks = []
    number = 1
    while len(branches) > MAX_SKIP_INPUTS:
        rest = Stream(names.give_one(f"{name}_rest{number}"), source.tensor, SHORT_FIFO_DEPTH)
        outputs = (*branches[: MAX_SKIP_INPUTS - 1], rest)
        forks.append(Process(names.give_one(f"{name}_fork{number}"), None, (source,), outputs))
        source, branches, number = rest, branches[MAX_SKIP_INPUTS - 1 :], number + 1
    forks.append(Process(names.give_one(f"{name}_fork{number}"), None, (source,), tuple(branches)))
    return forks
