"""Random variations of training images: geometry, brightness, contrast and colour.

Bytes in, bytes out. Without rotation all of the geometry is one gather of rows and columns, the
same for image and mask. With it images are interpolated bilinearly; a mask takes the nearest pixel,
so it never holds a value that was not in it. A mask of one pixel is the class of the image: it
stays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Augmentation

Bytes = npt.NDArray[np.uint8]


def augment(
    images: Bytes, masks: Bytes, how: Augmentation, random: np.random.Generator
) -> tuple[Bytes, Bytes]:
    """Varies each image of a batch, and its mask with it.

    Args:
        images: (N, H, W, C).
        masks: (N, H, W), or (N, 1, 1).
        how: the ranges.
        random: source of all randomness.
    """
    if how.rotation_deg:
        return _rotated(images, masks, how, random)
    height, width = images.shape[1:3]
    whole = masks.shape[1:] == (height, width)
    new_images, new_masks = np.empty_like(images), masks.copy()
    for index in range(len(images)):
        zoom = how.zoom ** random.uniform(-1, 1)
        rows = _places(height, zoom, how.shift * random.uniform(-1, 1))
        columns = _places(width, zoom, how.shift * random.uniform(-1, 1))
        if how.mirror and random.random() < 0.5:
            columns = columns[::-1]
        where = np.ix_(rows, columns)
        new_images[index] = _recoloured(images[index][where], how, random)
        if whole:
            new_masks[index] = masks[index][where]
    return new_images, new_masks


def _recoloured(image: Bytes, how: Augmentation, random: np.random.Generator) -> Bytes:
    """An image (H, W, C) at another brightness, contrast and colour."""
    gains = np.full(image.shape[-1], 1 + how.contrast * random.uniform(-1, 1))
    offset = how.brightness * random.uniform(-1, 1)
    if how.colour:  # else nothing is drawn: the variations of such a training stay as they were
        gains *= 1 + how.colour * random.uniform(-1, 1, len(gains))
    levels = np.clip((np.arange(256) - 128) * gains[:, None] + 128 + offset, 0, 255)
    new = np.empty_like(image)
    for channel, table in enumerate(levels.astype(np.uint8)):
        new[..., channel] = table[image[..., channel]]
    return new


def _rotated(
    images: Bytes, masks: Bytes, how: Augmentation, random: np.random.Generator
) -> tuple[Bytes, Bytes]:
    """As :func:`augment`, all images of the batch at a time."""
    count, height, width = images.shape[:3]
    draws = random.uniform(-1, 1, (5, count, 1, 1))
    zoom, angle = how.zoom ** draws[0], np.deg2rad(how.rotation_deg) * draws[1]
    flip = np.where(how.mirror & (draws[4] < 0), -1.0, 1.0)
    # for each new pixel the old one, both from the centre
    y = (np.arange(height) - (height - 1) / 2)[:, None]
    x = (np.arange(width) - (width - 1) / 2) * flip
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    rows = cos * y - sin * x + how.shift * height * draws[2] + (height - 1) / 2
    columns = sin * y + cos * x + how.shift * width * draws[3] + (width - 1) / 2
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    new_images = _bilinear(images, rows, columns)
    for index in range(count):
        new_images[index] = _recoloured(new_images[index], how, random)
    if masks.shape[1:] != (height, width):
        return new_images, masks.copy()
    which = np.arange(count)[:, None, None]
    nearest = np.floor(rows + 0.5).astype(np.intp), np.floor(columns + 0.5).astype(np.intp)
    return new_images, masks[which, nearest[0], nearest[1]]


def _bilinear(
    images: Bytes, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]
) -> Bytes:
    """Values between pixels, at places (N, H, W) inside the images."""
    height, width = images.shape[1:3]
    top, left = rows.astype(np.intp), columns.astype(np.intp)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    bottom, beside = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    which = np.arange(len(images))[:, None, None]
    upper = images[which, top, left] * (1 - right) + images[which, top, beside] * right
    lower = images[which, bottom, left] * (1 - right) + images[which, bottom, beside] * right
    return np.asarray(upper * (1 - down) + lower * down + 0.5, np.uint8)


def _places(size: int, zoom: float, shift: float) -> npt.NDArray[np.intp]:
    """For each new row (or column) the old one; beyond the border, the border's."""
    centres = (np.arange(size) + 0.5 - size / 2) / zoom + size / 2 + shift * size
    places: npt.NDArray[np.intp] = np.clip(np.floor(centres), 0, size - 1).astype(np.intp)
    return places
