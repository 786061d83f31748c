"""Reads MNIST's idx files (LeCun, Cortes, Burges, "The MNIST database of handwritten digits").

idx: a big-endian magic number (0x0803: bytes in three dimensions, 0x0801: in one), the size of
each dimension as 32 bits, then the bytes.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from fcn_hw.errors import DataError
from fcn_hw.train.datasets.base import Bytes

_MAGIC = {1: 0x0801, 3: 0x0803}
_MAX_BYTES = 1 << 28


def mnist_files(folder: Path, part: str) -> tuple[Path, Path]:
    """The files of images and labels of ``part`` (``"train"`` or ``"t10k"``), gzipped or not.

    Raises:
        DataError: a file is missing.
    """
    return _find(folder, f"{part}-images-idx3-ubyte"), _find(folder, f"{part}-labels-idx1-ubyte")


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"{folder / name}: no such file, with or without .gz",
        hint="Set dataset.mnist to the folder of the four MNIST idx files, or leave it out.",
    )


def read_mnist(folder: Path, part: str) -> tuple[Bytes, Bytes]:
    """Images (n, rows, columns) and labels (n,) of ``part`` (``"train"`` or ``"t10k"``).

    Raises:
        DataError: a file is missing, truncated or not idx, or a label is above 9.
    """
    image_file, label_file = mnist_files(folder, part)
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if len(images) != len(labels):
        raise DataError(f"{label_file}: {len(labels)} labels for {len(images)} images")
    if labels.max() > 9:
        raise DataError(f"{label_file}: label {labels.max()} is outside 0 to 9")
    inked = images.any(axis=(1, 2))
    if not inked.any():
        raise DataError(f"{image_file}: every image is blank")
    return images[inked], labels[inked]


def read_idx(path: Path, dimensions: int) -> Bytes:
    """An idx file of bytes in 1 or 3 dimensions.

    Raises:
        DataError: unreadable, another magic number, or another length than its header says.
    """
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                raw = stream.read(_MAX_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: can't be read: {error}") from error
    header = 4 + 4 * dimensions
    if len(raw) < header:
        raise DataError(f"{path}: {len(raw)} bytes are too few for an idx header")
    magic, *shape = (int(word) for word in np.frombuffer(raw[:header], ">u4"))
    if magic != _MAGIC[dimensions]:
        raise DataError(
            f"{path}: magic number {magic:#06x}, expected {_MAGIC[dimensions]:#06x}: not idx bytes "
            f"in {dimensions} dimension{'s' if dimensions > 1 else ''}"
        )
    if math.prod(shape) != len(raw) - header:
        sizes = "x".join(str(size) for size in shape)
        raise DataError(f"{path}: header says {sizes} bytes, file has {len(raw) - header}")
    if not math.prod(shape):
        raise DataError(f"{path}: holds no data")
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)
