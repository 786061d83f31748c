"""Class pictures of images that have no masks: by the oracle, or by the emitted C++ too.

<output>/<image>.classes.png    a palette image: its values are the classes
<output>/<image>.overlay.png    half the image as the network sees it, half the colours
<output>/predictions.json       what the colours mean, and how much of each image a class has
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
from fcn_hw.flow.frames import check_takes_images, image_files
from fcn_hw.flow.labels import labels_of
from fcn_hw.flow.pipeline import emitted_program, export_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.workspace import Target
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import Labels, channel_order
from fcn_hw.locks import locked
from fcn_hw.ops import Tensor
from fcn_hw.pictures import fitted_frames, frame_count, write_pictures
from fcn_hw.reference import evaluate
from fcn_hw.results import STRICT, write_result
from fcn_hw.train.datasets.base import Bytes

PREDICTIONS = "predictions.json"

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts"}
)

_CHUNK_BYTES = 16 << 20
_CHUNK_IMAGES = 256
"""Frames in memory at a time, however long an animation is."""


@dataclass(frozen=True, config=STRICT)
class Predicted:
    """An image and its class map.

    Args:
        name: of its file without suffix; of a frame of an animation, its number too.
        classes, overlay: the files of its two pictures.
        shares: the part of the pixels of each class that occurs, 0..1.
    """

    name: str
    classes: str
    overlay: str
    shares: Mapping[str, float]


@dataclass(frozen=True, config=STRICT)
class Predictions:
    """``predictions.json``.

    Args:
        network: of the design, or of the graph.
        colours: of the classes, ``#rrggbb``, by name in the order of their numbers.
        fit: how an image of another size becomes a frame, ``resize``, ``crop`` or ``pad``.
        channels: of each input, ``RGB`` or ``grey``.
        images: in the order of the files' names.
        board: whose C++ ran; None where the oracle alone did.
        layers: C++ against the oracle; none where it did not run.
    """

    network: str
    colours: Mapping[str, str]
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
    """Computes the class map of each image and writes its pictures.

    Args:
        images: a folder, a text file with an image a line, an image, or an animation (GIF, APNG,
            WebP), each of whose frames counts; of several inputs a folder that holds one of these
            for each, by its name. The pictures have the names of the first input's images.
        output: folder of the pictures; it is made.
        board: also run the emitted C++ for it; its class maps are those that are drawn, and every
            code of every tensor is compared with the oracle.

    Returns:
        also for a run that found mismatches: look at ``mismatches``.

    Raises:
        ConfigError: the network gives no class map; a video that needs a decoder.
        DataError: an image is missing or undecodable; an input does not take the bytes of images;
            the inputs have different numbers of images; two images have the same name.
    """
    graph = export_stage(workspace, progress)
    for op in graph.inputs:
        check_takes_images(op.output, hint="predict is for networks that see images")
    labels = labels_of(workspace, graph)
    if labels is None:
        raise ConfigError(
            f"'{graph.outputs[0]}', the first output of '{graph.name}', is no class map",
            hint="export the model with --output-kind classes or both",
        )
    files = {op.name: _files(images, op.name, len(graph.inputs) > 1) for op in graph.inputs}
    counts = {name: sum(map(frame_count, item)) for name, item in files.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} of '{name}'" for name, count in counts.items())
        raise DataError(f"{images}: the inputs have different numbers of images: {told}")
    count = counts[graph.inputs[0].name]
    with ExitStack() as stack:
        simulation = None
        if board is not None:
            stack.enter_context(locked(workspace.project(board), "fcn-hw predict"))
            simulation = Simulation(emitted_program(workspace, board, progress))
            graph = simulation.made.graph
        by = "" if board is None else f", C++ for {board.name} = oracle"
        progress.say(f"[cyan]predict[/] {escape(images.name)}: {count} images{by}")
        output.mkdir(parents=True, exist_ok=True)
        update = stack.enter_context(progress.counter("predict", count))
        shown: list[Predicted] = []
        seen: set[str] = set()
        for names, codes in _batches(graph, files, labels):
            if simulation is not None:
                maps = simulation.run(codes, len(shown), update)
            else:
                found = evaluate(graph, codes, keep=graph.outputs[:1])[graph.outputs[0]]
                maps = found[..., 0].astype(np.uint8)
            pixels = codes[graph.inputs[0].name]
            for name, frame, classes in zip(names, pixels, maps, strict=True):
                if name in seen:
                    raise DataError(f"{images}: two images have the name '{name}'")
                seen.add(name)
                shown.append(_drawn(output, name, frame, classes, labels))
            update(len(shown))
    result = Predictions(
        network=workspace.name,
        colours={
            name: css(colour) for name, colour in zip(labels.classes, labels.colours, strict=True)
        },
        fit=labels.fit,
        channels={op.name: channel_order(op.output) for op in graph.inputs},
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
    """The images of one input."""
    place = images
    if several:
        place = next((p for p in (images / name, images / f"{name}.txt") if p.exists()), images)
        if place == images:
            raise DataError(
                f"{images}: there are no images of the input '{name}'",
                hint="give a folder that holds a folder of images, or a list .txt, with the name "
                "of each input",
            )
    if place.suffix.lower() in VIDEO_SUFFIXES:
        raise ConfigError(
            f"{place}: a video of this kind is decoded by ffmpeg, which fcn_hw does not call",
            hint=f"make a folder of its frames: ffmpeg -i {place.name} frames/%05d.png",
        )
    return image_files(place)


def _batches(
    graph: Graph, files: Mapping[str, list[Path]], labels: Labels
) -> Iterator[tuple[list[str], dict[str, Bytes]]]:
    """Names of some images and their codes, by input."""
    tensors = [op.output for op in graph.inputs]
    streams = [_frames(files[tensor.name], tensor, labels.fit) for tensor in tensors]
    size = sum(tensor.size for tensor in tensors)
    step = min(_CHUNK_IMAGES, max(1, _CHUNK_BYTES // size))
    while batch := [list(islice(stream, step)) for stream in streams]:
        if not batch[0]:
            return
        codes = {
            tensor.name: np.stack([pixels for _, pixels in items])
            for tensor, items in zip(tensors, batch, strict=True)
        }
        yield [name for name, _ in batch[0]], codes


def _frames(files: list[Path], tensor: Tensor, fit: str) -> Iterator[tuple[str, Bytes]]:
    for path in files:
        yield from fitted_frames(path, tensor.shape, fit)


def _drawn(output: Path, name: str, pixels: Bytes, classes: Bytes, labels: Labels) -> Predicted:
    pictures = write_pictures(output, name, pixels, classes, np.array(labels.colours, np.uint8))
    numbers, counts = np.unique(classes, return_counts=True)
    shares = {
        labels.classes[number]: count / classes.size
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
    }
    return Predicted(name, *pictures, shares)
