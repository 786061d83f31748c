"""Frames for a graph without a design: images, or integer codes as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import DataError
from fcn_hw.fixed import Codes
from fcn_hw.flow.labels import UNTOLD, GraphLabels, channels_of
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import takes_images
from fcn_hw.ops import Tensor
from fcn_hw.pictures import decode_image, fitted, ordered
from fcn_hw.train.datasets.pairs import read_lines

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".gif", ".apng", ".webp"}
)

_HOW = (
    "give a folder of images, a text file with an image a line, one image, or a .npy file of "
    "integer codes (frames, height, width, channels)"
)


RANDOM_SEED = 1
RANDOM_FRAMES = 8
"""Random frames where no number is given."""


@dataclass(frozen=True)
class Frames:
    """Codes of some frames.

    Args:
        codes: (N, height, width, channels), of the type that the files hold; a ``.npy`` stays on
            disk and is read where it is used.
        resized: how many images had another size and were fitted.
        decoded: whether they come from images, and not from a file of codes.
    """

    codes: npt.NDArray[np.integer]
    resized: int = 0
    decoded: bool = False


def graph_frames(
    graph: Graph, data: Path | None, limit: int | None = None, labels: GraphLabels = UNTOLD
) -> dict[str, npt.NDArray[np.integer]]:
    """Codes (N, H, W, C) of each input of a graph.

    Args:
        data: as :func:`load_inputs` reads it; None takes random codes.
        limit: at most so many frames; None takes all of ``data``, or :data:`RANDOM_FRAMES`.
        labels: how images are fitted and in which order their channels are.

    Raises:
        DataError: as :func:`load_inputs`.
    """
    if data is None:
        return dict(random_codes(graph, limit or RANDOM_FRAMES))
    return {name: item.codes for name, item in load_inputs(data, graph, limit, labels).items()}


def random_codes(graph: Graph, images: int) -> dict[str, Codes]:
    """Frames of each input over the whole range of its format; the first two hold its ends."""
    found = {}
    for number, op in enumerate(graph.inputs):
        fmt = op.output.format
        codes = np.random.default_rng(RANDOM_SEED + number).integers(
            fmt.min_code, fmt.max_code, (images, *op.output.shape), dtype=np.int64, endpoint=True
        )
        codes[0] = fmt.max_code
        if images > 1:
            codes[1] = fmt.min_code
        found[op.name] = codes
    return found


def load_inputs(
    path: Path, graph: Graph, limit: int | None = None, labels: GraphLabels = UNTOLD
) -> dict[str, Frames]:
    """The frames of each input of a graph.

    Args:
        path: of one input, as :func:`load_frames` reads it; of several, a folder that holds one
            such path for each input, by its name: ``<input>.npy``, ``<input>.txt``, or a folder.
        limit: at most so many frames.
        labels: as :func:`graph_frames`.

    Raises:
        DataError: as :func:`load_frames`; an input has no frames, or they are of different numbers.
    """
    if len(graph.inputs) == 1:
        (only,) = graph.inputs
        return {only.name: load_frames(path, only.output, limit, labels)}
    found = {}
    for op in graph.inputs:
        places = [path / f"{op.name}{suffix}" for suffix in (".npy", ".txt", "")]
        place = next((item for item in places if item.exists()), None)
        if place is None:
            names = ", ".join(f"'{item.name}'" for item in graph.inputs)
            raise DataError(
                f"{path}: there are no frames of the input '{op.name}'",
                hint=f"the graph has the inputs {names}: give a folder that holds for each of them "
                "a .npy file, a list .txt or a folder of images, with the input's name",
            )
        found[op.name] = load_frames(place, op.output, limit, labels)
    counts = {name: len(item.codes) for name, item in found.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} of '{name}'" for name, count in counts.items())
        raise DataError(f"{path}: the inputs have different numbers of frames: {told}")
    return found


def load_frames(
    path: Path, tensor: Tensor, limit: int | None = None, labels: GraphLabels = UNTOLD
) -> Frames:
    """The frames of ``path`` as the input ``tensor`` reads them.

    Args:
        path: a folder of images, a text file that names an image a line (what follows it, a mask
            say, is left out), one image, or a ``.npy`` file of codes.
        limit: at most so many.
        labels: as :func:`graph_frames`.

    Raises:
        DataError: missing, empty, undecodable, or codes of another shape or range.
    """
    if path.suffix == ".npy":
        return Frames(_codes(path, tensor)[:limit])
    images = image_files(path)[:limit]
    check_takes_images(
        tensor, hint="give a .npy file of integer codes (frames, height, width, channels)"
    )
    arrays, resized = [], 0
    for image in images:
        picture = decode_image(image, tensor.channels)
        resized += picture.size != (tensor.width, tensor.height)
        pixels = fitted(picture, tensor.height, tensor.width, labels.fit)
        arrays.append(ordered(pixels, channels_of(tensor, labels)))
    return Frames(np.stack(arrays), resized, decoded=True)


def check_takes_images(tensor: Tensor, *, hint: str) -> None:
    """Raises ``DataError`` where the bytes of an image are no codes of an input."""
    if not takes_images(tensor):
        raise DataError(
            f"images are bytes, grey or RGB: they don't fit the input '{tensor.name}' of "
            f"{tensor.channels} channels {tensor.format}",
            hint=hint,
        )


def image_files(path: Path) -> list[Path]:
    """The images of a folder, of a list with an image a line, or the one that is given.

    Raises:
        DataError: there are none.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder", hint=_HOW)
    if path.is_dir():
        found = sorted(item for item in path.iterdir() if item.suffix.lower() in IMAGE_SUFFIXES)
    elif path.suffix.lower() in IMAGE_SUFFIXES:
        found = [path]
    else:
        names = [
            line.split("\t")[0] if "\t" in line else line.split()[0] for _, line in read_lines(path)
        ]
        found = [path.parent / name for name in names]
    if not found:
        raise DataError(f"{path}: no images", hint=_HOW)
    return found


def _codes(path: Path, tensor: Tensor) -> npt.NDArray[np.integer]:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy meets damage with whatever its parsers raise
        raise DataError(f"{path}: no array that NumPy reads", hint=_HOW) from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "iu":
        raise DataError(f"{path}: holds no integers", hint=_HOW)
    if found.shape[1:] != tensor.shape or not len(found):
        raise DataError(
            f"{path}: shape {found.shape} is not (frames, {', '.join(map(str, tensor.shape))})"
        )
    low, high, fmt = int(found.min()), int(found.max()), tensor.format
    if low < fmt.min_code or high > fmt.max_code:
        raise DataError(
            f"{path}: codes {low} to {high}, {fmt} has {fmt.min_code} to {fmt.max_code}"
        )
    return found.astype(np.int64) if found.dtype == np.uint64 else found
