"""The result of a C simulation: a row a layer, and what it means for the segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import ConvEmitter
from fcn_hw.harness.compare import Comparison, Difference
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import digest
from fcn_hw.train.datasets.base import Metric
from fcn_hw.train.metrics import confusion_matrix, mean_iou, pixel_accuracy

ClassMaps = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class LayerResult:
    """One tensor in the three models.

    Args:
        layer: the op.
        source: the Keras layer that it equals, or "".
        format: of its codes.
        models: which were compared: ``"Q=O=C"`` QKeras, oracle and C++; ``"O=C"`` where float32
            can't hold the accumulator exactly, or no Keras layer has this output.
        values: codes compared, over both comparisons.
        mismatches: codes that differ, over both.
        first: the first difference.
    """

    layer: str
    source: str
    format: str
    models: str
    values: int
    mismatches: int
    first: Difference | None


@dataclass(frozen=True)
class CsimResult:
    """``report/csim.json``; scores in 0..1, rates in images a second.

    Args:
        compile_s: what compiling took in that run; None where the program was there.
        csim_images_per_s: simulated and compared.
        conv: whose convolutions ran; with hls4ml's, cycles and FIFO depths are not proved.
        ap_types: compiled with the official ap_types, the sign-off.
        graph: digest of the graph that was emitted, or "".
        metric: what the scores are: mIoU, or of a classifier the accuracy.
        of_images: that the design asks for; 0 in a report of fcn_hw 0.1, which does not say it.
        edited: sources that were edited by hand and simulated so.
    """

    images: int
    values_compared: int
    mismatches: int
    argmax_flips: int
    score_float: float
    score_quantized: float
    score_csim: float
    compile_s: float | None
    csim_images_per_s: float
    layers: tuple[LayerResult, ...]
    conv: ConvEmitter = "fcn_hw"
    ap_types: bool = False
    graph: str = ""
    metric: Metric = "mIoU"
    of_images: int = 0
    edited: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether fewer images ran than the design asks for: the scores are of these alone."""
        return self.images < self.of_images

    @property
    def measured(self) -> bool:
        """Whether QKeras itself rounds in some layer, so that its class maps are no reference."""
        return not self.is_partial and any(
            row.source and "Q" not in row.models for row in self.layers
        )

    @property
    def exact(self) -> bool:
        """Whether nothing differed that must be equal."""
        known = not self.is_partial and not self.measured  # that QKeras has the same class maps
        return self.mismatches == 0 and not (known and self.argmax_flips)


def csim_result(
    graph: Graph,
    *,
    oracle: Mapping[str, Comparison],
    qkeras: Mapping[str, Comparison],
    csim_maps: ClassMaps,
    qkeras_maps: ClassMaps,
    float_maps: ClassMaps,
    masks: ClassMaps,
    void: int | None,
    compile_s: float | None,
    simulate_s: float,
    conv: ConvEmitter = "fcn_hw",
    ap_types: bool = False,
    metric: Metric = "mIoU",
    of_images: int = 0,
    edited: tuple[str, ...] = (),
) -> CsimResult:
    """Puts the comparisons together.

    Args:
        oracle: C++ against the oracle.
        qkeras: oracle against QKeras on the same images, for layers that float32 computes exactly.
        csim_maps, qkeras_maps, float_maps, masks: classes (N, H, W).
        void: mask value that does not count.
        metric: what the data set is judged by.
    """
    layers = tuple(
        _layer(graph, op.name, oracle[op.name], qkeras.get(op.name)) for op in graph.computed
    )
    n_classes = graph.tensor(graph[graph.outputs[0]].inputs[0]).channels

    def score(maps: ClassMaps) -> float:
        measure = pixel_accuracy if metric == "accuracy" else mean_iou
        return measure(confusion_matrix(masks, maps, n_classes, void))

    return CsimResult(
        images=len(csim_maps),
        values_compared=sum(item.values for item in layers),
        mismatches=sum(item.mismatches for item in layers),
        argmax_flips=int(np.count_nonzero(csim_maps != qkeras_maps)),
        score_float=score(float_maps),
        score_quantized=score(qkeras_maps),
        score_csim=score(csim_maps),
        compile_s=None if compile_s is None else round(compile_s, 3),
        csim_images_per_s=round(len(csim_maps) / simulate_s, 3),
        layers=layers,
        conv=conv,
        ap_types=ap_types,
        graph=digest(graph),
        metric=metric,
        of_images=of_images,
        edited=edited,
    )


def oracle_row(graph: Graph, name: str, oracle: Comparison) -> LayerResult:
    """The row of a tensor that was compared with the oracle only."""
    op = graph[name]
    return LayerResult(
        layer=name,
        source=op.origin,
        format=str(op.output.format),
        models="O=C",
        values=oracle.values,
        mismatches=oracle.mismatches,
        first=oracle.first,
    )


def _layer(graph: Graph, name: str, oracle: Comparison, qkeras: Comparison | None) -> LayerResult:
    row = oracle_row(graph, name, oracle)
    if qkeras is None:
        return row
    return replace(
        row,
        models="Q=O=C",
        values=row.values + qkeras.values,
        mismatches=row.mismatches + qkeras.mismatches,
        first=qkeras.first or row.first,
    )


def result_to_json(result: CsimResult) -> dict[str, Any]:
    """The JSON document of a result."""
    return asdict(result)


def result_from_json(stored: Mapping[str, Any]) -> CsimResult:
    """A result from its JSON document."""
    layers, edited = layers_from_json(stored["layers"]), tuple(stored.get("edited", ()))
    return CsimResult(**{**stored, "layers": layers, "edited": edited})


def layers_from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[LayerResult, ...]:
    """The rows of a JSON document."""
    return tuple(
        LayerResult(
            **{
                **item,
                "first": item["first"]
                and Difference(**{**item["first"], "index": tuple(item["first"]["index"])}),
            }
        )
        for item in stored
    )
