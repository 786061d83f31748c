"""Data sets: from a ``dataset`` section of a design to images and masks as bytes in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from fcn_hw.design import Dataset, DigitScenes
from fcn_hw.errors import DataError
from fcn_hw.train.datasets import digit_scenes
from fcn_hw.train.datasets.base import SPLITS, DataSet, Split, empty_split

__all__ = ["SPLITS", "DataSet", "Split", "load_dataset"]


def data_root() -> Path | None:
    """The folder that ``FCN_HW_DATA`` names, if it does."""
    value = os.environ.get("FCN_HW_DATA", "")
    return Path(value) if value else None


def load_dataset(
    config: Dataset, *, root: Path | None = None, splits: Iterable[str] = SPLITS
) -> DataSet:
    """Loads or makes a data set.

    Args:
        config: the ``dataset`` section of a design.
        root: folder that relative paths start from; None takes ``FCN_HW_DATA``.
        splits: which of ``"train"`` and ``"val"`` to load; the other one is empty.

    Raises:
        DataError: a folder, list, image or mask is missing or wrong.
    """
    root = data_root() if root is None else root
    wanted = set(splits)
    assert wanted <= set(SPLITS), wanted
    assert isinstance(config, DigitScenes)
    mnist = None if config.mnist is None else below_root(config.mnist, root)
    train, val = (
        digit_scenes.make_split(config, split, mnist)
        if split in wanted
        else empty_split(config.height, config.width, 3)
        for split in SPLITS
    )
    return DataSet("digit_scenes", digit_scenes.CLASSES, None, train, val)


def below_root(path: str, root: Path | None) -> Path:
    """An absolute path as it is, a relative one below ``root``.

    Raises:
        DataError: relative, and there is no root.
    """
    given = Path(path).expanduser()
    if given.is_absolute():
        return given
    if root is None:
        raise DataError(
            f"{path}: FCN_HW_DATA is not set, so a relative path leads nowhere",
            hint="Set FCN_HW_DATA to the folder that holds the data sets, or give a full path.",
        )
    return root / given
