"""Class pictures of images that have no masks: by the oracle, or by the emitted C++ too.

<output>/<image>.classes.png    a palette image: its values are the classes
<output>/<image>.overlay.png    half the image as the network sees it, half the colours
<output>/predictions.json       what the colours mean, and how much of each image a class has

Of several class maps, the files are <image>.<class map>.classes.png and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import field
from itertools import islice
from pathlib import Path

import numpy as np
from pydantic.dataclasses import dataclass
from rich.markup import escape

from fcn_hw.boards import Board
from fcn_hw.colours import css
from fcn_hw.errors import ConfigError, DataError
from fcn_hw.flow.csim_report import LayerResult, layer_row
from fcn_hw.flow.emitted import Simulation
from fcn_hw.flow.frames import IMAGE_SUFFIXES, check_takes_images, image_files
from fcn_hw.flow.labels import labels_of
from fcn_hw.flow.pipeline import emitted_program, export_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.workspace import Target
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import ClassLabel, Labels
from fcn_hw.locks import locked
from fcn_hw.ops import Tensor
from fcn_hw.pictures import (
    fitted,
    fitted_frames,
    frame_count,
    frame_name,
    of_channels,
    ordered,
    write_pictures,
)
from fcn_hw.reference import evaluate
from fcn_hw.results import STRICT, write_result
from fcn_hw.tools.video import VIDEO_SUFFIXES, video_frames
from fcn_hw.train.datasets.base import Bytes

PREDICTIONS = "predictions.json"

_CHUNK_BYTES = 16 << 20
_CHUNK_IMAGES = 256
"""Frames in memory at a time, however long a video is."""


@dataclass(frozen=True, config=STRICT)
class Drawn:
    """The pictures of a class map.

    Args:
        classes, overlay: their files.
        shares: the part of the pixels of each class that occurs, 0..1.
    """

    classes: str
    overlay: str
    shares: Mapping[str, float]


@dataclass(frozen=True, config=STRICT)
class Predicted:
    """An image and its class maps.

    Args:
        name: of its file without suffix; of a frame of a video or an animation, its number too.
        maps: by output.
    """

    name: str
    maps: Mapping[str, Drawn]


@dataclass(frozen=True, config=STRICT)
class Predictions:
    """``predictions.json``.

    Args:
        network: of the design, or of the graph.
        colours: of the classes of each class map, ``#rrggbb``, by name in the order of their
            numbers.
        fit: how an image of another size becomes a frame, ``resize``, ``crop`` or ``pad``.
        channels: of each input, ``RGB``, ``BGR`` or ``grey``.
        images: in the order of the files' names.
        board: whose C++ ran; None where the oracle alone did.
        layers: C++ against the oracle; none where it did not run.
    """

    network: str
    colours: Mapping[str, Mapping[str, str]]
    fit: str
    channels: Mapping[str, str]
    images: tuple[Predicted, ...]
    board: str | None = None
    layers: tuple[LayerResult, ...] = field(default=())

    @property
    def values_compared(self) -> int:
        return sum(row.values for row in self.layers)

    @property
    def mismatches(self) -> int:
        return sum(row.mismatches for row in self.layers)


def predict_stage(
    workspace: Target, progress: Progress, *, images: Path, output: Path, board: Board | None = None
) -> Predictions:
    """Computes the class maps of each image and writes their pictures.

    Args:
        images: a folder, a text file with an image a line, an image, an animation (GIF, APNG,
            WebP) or a video, each of whose frames counts; of several inputs a folder that holds one
            of these for each, by its name. The pictures have the names of the first input's images.
        output: folder of the pictures; it is made.
        board: also run the emitted C++ for it; its class maps are those that are drawn, and every
            code of every tensor is compared with the oracle.

    Returns:
        also for a run that found mismatches: look at ``mismatches``.

    Raises:
        ConfigError: the network gives no class map.
        ToolNotFound: a video, and no ffmpeg to decode it.
        DataError: an image is missing or undecodable; an input does not take the bytes of images;
            the inputs have different numbers of images; two images have the same name.
    """
    graph = export_stage(workspace, progress)
    for op in graph.inputs:
        check_takes_images(op.output, hint="predict is for networks that see images")
    labels = labels_of(workspace, graph)
    if labels is None:
        raise ConfigError(
            f"no output of '{graph.name}' is a class map: "
            + ", ".join(f"'{name}'" for name in graph.outputs),
            hint="export the model with --output-kind classes or both",
        )
    files = {op.name: _files(images, op.name, len(graph.inputs) > 1) for op in graph.inputs}
    count = _count(images, files)
    with ExitStack() as stack:
        simulation = None
        if board is not None:
            stack.enter_context(locked(workspace.project(board), "fcn-hw predict"))
            simulation = Simulation(emitted_program(workspace, board, progress))
            graph = simulation.made.graph
        number = "a video" if count is None else f"{count} images"
        by = "" if board is None else f", C++ for {board.name} = oracle"
        progress.say(f"[cyan]predict[/] {escape(images.name)}: {number}{by}")
        output.mkdir(parents=True, exist_ok=True)
        update = stack.enter_context(progress.counter("predict", count))
        shown: list[Predicted] = []
        seen: set[str] = set()
        for names, codes in _batches(graph, images, files, labels):
            if simulation is not None:
                maps = simulation.run(codes, len(shown), update)
            else:
                found = evaluate(graph, codes, keep=list(labels.classes))
                maps = {name: found[name][..., 0].astype(np.uint8) for name in labels.classes}
            first = graph.inputs[0].name
            pixels = ordered(codes[first], labels.channels[first])
            for index, name in enumerate(names):
                if name in seen:
                    raise DataError(f"{images}: two images have the name '{name}'")
                seen.add(name)
                classes = {key: item[index] for key, item in maps.items()}
                shown.append(_predicted(output, name, pixels[index], classes, labels))
            update(len(shown))
    result = Predictions(
        network=workspace.name,
        colours={
            key: {item.name: css(item.colour) for item in classes}
            for key, classes in labels.classes.items()
        },
        fit=labels.fit,
        channels=labels.channels,
        images=tuple(shown),
        board=None if board is None else board.name,
        layers=()
        if simulation is None
        else tuple(layer_row(graph, name, item) for name, item in simulation.compared.items()),
    )
    write_result(output / PREDICTIONS, result)
    return result


# -- inside ----------------------------------------------------------------------------------------


def _files(images: Path, name: str, several: bool) -> list[Path]:
    """The images of one input, or its video."""
    place = images
    if several:
        known = {"", ".txt", *IMAGE_SUFFIXES, *VIDEO_SUFFIXES}
        found = sorted(images.iterdir()) if images.is_dir() else []
        named = [path for path in found if path.stem == name and path.suffix.lower() in known]
        if not named:
            raise DataError(
                f"{images}: there are no images of the input '{name}'",
                hint="give a folder that holds a folder of images, a list .txt, an image or a "
                "video, with the name of each input",
            )
        if len(named) > 1:
            both = ", ".join(f"'{path.name}'" for path in named)
            raise DataError(f"{images}: which of {both} is of the input '{name}'?")
        (place,) = named
    if place.suffix.lower() not in VIDEO_SUFFIXES:
        return image_files(place)
    if not place.is_file():
        raise DataError(f"{place}: there is no such file")
    return [place]


def _count(images: Path, files: Mapping[str, list[Path]]) -> int | None:
    """How many images each input has; None of videos, which say it at their end only."""
    if any(_is_video(path) for paths in files.values() for path in paths):
        return None
    counts = {name: sum(map(frame_count, paths)) for name, paths in files.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} of '{name}'" for name, count in counts.items())
        raise DataError(f"{images}: the inputs have different numbers of images: {told}")
    return next(iter(counts.values()))


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _batches(
    graph: Graph, images: Path, files: Mapping[str, list[Path]], labels: Labels
) -> Iterator[tuple[list[str], dict[str, Bytes]]]:
    """Names of some images and their codes, by input."""
    tensors = [op.output for op in graph.inputs]
    streams = [_frames(files[tensor.name], tensor, labels) for tensor in tensors]
    size = sum(tensor.size for tensor in tensors)
    step = min(_CHUNK_IMAGES, max(1, _CHUNK_BYTES // size))
    done = 0
    while any(batch := [list(islice(stream, step)) for stream in streams]):
        shortest = min(batch, key=len)
        if any(len(items) > len(shortest) for items in batch):
            name = tensors[batch.index(shortest)].name
            raise DataError(
                f"{images}: the inputs have different numbers of images: '{name}' ends after "
                f"{done + len(shortest)}"
            )
        done += len(shortest)
        codes = {
            tensor.name: np.stack([pixels for _, pixels in items])
            for tensor, items in zip(tensors, batch, strict=True)
        }
        yield [name for name, _ in batch[0]], codes


def _frames(files: list[Path], tensor: Tensor, labels: Labels) -> Iterator[tuple[str, Bytes]]:
    channels = labels.channels[tensor.name]
    for path in files:
        if not _is_video(path):
            yield from fitted_frames(path, tensor.shape, labels.fit, channels)
            continue
        for number, picture in enumerate(video_frames(path)):
            frame = of_channels(picture, tensor.channels)
            pixels = fitted(frame, tensor.height, tensor.width, labels.fit)
            yield frame_name(path, number), ordered(pixels, channels)


def _predicted(
    output: Path, name: str, pixels: Bytes, maps: Mapping[str, Bytes], labels: Labels
) -> Predicted:
    several = len(labels.classes) > 1
    return Predicted(
        name,
        {
            key: _drawn(output, f"{name}.{key}" if several else name, pixels, maps[key], classes)
            for key, classes in labels.classes.items()
        },
    )


def _drawn(
    output: Path, name: str, pixels: Bytes, codes: Bytes, classes: tuple[ClassLabel, ...]
) -> Drawn:
    colours = np.array([item.colour for item in classes], np.uint8)
    files = write_pictures(output, name, pixels, codes, colours)
    numbers, counts = np.unique(codes, return_counts=True)
    shares = {
        classes[number].name: count / codes.size
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
    }
    return Drawn(*files, shares)
