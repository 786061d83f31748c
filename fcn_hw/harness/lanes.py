"""How many frames are simulated side by side.

Templates below ``templates/sim/lanes`` stand in for ap_types: each code is an array of codes of
so many frames, of native integers, and an operation on it is a few vector instructions. What the
emitted sources do does not depend on the data, so their control runs once for all of these frames.
"""

from __future__ import annotations

from fcn_hw.harness.traces import element_dtype
from fcn_hw.ir import Graph

LANES_FOLDER = "tb/sim/lanes"
"""Below the project: the headers that stand in for ap_types."""

MOST_LANES = 32
"""Bytes of 32 frames fill a vector register of 256 bits. 64 take twice the memory and are no faster
(measured, AVX-512 with g++ 12), 16 take five times as long."""

MEMORY_BYTES = 256 << 20
"""What the streams of one process may hold at a time."""

BLOCK_BYTES = 1 << 17
"""A pixel of all lanes must fit in a block of ``templates/sim/lanes/hls_stream.h``."""


def lanes_of(graph: Graph) -> int:
    """A power of two: frames that keep the streams of a simulation within :data:`MEMORY_BYTES`."""
    held, pixel = _held_bytes(graph), max(_bytes(graph, op.name, 1) for op in graph.ops)
    lanes = MOST_LANES
    while lanes > 1 and (lanes * held > MEMORY_BYTES or lanes * pixel > BLOCK_BYTES):
        lanes //= 2
    return lanes


def _held_bytes(graph: Graph) -> int:
    """The most that all streams hold at a time for one frame; processes run one after another."""
    last = {name: number for number, op in enumerate(graph.ops) for name in op.inputs}
    last |= dict.fromkeys(graph.outputs, len(graph.ops))
    live: dict[str, int] = {}
    most = 0
    for number, op in enumerate(graph.ops):
        tensor = op.output
        copies = max(1, sum(reader.inputs.count(op.name) for reader in graph.ops))
        live[op.name] = copies * _bytes(graph, op.name, tensor.height * tensor.width)
        most = max(most, sum(live.values()))
        live = {name: size for name, size in live.items() if last.get(name, 0) > number}
    return most


def _bytes(graph: Graph, name: str, pixels: int) -> int:
    tensor = graph.tensor(name)
    return pixels * tensor.channels * element_dtype(tensor.format).itemsize
