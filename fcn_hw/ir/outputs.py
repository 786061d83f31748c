"""What a graph gives for each pixel: classes, or scores."""

from __future__ import annotations

from typing import Literal

from fcn_hw.ir.graph import Graph

OutputKind = Literal["classes", "scores", "both"]
"""classes: a byte a pixel. scores: the codes of all channels. both: classes, then scores."""


def class_maps(graph: Graph) -> dict[str, str]:
    """The outputs that are class maps, each with the tensor of the scores behind it.

    Several channels of scores have an arg-max; one channel has class 1 where it is above 0.
    """
    return {name: graph[name].inputs[0] for name in graph.outputs if graph[name].gives_classes}
