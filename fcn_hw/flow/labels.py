"""What the codes of a network mean in pictures: how images are fitted, classes and colours."""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.design import FolderDataset
from fcn_hw.errors import ConfigError
from fcn_hw.flow.workspace import GraphWorkspace, Target
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import class_maps
from fcn_hw.train.datasets import dataset_frame, load_dataset
from fcn_hw.train.datasets.base import Bytes
from fcn_hw.train.datasets.images import Fit
from fcn_hw.train.palette import class_colours


@dataclass(frozen=True)
class Labels:
    """The classes of a network, and how images of another size become its frames.

    Args:
        classes: names; a code of the class map is an index into them.
        fit: see :func:`fcn_hw.pictures.fitted_size`.
    """

    classes: tuple[str, ...]
    fit: Fit

    @property
    def colours(self) -> Bytes:
        """RGB of each class, (classes, 3)."""
        return class_colours(len(self.classes))


def labels_of(target: Target, graph: Graph) -> Labels:
    """Those of a design's data set; of a graph without a design, classes by number.

    Raises:
        ConfigError: the first output of the graph is no class map.
    """
    scores = class_maps(graph).get(graph.outputs[0])
    if scores is None:
        raise ConfigError(
            f"'{graph.outputs[0]}', the first output of '{graph.name}', is no class map",
            hint="export the model with --output-kind classes or both",
        )
    if isinstance(target, GraphWorkspace):
        count = max(2, graph.tensor(scores).channels)  # one score is that of the second class
        return Labels(tuple(f"class {index}" for index in range(count)), "resize")
    dataset = target.design.dataset
    if isinstance(dataset, FolderDataset):
        classes, frame = dataset_frame(dataset)
        return Labels(classes, frame.fit)
    return Labels(load_dataset(dataset, splits=()).classes, "resize")
