"""Random variations of training images: mirror, zoom, shift, brightness and contrast.

Bytes in, bytes out. All of the geometry is one gather of rows and columns, the same for image and
mask, so a mask never holds a value that was not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random variations.

    Args:
        mirror: left and right may be swapped.
        zoom: sizes between ``1 / zoom`` and ``zoom``; 1 is none.
        shift: greatest shift, as a part of the image's size.
        contrast: gain between ``1 - contrast`` and ``1 + contrast``.
        brightness: greatest offset, in byte values.
    """

    mirror: bool = False
    zoom: float = 1.2
    shift: float = 0.08
    contrast: float = 0.2
    brightness: float = 20.0


def augment(
    images: Bytes, masks: Bytes, how: Augmentation, random: np.random.Generator
) -> tuple[Bytes, Bytes]:
    """Varies each image of a batch, and its mask with it.

    Args:
        images: (N, H, W, C).
        masks: (N, H, W).
        how: the ranges.
        random: source of all randomness.
    """
    new_images, new_masks = np.empty_like(images), np.empty_like(masks)
    for index in range(len(images)):
        zoom = how.zoom ** random.uniform(-1, 1)
        rows = _places(masks.shape[1], zoom, how.shift * random.uniform(-1, 1))
        columns = _places(masks.shape[2], zoom, how.shift * random.uniform(-1, 1))
        if how.mirror and random.random() < 0.5:
            columns = columns[::-1]
        gain = 1 + how.contrast * random.uniform(-1, 1)
        offset = how.brightness * random.uniform(-1, 1)
        levels = np.clip((np.arange(256) - 128) * gain + 128 + offset, 0, 255).astype(np.uint8)
        where = np.ix_(rows, columns)
        new_images[index] = levels[images[index][where]]
        new_masks[index] = masks[index][where]
    return new_images, new_masks


def _places(size: int, zoom: float, shift: float) -> npt.NDArray[np.intp]:
    """For each new row (or column) the old one; beyond the border, the border's."""
    centres = (np.arange(size) + 0.5 - size / 2) / zoom + size / 2 + shift * size
    places: npt.NDArray[np.intp] = np.clip(np.floor(centres), 0, size - 1).astype(np.intp)
    return places
