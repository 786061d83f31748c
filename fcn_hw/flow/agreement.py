"""How far a graph equals the QKeras model that it came from, on given frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import quantize
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.proofs import Proof, Status, statuses
from fcn_hw.harness.compare import Comparison, Difference
from fcn_hw.harness.csim import batches
from fcn_hw.ir import ArgMax, Graph
from fcn_hw.reference import evaluate


@dataclass(frozen=True)
class LayerAgreement:
    """One Keras layer.

    Args:
        layer: the Keras layer.
        op: that holds its output.
        format: of the codes.
        status: ``exact``, ``proved`` or ``measured``.
        form: what stands for float layers in front of it, or ``""``.
        values: codes compared; 0 where there were no frames.
        differ: how many are not what the QKeras value is, rounded to the format.
        near_ties: steps within float32's rounding of a tie.
        how: how it is known.
        first: the first difference.
    """

    layer: str
    op: str
    format: str
    status: str
    form: str
    values: int
    differ: int
    near_ties: int
    how: str
    first: Difference | None


@dataclass(frozen=True)
class Agreement:
    """All layers, and the class maps.

    Args:
        frames: compared.
        layers: in the graph's order.
        class_pixels: of all class maps.
        class_differ: pixels of another class.
    """

    frames: int
    layers: tuple[LayerAgreement, ...]
    class_pixels: int
    class_differ: int

    @property
    def holds(self) -> bool:
        """Whether every layer that must be equal is."""
        return not any(row.differ for row in self.layers if row.status != Status.MEASURED.value)


_HOW = {
    Status.EXACT: "float32 does the same integer arithmetic without rounding",
    Status.MEASURED: "float32 rounds in QKeras, here or before",
}


def describe(graph: Graph, proofs: Iterable[Proof]) -> Agreement:
    """What is known without any frame."""
    return _agreement(graph, proofs, {}, 0, 0, 0)


def compare_model(
    graph: Graph,
    model: Any,
    proofs: Sequence[Proof],
    codes: npt.NDArray[np.integer],
    progress: Progress,
) -> Agreement:
    """A graph of one input against its model, layer by layer.

    Args:
        model: the QKeras model.
        codes: (N, height, width, channels), any integer type.
    """
    from fcn_hw.frontend.probe import layer_values

    known = statuses(graph, proofs)
    found = {name: Comparison(name) for name in known}
    maps = {op.name: op.inputs[0] for op in graph.ops if isinstance(op, ArgMax)}
    wanted = list(dict.fromkeys([*known, *maps, *maps.values()]))
    pixels = differ = 0
    for batch in progress.over(list(batches(len(codes))), "QKeras = graph"):
        frames = {graph.inputs[0].name: codes[batch].astype(np.int64)}
        expected = evaluate(graph, frames, keep=wanted)
        for name, values in layer_values(model, graph, frames, list(known)):
            fmt = graph.tensor(name).format
            measured = known[name] is Status.MEASURED
            codes_there = quantize(np.ldexp(values, -fmt.fraction), fmt) if measured else values
            found[name] = found[name].extended(codes_there, expected[name], batch.start)
            for class_map in (item for item, scores in maps.items() if scores == name):
                classes = np.argmax(values, axis=-1)
                pixels += classes.size
                differ += int(np.count_nonzero(classes != expected[class_map][..., 0]))
    return _agreement(graph, proofs, found, len(codes), pixels, differ)


def to_json(result: Agreement) -> dict[str, Any]:
    """The JSON document of an agreement."""
    return {**asdict(result), "holds": result.holds}


def _agreement(
    graph: Graph,
    proofs: Iterable[Proof],
    found: dict[str, Comparison],
    frames: int,
    pixels: int,
    differ: int,
) -> Agreement:
    by_op = {proof.op: proof for proof in proofs}
    rows = []
    for name, status in statuses(graph, by_op.values()).items():
        op, proof = graph[name], by_op.get(name)
        compared = found.get(name, Comparison(name))
        rows.append(
            LayerAgreement(
                layer=op.origin,
                op=name,
                format=str(op.output.format),
                status=status.value,
                form=proof.form if proof else "",
                values=compared.values,
                differ=compared.mismatches,
                near_ties=proof.near_ties if proof else 0,
                how=proof.text if proof else _HOW.get(status, ""),
                first=compared.first,
            )
        )
    return Agreement(frames, tuple(rows), pixels, differ)
