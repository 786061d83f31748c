"""What a graph gives for each pixel: classes, or scores."""

from __future__ import annotations

from typing import Literal

from fcn_hw.ir.graph import Graph
from fcn_hw.scaling import step_scaling

OutputKind = Literal["classes", "scores", "both"]
"""classes: a byte a pixel. scores: the codes of all channels. both: classes, then scores."""


def class_maps(graph: Graph) -> dict[str, str]:
    """The outputs that are class maps, each with the tensor of the scores behind it.

    Several channels of scores have an arg-max; one channel has class 1 where it is above 0.
    """
    return {name: graph[name].inputs[0] for name in graph.outputs if graph[name].gives_classes}


def class_count(graph: Graph, name: str) -> int:
    """How many classes a class map has; one score a pixel is that of the second of two."""
    return max(2, graph.tensor(class_maps(graph)[name]).channels)


def meaning(graph: Graph, name: str) -> str:
    """What a code of an input or output stands for, in a few words."""
    scaling = next((port.scaling for port in graph.inputs if port.name == name), None)
    if scaling is not None:
        return str(scaling)
    scores = class_maps(graph).get(name)
    if scores is None:
        return str(step_scaling(graph.tensor(name).format))
    one = graph.tensor(scores).channels == 1
    return "class: 1 where the score is above 0" if one else "class of the largest score"
