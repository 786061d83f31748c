"""Where the labels of a network are from: a design's data set, or a graph that has none."""

from __future__ import annotations

from fcn_hw.colours import class_colours
from fcn_hw.design import Mnist
from fcn_hw.flow.workspace import GraphWorkspace, Target
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import Labels, takes_images
from fcn_hw.ir.outputs import class_count, class_maps
from fcn_hw.train.datasets import dataset_frame, mnist_digits


def labels_of(target: Target, graph: Graph) -> Labels | None:
    """Those of a design's data set; of a graph without a design, classes by number.

    Returns:
        None where the first output of the graph is no class map, or an input takes no images.
    """
    output = graph.outputs[0]
    if output not in class_maps(graph) or not all(takes_images(op.output) for op in graph.inputs):
        return None
    classes: tuple[str, ...]
    fit = "resize"
    if isinstance(target, GraphWorkspace):
        classes = tuple(f"class {index}" for index in range(class_count(graph, output)))
    elif isinstance(target.design.dataset, Mnist):
        classes = mnist_digits.CLASSES
    else:
        classes, frame = dataset_frame(target.design.dataset)
        fit = str(frame.fit)
    red_green_blue = class_colours(len(classes)).tolist()
    return Labels(classes, tuple((r, g, b) for r, g, b in red_green_blue), fit)
