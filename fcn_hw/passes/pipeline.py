"""The order of the passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fcn_hw.ir.graph import Graph
from fcn_hw.ir.verify import verify
from fcn_hw.passes.fold_quantize import fold_quantize
from fcn_hw.passes.remove_dead import remove_dead
from fcn_hw.passes.remove_identity import remove_identity
from fcn_hw.passes.separate_padding import separate_padding


@dataclass(frozen=True)
class Pass:
    """A step of a pipeline.

    Args:
        name: a verb; error messages use it.
        run: graph to graph; every output code stays.
        reason: why it stands where it stands.
    """

    name: str
    run: Callable[[Graph], Graph]
    reason: str


DEFAULT_PASSES: tuple[Pass, ...] = (
    Pass(
        "remove_dead",
        remove_dead,
        "first: a reader that no output needs keeps its source from being folded",
    ),
    Pass(
        "remove_identity",
        remove_identity,
        "before folding: an identity between an op and its Quantize hides one from the other",
    ),
    Pass(
        "fold_quantize",
        fold_quantize,
        "on what is left: each fold saves a stage and a wide stream",
    ),
    Pass(
        "remove_identity_again",
        remove_identity,
        "last: two conversions folded into one may be an identity together",
    ),
)

HLS4ML_CONV_PASSES: tuple[Pass, ...] = (
    Pass(
        "separate_padding",
        separate_padding,
        "hls4ml's streaming convolution refuses padding; a layer of its own brings the zeros",
    ),
)
"""After the others, where convolutions are hls4ml's (``Conv: hls4ml``)."""


def run_passes(graph: Graph, passes: Sequence[Pass] = DEFAULT_PASSES) -> Graph:
    """The graph after all passes, verified after each.

    The outputs keep their order and codes; an output may be written by an op of another name.

    Raises:
        GraphError: a pass broke a rule; the message names the pass.
    """
    for step in passes:
        graph = verify(step.run(graph), where=f"after pass {step.name}")
    return graph
