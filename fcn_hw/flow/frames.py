"""Frames for a graph without a design: images, or integer codes as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import DataError
from fcn_hw.ops import Tensor
from fcn_hw.train.datasets.images import decode_image, fit_pair
from fcn_hw.train.datasets.pairs import read_lines

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".gif"}
)

_HOW = (
    "give a folder of images, a text file with an image a line, one image, or a .npy file of "
    "integer codes (frames, height, width, channels)"
)


@dataclass(frozen=True)
class Frames:
    """Codes of some frames.

    Args:
        codes: (N, height, width, channels), of the type that the files hold; a ``.npy`` stays on
            disk and is read where it is used.
        resized: how many images had another size.
        decoded: whether they come from images, and not from a file of codes.
    """

    codes: npt.NDArray[np.integer]
    resized: int = 0
    decoded: bool = False


def load_frames(path: Path, tensor: Tensor, limit: int | None = None) -> Frames:
    """The frames of ``path`` as the input ``tensor`` reads them.

    Args:
        path: a folder of images, a text file that names an image a line (what follows it, a mask
            say, is left out), one image, or a ``.npy`` file of codes.
        limit: at most so many.

    Raises:
        DataError: missing, empty, undecodable, or codes of another shape or range.
    """
    if path.suffix == ".npy":
        return Frames(_codes(path, tensor)[:limit])
    images = _images(path)[:limit]
    if not images:
        raise DataError(f"{path}: no images", hint=_HOW)
    fmt = tensor.format
    if fmt.signed or fmt.width != 8 or tensor.channels not in (1, 3):
        raise DataError(
            f"images are bytes, grey or RGB: they don't fit the input '{tensor.name}' of "
            f"{tensor.channels} channels {fmt}",
            hint="give a .npy file of integer codes (frames, height, width, channels)",
        )
    arrays, resized = [], 0
    for image in images:
        picture = decode_image(image, tensor.channels)
        resized += picture.size != (tensor.width, tensor.height)
        pixels, _ = fit_pair(
            picture, picture.convert("L"), tensor.height, tensor.width, fit="resize", void=None
        )
        arrays.append(pixels)
    return Frames(np.stack(arrays), resized, decoded=True)


def _images(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(item for item in path.iterdir() if item.suffix.lower() in IMAGE_SUFFIXES)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file or folder", hint=_HOW)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return [path]
    names = [
        line.split("\t")[0] if "\t" in line else line.split()[0] for _, line in read_lines(path)
    ]
    return [path.parent / name for name in names]


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
