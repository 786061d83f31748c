"""Where the labels of a network are from: a design's data set, or a graph that has none."""

from __future__ import annotations

from collections.abc import Sequence

from fcn_hw.colours import class_colours
from fcn_hw.design import Mnist
from fcn_hw.flow.workspace import GraphWorkspace, Target
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import ClassLabel, Labels, takes_images
from fcn_hw.ir.outputs import class_count, class_maps
from fcn_hw.train.datasets import dataset_frame, mnist_digits


def labels_of(target: Target, graph: Graph) -> Labels | None:
    """Those of a design's data set; of a graph without a design, classes by number.

    Returns:
        None where no output of the graph is a class map, or an input takes no images.
    """
    maps = class_maps(graph)
    if not maps or not all(takes_images(op.output) for op in graph.inputs):
        return None
    if isinstance(target, GraphWorkspace):
        counts = {name: class_count(graph, name) for name in maps}
        names = {name: [f"class {index}" for index in range(counts[name])] for name in maps}
        return Labels({name: _labels(names[name]) for name in maps}, "resize")
    classes: Sequence[str] = mnist_digits.CLASSES
    fit = "resize"
    if not isinstance(target.design.dataset, Mnist):
        classes, frame = dataset_frame(target.design.dataset)
        fit = str(frame.fit)
    return Labels({name: _labels(classes) for name in maps}, fit)


def _labels(names: Sequence[str]) -> tuple[ClassLabel, ...]:
    colours = class_colours(len(names)).tolist()
    return tuple(
        ClassLabel(name, (red, green, blue))
        for name, (red, green, blue) in zip(names, colours, strict=True)
    )
