"""The integer oracle: runs a graph on integer codes, in NumPy, bit for bit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import FormatError, nearest
from fcn_hw.fixed import Codes, FixedFormat, Whole, whole_type
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Op

_BATCH_ELEMENTS = 1 << 18
"""Elements of the largest tensor that are worked on at a time: 1 MiB in float32, which
stays in the cache."""


def evaluate(
    graph: Graph,
    inputs: Mapping[str, npt.NDArray[np.integer]],
    *,
    keep: Collection[str] | None = None,
) -> dict[str, Codes]:
    """The output codes of the graph's ops.

    Args:
        graph: verified; accumulators that can overflow have no meaning here.
        inputs: for each input of the graph, integer codes of shape (N, height, width, channels).
        keep: names of the tensors to return, all by default. Only what they need is computed, and
            memory holds them plus a few frames of the others.

    Returns:
        int64 codes of shape (N, height, width, channels), by tensor name, in the graph's order.

    Raises:
        FormatError: an input is missing, unknown, or of wrong type, shape or range.
        GraphError: ``keep`` names an op that is not in the graph.
    """
    results: dict[str, Codes] = {}
    for part, count, found in evaluate_parts(graph, inputs, keep=keep):
        for name, codes in found.items():
            if name not in results:
                results[name] = np.empty((count, *codes.shape[1:]), dtype=np.int64)
            results[name][part] = codes
    return results


def evaluate_parts(
    graph: Graph,
    inputs: Mapping[str, npt.NDArray[np.integer]],
    *,
    keep: Collection[str] | None = None,
) -> Iterator[tuple[slice, int, dict[str, Whole]]]:
    """As :func:`evaluate`, a few frames after the other, while they are in the cache.

    Yields:
        which frames, of how many, and the kept tensors' codes of these, in any number type.
    """
    frames = {op.name: _checked(op, inputs) for op in graph.inputs}
    for name in inputs:
        if name not in frames:
            raise FormatError(f"'{name}' is no input of the graph; near: {nearest(name, frames)}")
    counts = {name: len(codes) for name, codes in frames.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"'{name}' has {count}" for name, count in counts.items())
        raise FormatError(f"the inputs differ in their number of frames: {listed}")
    count = next(iter(counts.values()), 0)

    kept = {op.name for op in graph.ops} if keep is None else {graph[name].name for name in keep}
    ancestors = _ancestors(graph, kept)
    needed = [op for op in graph.ops if op.name in ancestors]
    if not kept:
        return
    step = _frames_at_a_time(needed)
    for first in range(0, count, step):
        part = slice(first, min(first + step, count))
        given = {
            op.name: frames[op.name][part].astype(whole_type(op.output.format.largest_code))
            for op in graph.inputs
        }
        computed = _run(graph, needed, given)
        yield part, count, {name: codes for name, codes in computed if name in kept}


def _frames_at_a_time(ops: Iterable[Op]) -> int:
    """How many frames of these ops' tensors are evaluated together; more are no faster."""
    return max(1, _BATCH_ELEMENTS // max(op.output.size for op in ops))


def _run(
    graph: Graph, ops: Sequence[Op], frames: Mapping[str, Whole]
) -> Iterator[tuple[str, Whole]]:
    """Yields (name, codes) op by op; a tensor is dropped after its last reader."""
    last = {name: op.name for op in ops for name in op.inputs}
    live: dict[str, Whole] = {}
    for op in ops:
        given = [live[name] for name in op.inputs] or [frames[op.name]]
        codes = op.codes(given, graph.operands(op))
        assert codes.shape[1:] == op.output.shape, f"{op.kind} '{op.name}': {codes.shape}"
        yield op.name, codes
        if op.name in last:
            live[op.name] = codes
        for name in set(op.inputs):
            if last[name] == op.name:
                del live[name]


def _ancestors(graph: Graph, names: Collection[str]) -> set[str]:
    needed = set(names)
    for op in reversed(graph.ops):
        if op.name in needed:
            needed.update(op.inputs)
    return needed


def _checked(op: Op, inputs: Mapping[str, npt.NDArray[np.integer]]) -> npt.NDArray[np.integer]:
    if op.name not in inputs:
        raise FormatError(f"input '{op.name}' is missing")
    given = np.asarray(inputs[op.name])
    fmt = op.output.format
    if given.dtype.kind not in "iu" or given.dtype == np.uint64:
        raise FormatError(
            f"input '{op.name}' has dtype {given.dtype}: integer codes of {fmt} are expected",
            hint="fcn_hw.fixed.quantize turns real values into codes.",
        )
    if given.ndim != 4 or given.shape[1:] != op.output.shape or not len(given):
        height, width, channels = op.output.shape
        raise FormatError(
            f"input '{op.name}' has shape {given.shape}, "
            f"must be (frames, {height}, {width}, {channels})"
        )
    if _holds(fmt, given.dtype):
        return given
    low, high = int(given.min()), int(given.max())
    if low < fmt.min_code or high > fmt.max_code:
        raise FormatError(
            f"input '{op.name}' holds codes {low} to {high}, "
            f"{fmt} has {fmt.min_code} to {fmt.max_code}"
        )
    return given


def _holds(fmt: FixedFormat, dtype: np.dtype[np.integer]) -> bool:
    """Whether every number of the type is a code of the format, so that none need be looked at."""
    limits = np.iinfo(dtype)
    return fmt.min_code <= limits.min and limits.max <= fmt.max_code
