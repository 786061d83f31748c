"""Loads pairs of image file and mask file into arrays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_hw.design import MaskEncoding
from fcn_hw.errors import DataError
from fcn_hw.pictures import decode_image
from fcn_hw.train.datasets.base import Bytes, Split
from fcn_hw.train.datasets.encoding import WrongMask, decode_mask, line_to_write
from fcn_hw.train.datasets.images import Fit, fit_pair

_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Pair:
    """An image and its mask.

    Args:
        name: for reports.
        image: the image's file.
        mask: the mask's file.
        source: ``file:line`` of the list that names them.
    """

    name: str
    image: Path
    mask: Path
    source: str


@dataclass(frozen=True)
class Frame:
    """What all pairs of a data set become.

    Args:
        height, width: in pixels.
        channels: 1 or 3.
        fit: how another size gets there; see :func:`fit_pair`.
        classes: names; mask values are 0 to ``n_classes - 1``, or void.
        void: the value to ignore, or None.
        own_masks: whether the design may say how the files say the classes.
        masks: how they do; None: by these values.
        kept: the classes that are learned, which become 0, 1, ...; the others become void. None:
            all, as they are.
    """

    height: int
    width: int
    channels: int
    fit: Fit
    classes: tuple[str, ...]
    void: int | None
    own_masks: bool = False
    masks: MaskEncoding | None = None
    kept: tuple[int, ...] | None = None

    @property
    def n_classes(self) -> int:
        return len(self.classes)


def existing_folder(folder: Path, kind: str) -> Path:
    """``folder``, if it is one.

    Raises:
        DataError: it is not.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder, needed by data set '{kind}'",
            hint="Set dataset.path in the design, or FCN_HW_DATA to the folder that holds it.",
        )
    return folder


def read_lines(path: Path) -> list[tuple[str, str]]:
    """(``file:line``, text) of every line that isn't blank.

    Raises:
        DataError: missing, not UTF-8, or no such line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such list of images") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the list can't be read: {error}") from error
    lines = [
        (f"{path}:{number}", line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    if not lines:
        raise DataError(f"{path}: the list is empty")
    return lines


def spread(pairs: Sequence[Pair], limit: int | None) -> list[Pair]:
    """At most ``limit`` pairs, spread evenly: lists are often in the order of sequences."""
    if limit is None or limit >= len(pairs):
        return list(pairs)
    return [pairs[index * len(pairs) // limit] for index in range(limit)]


def check_files(pairs: Sequence[Pair]) -> None:
    """Every file is there.

    Raises:
        DataError: names the first that is not, and counts the others.
    """
    missing = [
        (path, what, pair.source)
        for pair in pairs
        for path, what in ((pair.image, "image"), (pair.mask, "mask"))
        if not path.is_file()
    ]
    if missing:
        path, what, source = missing[0]
        more = f"; {len(missing) - 1} more missing" if len(missing) > 1 else ""
        raise DataError(f"{path}: no such {what}, listed in {source}{more}")


def load_pairs(pairs: Sequence[Pair], frame: Frame) -> Split:
    """Decodes all pairs, several at a time.

    Raises:
        DataError: a file is missing or undecodable, sizes differ, or a mask holds a wrong value.
    """
    check_files(pairs)
    images = np.empty((len(pairs), frame.height, frame.width, frame.channels), np.uint8)
    masks = np.empty(images.shape[:3], np.uint8)

    def load(index: int) -> None:
        images[index], masks[index] = _load_pair(pairs[index], frame)

    try:
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            for _ in pool.map(load, range(len(pairs))):
                pass
    except WrongMask as error:
        hint = "Store masks as 8-bit grey or palette PNG whose values are class indices."
        if frame.own_masks:
            hint = line_to_write([pair.mask for pair in pairs], frame.classes, frame.void)
        raise DataError(error.message, hint=hint) from error
    return Split(images, masks, tuple(pair.name for pair in pairs))


def own_mask(pair: Pair, frame: Frame) -> Bytes:
    """The mask of a pair in the size of its image, (height, width); values as in the frame.

    Raises:
        DataError: the file is undecodable, or holds a wrong value.
    """
    return np.asarray(_mask(pair, frame), np.uint8)


def _load_pair(pair: Pair, frame: Frame) -> tuple[Bytes, Bytes]:
    image, mask = decode_image(pair.image, frame.channels), _mask(pair, frame)
    if image.size != mask.size:
        raise DataError(
            f"{pair.mask}: the mask is {mask.width}x{mask.height}, "
            f"its image {pair.image.name} is {image.width}x{image.height}"
        )
    try:
        return fit_pair(image, mask, frame.height, frame.width, fit=frame.fit, void=frame.void)
    except ValueError as error:
        raise DataError(
            f"{pair.image}: {error}", hint="Set dataset.void, or dataset.fit to resize or crop."
        ) from error


def _mask(pair: Pair, frame: Frame) -> Image.Image:
    mask = decode_mask(pair.mask, frame.masks, frame.void)
    values = np.flatnonzero(np.bincount(np.asarray(mask, np.uint8).ravel(), minlength=256))
    wrong = [int(v) for v in values if v >= frame.n_classes and v != frame.void]
    if wrong:
        allowed = f"0 to {frame.n_classes - 1}"
        if frame.void is not None:
            allowed += f", and {frame.void} for void"
        raise WrongMask(f"{pair.mask}: mask value {wrong[0]} is no class; allowed are {allowed}")
    if frame.kept is None:
        return mask
    assert frame.void is not None
    number = np.full(256, frame.void, np.uint8)
    number[list(frame.kept)] = np.arange(len(frame.kept))
    return Image.fromarray(number[np.asarray(mask, np.uint8)])


def files_digest(files: Sequence[Path]) -> str:
    """sha256 over name, size and last 4 KiB of each file; the same wherever the files lie.

    The end is enough: PNG and gzip end in check sums, and another JPEG all but never has the same
    size and the same end.

    Raises:
        DataError: a file is missing.
    """
    digest = hashlib.sha256()
    for path in files:
        try:
            with path.open("rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - _TAIL_BYTES))
                tail = stream.read()
        except OSError as error:
            raise DataError(f"{path}: can't be read: {error.strerror}") from error
        digest.update(f"{path.name}\0{size}\0".encode())
        digest.update(tail)
    return digest.hexdigest()
