"""How far a graph equals the model that it came from, on given frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass as plain_dataclass

import numpy as np
import numpy.typing as npt
from pydantic import computed_field
from pydantic.dataclasses import dataclass

from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.ports import LayerValues
from fcn_hw.frontend.proofs import Proof, Status, statuses
from fcn_hw.harness.compare import Comparison, Difference
from fcn_hw.harness.csim import batches, frame_count
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import class_maps
from fcn_hw.reference import evaluate
from fcn_hw.results import STRICT
from fcn_hw.scaling import Scaling


@dataclass(frozen=True, config=STRICT)
class LayerAgreement:
    """One layer of the source model.

    Args:
        layer: its name.
        op: that holds its output.
        format: of the codes.
        status: ``exact``, ``proved`` or ``measured``.
        form: what stands for float layers in front of it, or ``""``.
        values: codes compared; 0 where there were no frames.
        differ: how many are not the source model's value; of a measured layer, whose values lie
            between the codes, how many are more than half a step from it.
        most_steps: how far one that differs is from that value at most, in steps.
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
    most_steps: float
    near_ties: int
    how: str
    first: Difference | None


@dataclass(frozen=True, config=STRICT)
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

    @computed_field  # type: ignore[prop-decorator]
    @property
    def holds(self) -> bool:
        """Whether every layer that must be equal is."""
        return not any(row.differ for row in self.layers if row.status != Status.MEASURED.value)


_HOW = {
    Status.EXACT: "float32 does the same integer arithmetic without rounding",
    Status.MEASURED: "float32 rounds in the model, here or before",
}


def describe(graph: Graph, proofs: Iterable[Proof]) -> Agreement:
    """What is known without any frame."""
    return _agreement(graph, proofs, {}, 0, 0, 0)


def compare_model(
    graph: Graph,
    layer_values: LayerValues,
    proofs: Sequence[Proof],
    codes: Mapping[str, npt.NDArray[np.integer]],
    progress: Progress,
    scaling: Scaling | None = None,
) -> Agreement:
    """A graph against its model, layer by layer.

    Args:
        layer_values: of the source model, as the export gives it.
        codes: (N, height, width, channels) of each input, any integer type.
        scaling: what the model is given for a code; None: ``code * step``.
    """
    known = statuses(graph, proofs)
    compared = compare_layers(graph, layer_values, known, codes, progress, scaling)
    pixels = sum(maps.size for maps in compared.model_maps.values())
    differ = sum(
        int(np.count_nonzero(maps != compared.graph_maps[name]))
        for name, maps in compared.model_maps.items()
    )
    return _agreement(graph, proofs, compared.layers, frame_count(codes), pixels, differ)


@plain_dataclass(frozen=True, eq=False)
class ComparedLayers:
    """What the source model and the graph computed for the same frames.

    Args:
        layers: by op.
        model_maps, graph_maps: class maps (N, H, W), by the class map's op, where its scores hold
            the output of a layer.
    """

    layers: dict[str, Comparison]
    model_maps: dict[str, npt.NDArray[np.int64]]
    graph_maps: dict[str, npt.NDArray[np.int64]]


def compare_layers(
    graph: Graph,
    layer_values: LayerValues,
    known: Mapping[str, Status],
    codes: Mapping[str, npt.NDArray[np.integer]],
    progress: Progress,
    scaling: Scaling | None = None,
) -> ComparedLayers:
    """Compares every op of ``known``: the one comparison of a model with its graph.

    A value of an exact or a proved layer is the code itself. That of a measured layer may lie
    between two codes: there the nearer one equals it, whatever the mode of the op's format is.

    Args:
        layer_values: of the source model, as the export gives it.
        known: ops that hold the output of a layer.
        codes: (N, height, width, channels) of each input, any integer type.
        scaling: what the model is given for a code; None: ``code * step``.
    """
    found = {name: Comparison(name) for name in known}
    scores = {source: name for name, source in class_maps(graph).items() if source in known}
    theirs: dict[str, list[npt.NDArray[np.int64]]] = {name: [] for name in scores.values()}
    ours: dict[str, list[npt.NDArray[np.int64]]] = {name: [] for name in scores.values()}
    wanted = [*known, *scores.values()]
    for batch in progress.over(list(batches(frame_count(codes))), "source model = graph"):
        frames = {name: item[batch].astype(np.int64) for name, item in codes.items()}
        expected = evaluate(graph, frames, keep=wanted)
        for name, values in layer_values(graph, frames, list(known), scaling):
            nearest = known[name] is Status.MEASURED
            found[name] = found[name].extended(values, expected[name], batch.start, nearest=nearest)
            if name in scores:
                theirs[scores[name]].append(classes_of(values))
                ours[scores[name]].append(expected[scores[name]][..., 0].astype(np.int64))
    return ComparedLayers(
        found,
        {name: np.concatenate(maps) for name, maps in theirs.items()},
        {name: np.concatenate(maps) for name, maps in ours.items()},
    )


def classes_of(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """The class of each pixel of scores (..., channels); one channel is class 1 above 0."""
    one = scores.shape[-1] == 1
    return np.asarray(scores[..., 0] > 0 if one else np.argmax(scores, axis=-1), np.int64)


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
                most_steps=compared.most_steps,
                near_ties=proof.near_ties if proof else 0,
                how=proof.text if proof else _HOW.get(status, ""),
                first=compared.first,
            )
        )
    return Agreement(frames, tuple(rows), pixels, differ)
