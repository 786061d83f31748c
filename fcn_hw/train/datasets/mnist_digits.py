"""``mnist``: one digit an image, one class an image.

A classifier is a fully convolutional network whose map has one pixel (Long, Shelhamer, Darrell,
CVPR 2015, section 3.1), so a label is a mask of 1 x 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fcn_hw.design import Mnist
from fcn_hw.errors import DataError
from fcn_hw.train.datasets.base import Split
from fcn_hw.train.datasets.mnist import read_mnist

CLASSES = tuple(str(digit) for digit in range(10))


def make_split(config: Mnist, split: str, folder: Path) -> Split:
    """``train`` and ``val`` part the 60,000 training images, ``test`` is the 10,000 of ``t10k``.

    The last ``config.val_images`` of the training file are ``val``: other writers than the first
    ones, as the file is in the order of writers.

    Raises:
        DataError: a file is missing or broken, images have another size, or none is left to train.
    """
    images, labels = read_mnist(folder, "t10k" if split == "test" else "train")
    if images.shape[1:] != (config.height, config.width):
        rows, columns = images.shape[1:]
        raise DataError(
            f"{folder}: images of {rows} x {columns}, not {config.height} x {config.width}"
        )
    first = 0
    if split != "test":
        n_train = len(images) - config.val_images
        if n_train < 1:
            raise DataError(
                f"dataset.val_images: {config.val_images} of {len(images)} images leave none to "
                "train on"
            )
        first, last = (0, n_train) if split == "train" else (n_train, len(images))
        images, labels = images[first:last], labels[first:last]
        if split == "train" and config.train_limit is not None:
            images, labels = images[: config.train_limit], labels[: config.train_limit]
    names = tuple(f"{split}_{index:05d}" for index in range(first, first + len(images)))
    return Split(
        np.ascontiguousarray(images[..., None]), np.ascontiguousarray(labels[:, None, None]), names
    )
