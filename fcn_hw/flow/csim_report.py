"""The result of a C simulation: a row a layer, and what it means for the segmentation."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from fcn_hw.design import ConvEmitter
from fcn_hw.harness.compare import Comparison, Difference
from fcn_hw.ir import Graph
from fcn_hw.results import STRICT
from fcn_hw.train.datasets.base import Metric


@dataclass(frozen=True, config=STRICT)
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


@dataclass(frozen=True, config=STRICT)
class CsimResult:
    """``report/csim.json``, of a design or of a graph; scores in 0..1, rates in images a second.

    Args:
        argmax_flips: pixels whose class is not QKeras'; 0 of a graph without a design.
        score_float, score_quantized, score_csim: None of a graph without a design.
        compile_s: what compiling took in that run; None where the program was there.
        csim_images_per_s: simulated and compared.
        conv: whose convolutions ran; with hls4ml's, cycles and FIFO depths are not proved.
        ap_types: compiled with the official ap_types, the sign-off.
        graph: digest of the graph that was emitted, or "".
        metric: what the scores are: mIoU, or of a classifier the accuracy.
        of_images: that the design asks for; 0 where there is none.
        edited: sources that were edited by hand and simulated so.
        data: of a graph without a design, where its frames are from.
    """

    images: int
    values_compared: int
    mismatches: int
    argmax_flips: int
    score_float: float | None
    score_quantized: float | None
    score_csim: float | None
    compile_s: float | None
    csim_images_per_s: float
    layers: tuple[LayerResult, ...]
    conv: ConvEmitter = "fcn_hw"
    ap_types: bool = False
    graph: str = ""
    metric: Metric = "mIoU"
    of_images: int = 0
    edited: tuple[str, ...] = ()
    data: str = ""

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


def layer_row(
    graph: Graph, name: str, oracle: Comparison, qkeras: Comparison | None = None
) -> LayerResult:
    """The row of a tensor.

    Args:
        oracle: C++ against the oracle.
        qkeras: oracle against QKeras; None where they were not compared.
    """
    op = graph[name]
    found = [oracle] if qkeras is None else [qkeras, oracle]
    return LayerResult(
        layer=name,
        source=op.origin,
        format=str(op.output.format),
        models="O=C" if qkeras is None else "Q=O=C",
        values=sum(item.values for item in found),
        mismatches=sum(item.mismatches for item in found),
        first=next((item.first for item in found if item.first), None),
    )
