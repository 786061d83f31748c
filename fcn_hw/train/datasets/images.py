"""Brings an image and its mask to a size."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from fcn_hw.pictures import fitted, fitted_size
from fcn_hw.train.datasets.base import Bytes

Fit = Literal["resize", "crop", "pad"]


def in_own_size(classes: Bytes, size: tuple[int, int], fit: Fit) -> Bytes:
    """A class map of a frame, brought back to the size of the image: each pixel takes the nearest.

    Args:
        classes: (height, width) of the frame.
        size: height and width of the image.
        fit: how the image was brought to the frame; not ``crop``, which has cut a part of it off.
    """
    assert fit != "crop"
    high, wide = size
    width, height = fitted_size((wide, high), classes.shape[0], classes.shape[1], fit)
    rows = (2 * np.arange(high) + 1) * height // (2 * high)
    columns = (2 * np.arange(wide) + 1) * width // (2 * wide)
    return classes[rows][:, columns]


def fit_pair(
    image: Image.Image, mask: Image.Image, height: int, width: int, *, fit: Fit, void: int | None
) -> tuple[Bytes, Bytes]:
    """Brings a pair of equal sizes to (height, width).

    Args:
        fit: how, see :func:`fcn_hw.pictures.fitted_size`. A border is black in the image and void
            in the mask. Masks take the nearest value.

    Returns:
        (height, width, channels) and (height, width).

    Raises:
        ValueError: a border is needed and ``void`` is None.
    """
    border = fit == "pad" and fitted_size(image.size, height, width, fit) != (width, height)
    if border and void is None:
        raise ValueError("fit 'pad' needs a void value for the border")
    labels = fitted(mask, height, width, fit, nearest=True, border=void or 0)
    return fitted(image, height, width, fit), labels[..., 0]
