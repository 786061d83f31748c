"""``fcn-hw new``: a commented design.yaml that is valid as it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import get_args

from fcn_hw.backend.jinja import render
from fcn_hw.design import Dataset, Design, Network
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.files import create_file
from fcn_hw.names import graph_refusal
from fcn_hw.train.float_model import model_ends, read_float_model
from fcn_hw.train.topology import (
    DepthwiseConv,
    Merge,
    Topology,
    function_of,
    kernel_shape,
    quantizable,
    unweighted,
)

DESIGN_FILE = "design.yaml"
COMMENT_COLUMN = 34


@dataclass(frozen=True)
class DesignContext:
    """What ``templates/design/design.yaml.j2`` sees; sizes in pixels."""

    name: str
    dataset: str
    network: str
    height: int
    width: int
    filters: tuple[int, ...]
    head_filters: int
    upsampling: str
    skip: str
    float_epochs: int
    retrain_epochs: int
    batch_size: int
    file: FileContext | None = None


@dataclass(frozen=True)
class LayerLine:
    """A line of ``precision.layers``.

    Args:
        name: of the layer.
        bits: its entry, as YAML.
        what: kind, size and weights, for the comment.
    """

    name: str
    bits: str
    what: str


@dataclass(frozen=True)
class FileContext:
    """What the template says of a float model file.

    Args:
        model: the path from the design's folder.
        output: the layer whose output is kept, of several; None: the only one.
        others: the other outputs.
        channels: of the images.
        classes: names for the classes.
        scale: what the model is given for a byte, as far as its own layers tell.
        layers: those that a quantizer stands behind.
    """

    model: str
    output: str | None
    others: tuple[str, ...]
    channels: int
    classes: tuple[str, ...]
    scale: str
    layers: tuple[LayerLine, ...]


@dataclass(frozen=True)
class _Start:
    """What is sensible to begin with."""

    height: int
    width: int
    filters: tuple[int, ...]
    head_filters: int
    float_epochs: int
    retrain_epochs: int
    batch_size: int = 8


_SMALL = _Start(64, 96, (6, 12, 20), 48, float_epochs=6, retrain_epochs=4)
_CLASSIFIER = _Start(28, 28, (16, 32, 64), 64, float_epochs=8, retrain_epochs=6, batch_size=100)
_PHOTOGRAPHS = _Start(192, 256, (12, 24, 48, 64), 96, float_epochs=50, retrain_epochs=20)
_STARTS = {"digit_scenes": _SMALL, "mnist": _CLASSIFIER}


def datasets() -> tuple[str, ...]:
    """The kinds of data sets."""
    kinds = get_args(get_args(Dataset)[0])
    return tuple(get_args(kind.model_fields["kind"].annotation)[0] for kind in kinds)


def choices(key: str) -> tuple[str, ...]:
    """The values of a key of section ``network``."""
    return tuple(get_args(Network.model_fields[key].annotation))


def new_design(
    name: str,
    root: Path,
    *,
    dataset: str | None = None,
    network: str | None = None,
    upsampling: str = "bilinear",
    skip: str = "add",
    height: int | None = None,
    width: int | None = None,
    model: Path | None = None,
) -> Path:
    """Writes ``hls_projects/<name>/design.yaml``.

    Args:
        root: of the project.
        dataset: None takes digit_scenes, or list for a model.
        network: None takes fcn8s, or a cnn for a data set of one class an image.
        height, width: pixels; None takes a size that suits the data set, or that of the model.
        model: a float Keras model file, whose layers are named with a first choice of bits.

    Returns:
        the path of the file.

    Raises:
        ConfigError: an impossible name, an unknown choice, a size out of range; a model file that
            is missing, damaged or of no images; or there is such a design already.
        UnsupportedLayer: layers of the model can't be quantized.
    """
    if model is not None and network is not None:
        raise ConfigError("--from and --network: the model is the network", hint="give one of them")
    if dataset is None:
        dataset = "digit_scenes" if model is None else "list"
    start = _STARTS.get(dataset, _PHOTOGRAPHS)
    if network is None:
        network = "cnn" if dataset == "mnist" else "fcn8s"
    for option, value, valid in (
        ("--dataset", dataset, datasets()),
        ("--network", network, choices("kind")),
        ("--upsampling", upsampling, choices("upsampling")),
        ("--skip", skip, choices("skip")),
    ):
        if value not in valid:
            raise ConfigError(f"{option}: there is no '{value}'; near: {nearest(value, valid)}")
    file = None
    if model is not None:
        height, width, file = _of_file(model, root / "hls_projects" / name, height, width)
    context = DesignContext(
        name=name,
        dataset=dataset,
        network=network,
        height=start.height if height is None else height,
        width=start.width if width is None else width,
        filters=start.filters,
        head_filters=start.head_filters,
        upsampling=upsampling,
        skip=skip,
        float_epochs=start.float_epochs,
        retrain_epochs=start.retrain_epochs,
        batch_size=start.batch_size,
        file=file,
    )
    _check(context)
    path = root / "hls_projects" / name / DESIGN_FILE
    try:
        create_file(path, aligned(render("design/design.yaml.j2", context)))
    except FileExistsError:
        raise ConfigError(
            f"{path}: there is such a design already",
            hint="Take another name, or remove the folder.",
        ) from None
    return path


def _of_file(
    path: Path, folder: Path, height: int | None, width: int | None
) -> tuple[int, int, FileContext]:
    """Height, width and what the template says of a model file."""
    ends = model_ends(path)
    size = (height or ends.height, width or ends.width)
    if size[0] is None or size[1] is None:
        raise ConfigError(
            f"{path}: the model reads images of any size", hint="give --height and --width"
        )
    several = len(ends.outputs) > 1
    output = ends.outputs[-1] if several else None
    model = read_float_model(path, size=(size[0], size[1]), output=output)
    channels = model.topology[-1].shape.channels
    classes = tuple(f"class{number}" for number in range(channels))
    file = FileContext(
        model=Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix(),
        output=output,
        others=ends.outputs[:-1] if several else (),
        channels=ends.channels,
        classes=classes if channels > 2 else ("background", "object"),
        scale="1" if model.scales else "1/255",
        layers=tuple(_layer_lines(model.topology)),
    )
    return size[0], size[1], file


def _layer_lines(topology: Topology) -> Iterator[LayerLine]:
    """A first choice of bits for every layer: 4, and 8 where few weights are or where much is lost.

    8 bits: weights of what reads the image and of depthwise layers; values of linear layers and
    sums, which are normalizations of something or scores.
    """
    shapes = {node.name: node.shape for node in topology}
    weighted = {node.name: node for node in quantizable(topology)}
    others = {node.name for node in unweighted(topology)}
    for node in topology:
        if node.name not in weighted and node.name not in others:
            continue
        shape = f"{node.shape.height}x{node.shape.width}x{node.shape.channels}"
        kind, activation = type(node).__name__, 4 if function_of(node) else 8
        if node.name in others:
            kind = node.how if isinstance(node, Merge) else kind
            yield LayerLine(node.name, f"{{activation: {activation}}}", f"{kind}, {shape}")
            continue
        layer = weighted[node.name]
        kernel = kernel_shape(layer, shapes[layer.source].channels)
        few = isinstance(layer, DepthwiseConv) or layer.source == topology[0].name
        bits = f"{{weight: {8 if few else 4}, activation: {activation}}}"
        size = f"{kernel[0]}x{kernel[1]}"
        yield LayerLine(node.name, bits, f"{kind} {size}, {shape}, {prod(kernel):,} weights")


def aligned(text: str) -> str:
    """The text with the comments behind values in one column; behind a long value, two spaces."""
    lines = []
    for line in text.splitlines():
        value, mark, comment = line.rpartition("  # ")
        behind = bool(mark) and bool(value.strip())
        lines.append(f"{value:<{COMMENT_COLUMN - 2}}  # {comment}" if behind else line)
    return "\n".join(lines) + "\n"


def _check(context: DesignContext) -> None:
    from pydantic import ValidationError

    dataset = {"kind": context.dataset, "height": context.height, "width": context.width}
    if context.dataset == "list":
        dataset |= {"train_list": "-", "val_list": "-", "classes": ["a", "b"]}
    network: dict[str, object] = {"kind": context.network, "filters": context.filters}
    if context.file is not None:
        network = {"kind": "keras", "model": context.file.model}
    try:
        Design.model_validate({"name": context.name, "dataset": dataset, "network": network})
    except ValidationError as error:
        first = error.errors()[0]
        what = first["loc"][-1] if first["loc"] else None
        if what == "name":
            told = graph_refusal(context.name)
            raise ConfigError(
                f"'{context.name}' can't be the name of a design" + (f": {told}" if told else ""),
                hint="A small letter, then at most 39 small letters, digits or underscores.",
            ) from None
        if what is None:
            raise ConfigError(f"new: {first['msg'].removeprefix('Value error, ')}") from None
        raise ConfigError(f"--{what} {first['input']}: {first['msg'].lower()}") from None
