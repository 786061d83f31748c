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
    images: Bytes, masks: Bytes, how: Augmentation, random: np.random.Generator, *maps: Bytes
) -> tuple[Bytes, ...]:
    """Varies each image of a batch, and with it its mask and what else is known of its places.

    Args:
        images: (N, H, W, C).
        masks: (N, H, W), or (N, 1, 1).
        how: the ranges.
        random: source of all randomness.
        maps: (N, H', W', ...), of the same field of view in any size; of one pixel, they stay.

    Returns:
        the images, masks and maps.
    """
    if how.rotation_deg:
        return _rotated(images, (masks, *maps), how, random)
    new_images, news = np.empty_like(images), tuple(item.copy() for item in (masks, *maps))
    for index in range(len(images)):
        zoom = how.zoom ** random.uniform(-1, 1)
        down, across = (how.shift * random.uniform(-1, 1) for _ in range(2))
        mirrored = how.mirror and random.random() < 0.5

        def moved(item: Bytes) -> Bytes:
            rows = _places(item.shape[0], zoom, down)  # noqa: B023 - called here only
            columns = _places(item.shape[1], zoom, across)  # noqa: B023
            return item[np.ix_(rows, columns[::-1] if mirrored else columns)]  # noqa: B023

        new_images[index] = _recoloured(moved(images[index]), how, random)
        for new, old in zip(news, (masks, *maps), strict=True):
            new[index] = moved(old[index])
    return (new_images, *news)


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
    images: Bytes, maps: tuple[Bytes, ...], how: Augmentation, random: np.random.Generator
) -> tuple[Bytes, ...]:
    """As :func:`augment`, all images of the batch at a time."""
    count = len(images)
    draws = random.uniform(-1, 1, (5, count, 1, 1))
    zoom, angle = how.zoom ** draws[0], np.deg2rad(how.rotation_deg) * draws[1]
    flip = np.where(how.mirror & (draws[4] < 0), -1.0, 1.0)
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom

    def places(height: int, width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        # for each new pixel the old one, both from the centre
        y = (np.arange(height) - (height - 1) / 2)[:, None]
        x = (np.arange(width) - (width - 1) / 2) * flip
        rows = cos * y - sin * x + how.shift * height * draws[2] + (height - 1) / 2
        columns = sin * y + cos * x + how.shift * width * draws[3] + (width - 1) / 2
        return np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)

    new_images = _bilinear(images, *places(*images.shape[1:3]))
    for index in range(count):
        new_images[index] = _recoloured(new_images[index], how, random)
    which = np.arange(count)[:, None, None]

    def moved(item: Bytes) -> Bytes:
        rows, columns = (
            np.floor(place + 0.5).astype(np.intp) for place in places(*item.shape[1:3])
        )
        return item[which, rows, columns]

    return (new_images, *map(moved, maps))


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
