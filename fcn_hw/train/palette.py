"""Pictures of segmentations: masks in colours, and images side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from fcn_hw.colours import class_colours

Bytes = npt.NDArray[np.uint8]

_VOID = (255, 255, 255)
_GAP = 6
_TITLE = 18
_PAPER = (255, 255, 255)
_INK = (40, 40, 40)


def colourise(mask: npt.NDArray[np.integer], void: int | None = None) -> Bytes:
    """A mask (height, width) in colours, (height, width, 3); void is white."""
    colours = class_colours(256)
    if void is not None:
        colours[void] = _VOID
    return np.asarray(colours[mask], dtype=np.uint8)


def comparison(
    images: Bytes,
    masks: Mapping[str, npt.NDArray[np.integer]],
    *,
    void: int | None = None,
    scale: int = 2,
) -> Image.Image:
    """A row for each image: the image, then each of its masks in colours.

    Args:
        images: (n, height, width, 1 or 3).
        masks: title of a column, and its (n, height, width) classes.
        void: the value drawn white, or None.
        scale: every pixel becomes ``scale`` by ``scale`` pixels.
    """
    rows = [
        [_rgb(images[index]), *(colourise(mask[index], void) for mask in masks.values())]
        for index in range(len(images))
    ]
    return side_by_side(rows, ["image", *masks], scale=scale)


def side_by_side(
    rows: Sequence[Sequence[Bytes]], titles: Sequence[str], *, scale: int = 1
) -> Image.Image:
    """Pictures of one size in a grid, with a title over each column.

    Args:
        rows: of (height, width, 3) pictures, as many in each row as there are titles.
        titles: of the columns.
        scale: every pixel becomes ``scale`` by ``scale`` pixels.
    """
    height, width = (side * scale for side in rows[0][0].shape[:2])
    sheet = Image.new(
        "RGB",
        (
            len(titles) * (width + _GAP) + _GAP,
            len(rows) * (height + _GAP) + _GAP + _TITLE,
        ),
        _PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default()
    for column, title in enumerate(titles):
        left = _GAP + column * (width + _GAP)
        draw.text((left, _GAP), title, fill=_INK, font=font)
        for number, row in enumerate(rows):
            picture = Image.fromarray(row[column]).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(picture, (left, _GAP + _TITLE + number * (height + _GAP)))
    return sheet


def _rgb(image: Bytes) -> Bytes:
    """Grey or RGB (height, width, channels) as RGB."""
    return np.broadcast_to(image, (*image.shape[:2], 3))
