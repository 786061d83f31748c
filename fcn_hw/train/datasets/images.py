"""Decodes one image, and brings it and its mask to a size."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from fcn_hw.errors import DataError
from fcn_hw.train.datasets.base import Bytes

Fit = Literal["resize", "crop", "pad"]

_DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


def decode_image(path: Path, channels: int) -> Image.Image:
    """An image as 8-bit grey (1 channel) or RGB (3); transparency is dropped.

    Raises:
        DataError: undecodable, or more than 8 bits a channel.
    """
    image = decode(path, "image")
    if image.mode in _DEEP_MODES:
        raise DataError(f"{path}: the image has more than 8 bits a channel; store bytes")
    return image.convert("RGB" if channels == 3 else "L")


def decode(path: Path, what: str) -> Image.Image:
    """A file as Pillow reads it.

    Args:
        what: ``"image"`` or ``"mask"``, for the message.

    Raises:
        DataError: undecodable.
    """
    try:
        with Image.open(path) as file:
            image: Image.Image = file
            image.load()
    except Exception as error:  # decoders raise nearly anything on broken bytes
        # Pillow repeats the path, or a memory address, for a file that it can't identify.
        reason = "not an image" if "cannot identify" in str(error) else str(error)
        raise DataError(f"{path}: the {what} can't be decoded: {reason}") from error
    return image


def fit_pair(
    image: Image.Image, mask: Image.Image, height: int, width: int, *, fit: Fit, void: int | None
) -> tuple[Bytes, Bytes]:
    """Brings a pair of equal sizes to (height, width).

    ``resize`` stretches to the size. ``crop`` keeps the aspect and takes the centre; a picture that
    doesn't cover the frame is enlarged until it does. ``pad`` keeps the aspect and adds a border
    at the right and the bottom, black in the image and void in the mask; a picture larger than
    the frame is shrunk until it fits. Images are averaged by area when they shrink and
    interpolated linearly when they grow; masks take the nearest value.

    Returns:
        (height, width, channels) and (height, width).

    Raises:
        ValueError: a border is needed and ``void`` is None.
    """
    wide, high = image.size
    if fit == "resize":
        size = (width, height)
    elif fit == "crop":
        size = _scaled(wide, high, max((width, wide), (height, high), (1, 1), key=_ratio))
    else:
        size = _scaled(wide, high, min((width, wide), (height, high), (1, 1), key=_ratio))
    if size != image.size:
        shrinks = size[0] <= wide and size[1] <= high
        image = image.resize(size, Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
        mask = mask.resize(size, Image.Resampling.NEAREST)
    pixels = np.atleast_3d(np.asarray(image, np.uint8))
    labels = np.asarray(mask, np.uint8)
    if fit == "crop":
        top, left = (size[1] - height) // 2, (size[0] - width) // 2
        window = np.s_[top : top + height, left : left + width]
        pixels, labels = pixels[window], labels[window]
    elif size != (width, height):
        if void is None:
            raise ValueError("fit 'pad' needs a void value for the border")
        border = ((0, height - size[1]), (0, width - size[0]))
        pixels = np.pad(pixels, (*border, (0, 0)))
        labels = np.pad(labels, border, constant_values=void)
    return pixels, labels


def _ratio(pair: tuple[int, int]) -> float:
    return pair[0] / pair[1]


def _scaled(wide: int, high: int, ratio: tuple[int, int]) -> tuple[int, int]:
    """(wide, high) times ``ratio``, to the nearest pixel, at least 1."""
    up, down = ratio
    return tuple(max(1, (2 * side * up + down) // (2 * down)) for side in (wide, high))  # type: ignore[return-value]
