"""Brings an image and its mask to a size."""

from __future__ import annotations

from typing import Literal

from PIL import Image

from fcn_hw.pictures import fitted, fitted_size
from fcn_hw.train.datasets.base import Bytes

Fit = Literal["resize", "crop", "pad"]


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
