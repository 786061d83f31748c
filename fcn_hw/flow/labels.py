"""Where the labels of a network are from: a design's data set, or what export was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast, get_args

from pydantic.dataclasses import dataclass

from fcn_hw.colours import class_colours
from fcn_hw.design import Mnist
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.flow.workspace import GraphWorkspace, Target
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import ClassLabel, Labels, channel_orders, takes_images
from fcn_hw.ir.outputs import class_count, class_maps
from fcn_hw.ops import Tensor
from fcn_hw.results import STRICT, read_result, write_result
from fcn_hw.train.datasets import dataset_frame, mnist_digits
from fcn_hw.train.datasets.images import Fit

LABELS = "labels.json"
"""Beside a graph without a design, where names or a fit were given."""

ChannelOrder = Literal["rgb", "bgr"]
ClassNames = Sequence[str] | Mapping[str, Sequence[str]]
"""Names of classes in the order of their numbers; of several class maps by output."""


@dataclass(frozen=True, config=STRICT)
class GraphLabels:
    """:data:`LABELS`.

    Args:
        classes: names in the order of their numbers, by output.
        fit: see :func:`fcn_hw.pictures.fitted_size`.
        channel_order: of images of three channels.
    """

    classes: Mapping[str, tuple[str, ...]]
    fit: Fit
    channel_order: ChannelOrder = "rgb"


UNTOLD = GraphLabels({}, "resize")
"""Of a graph of which export was told nothing."""


def labels_of(target: Target, graph: Graph) -> Labels | None:
    """Those of a design's data set; of a graph without a design, those beside it.

    Returns:
        None where no output of the graph is a class map, or an input takes no images.

    Raises:
        ConfigError: the labels beside a graph are malformed, or not those of its classes.
    """
    maps = class_maps(graph)
    if not maps or not all(takes_images(op.output) for op in graph.inputs):
        return None
    if isinstance(target, GraphWorkspace):
        stored = stored_labels(target.graph)
        names = graph_labels(graph, stored.classes, stored).classes
        return Labels(
            {name: _labels(item) for name, item in names.items()},
            stored.fit,
            {op.name: channels_of(op.output, stored) for op in graph.inputs},
        )
    classes: Sequence[str] = mnist_digits.CLASSES
    fit = "resize"
    if not isinstance(target.design.dataset, Mnist):
        classes, frame = dataset_frame(target.design.dataset)
        fit = str(frame.fit)
    channels = {op.name: channel_orders(op.output)[0] for op in graph.inputs}
    return Labels({name: _labels(classes) for name in maps}, fit, channels)


def channels_of(tensor: Tensor, labels: GraphLabels) -> str:
    """What the channels of an input of a graph without a design are: RGB, BGR or grey."""
    orders = channel_orders(tensor)
    return orders[-1] if labels.channel_order == "bgr" else orders[0]


def labels_told(fit: str | None, channel_order: str | None) -> GraphLabels:
    """What a user says of images; None: images are stretched, red comes first.

    Raises:
        ConfigError: no such fit or order.
    """
    if fit is not None and fit not in get_args(Fit):
        raise ConfigError(f"--fit is {', '.join(get_args(Fit))}, not '{fit}'")
    if channel_order is not None and channel_order not in get_args(ChannelOrder):
        raise ConfigError(f"--channel-order is rgb or bgr, not '{channel_order}'")
    return GraphLabels({}, cast(Fit, fit or "resize"), cast(ChannelOrder, channel_order or "rgb"))


def graph_labels(graph: Graph, given: ClassNames, told: GraphLabels = UNTOLD) -> GraphLabels:
    """The labels of a graph without a design; a class map without names has numbers.

    Args:
        told: all but the classes.

    Raises:
        ConfigError: there is no such class map, or its classes are more or fewer than the names; a
            name comes twice, is empty or too long; blue shall come first where no input has three
            channels.
    """
    maps = class_maps(graph)
    if not isinstance(given, Mapping):
        if len(maps) != 1:
            outputs = ", ".join(f"'{name}'" for name in maps) or "none"
            raise ConfigError(
                f"names of classes are given, and the class maps of '{graph.name}' are: {outputs}",
                hint="of several, give OUTPUT=NAMES once for each",
            )
        given = dict.fromkeys(maps, given)
    for output, listed in given.items():
        if output not in maps:
            raise ConfigError(
                f"'{output}' is no class map of '{graph.name}'; near: {nearest(output, maps)}"
            )
        _check_names(output, class_count(graph, output), listed)
    if told.channel_order == "bgr" and all(op.output.channels != 3 for op in graph.inputs):
        raise ConfigError(f"--channel-order bgr: no input of '{graph.name}' has 3 channels")
    numbers = {name: [f"class {i}" for i in range(class_count(graph, name))] for name in maps}
    names = {name: tuple(given.get(name, numbers[name])) for name in maps}
    return replace(told, classes=names)


def stored_labels(folder: Path) -> GraphLabels:
    """The labels beside a graph; where there are none, no names, and images are stretched.

    Raises:
        ConfigError: the file is malformed.
    """
    path = folder / LABELS
    return read_result(path, GraphLabels) if path.is_file() else UNTOLD


def store_labels(folder: Path, labels: GraphLabels | None) -> None:
    """Writes :data:`LABELS` of a graph folder, or removes those of an earlier graph."""
    if labels is None:
        (folder / LABELS).unlink(missing_ok=True)
    else:
        write_result(folder / LABELS, labels)


def _check_names(output: str, count: int, names: Sequence[str]) -> None:
    if len(names) != count:
        raise ConfigError(f"'{output}' has {count} classes, and {len(names)} names are given")
    for name in names:
        if not name.isprintable() or not 1 <= len(name) <= 100:
            raise ConfigError(f"{name[:100]!r} is no name of a class: 1 to 100 printable letters")
        if list(names).count(name) > 1:
            raise ConfigError(f"two classes of '{output}' have the name '{name}'")


def _labels(names: Sequence[str]) -> tuple[ClassLabel, ...]:
    colours = class_colours(len(names)).tolist()
    return tuple(
        ClassLabel(name, (red, green, blue))
        for name, (red, green, blue) in zip(names, colours, strict=True)
    )
