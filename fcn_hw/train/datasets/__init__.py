"""Data sets: from the ``dataset`` section of a design to images and masks, as bytes in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from fcn_hw.design import CamVid, Dataset, DigitScenes, FolderDataset, ListDataset, Mnist, Voc
from fcn_hw.errors import DataError
from fcn_hw.train.datasets import camvid, digit_scenes, mnist_digits, voc
from fcn_hw.train.datasets.base import SPLITS, DataSet, Split, empty_split
from fcn_hw.train.datasets.coverage import check_named
from fcn_hw.train.datasets.listed import listed_pairs
from fcn_hw.train.datasets.mnist import mnist_files
from fcn_hw.train.datasets.pairs import (
    Frame,
    Pair,
    check_files,
    existing_folder,
    files_digest,
    load_pairs,
    spread,
)

__all__ = [
    "SPLITS", "DataSet", "Split", "dataset_digest", "dataset_folder", "dataset_frame",
    "load_dataset", "split_pairs",
]  # fmt: skip


def load_dataset(
    config: Dataset, *, root: Path | None = None, splits: Iterable[str] = SPLITS
) -> DataSet:
    """Loads or makes a data set.

    Args:
        config: the ``dataset`` section of a design.
        root: folder that relative paths start from; None takes ``FCN_HW_DATA``.
        splits: which of :data:`SPLITS` to load; the others are empty.

    Raises:
        DataError: a folder, list, image or mask is missing or wrong; the message names it.
    """
    wanted = set(splits)
    assert wanted <= set(SPLITS), wanted
    if isinstance(config, DigitScenes):
        mnist = _mnist_folder(config, root)
        parts = {
            split: digit_scenes.make_split(config, split, mnist) for split in wanted - {"test"}
        }
        parts["test"] = empty_split(config.height, config.width, 3)
        classes, void, channels = digit_scenes.CLASSES, None, 3
    elif isinstance(config, Mnist):
        folder = mnist_folder(config, root)
        parts = {split: mnist_digits.make_split(config, split, folder) for split in wanted}
        classes, void, channels = mnist_digits.CLASSES, None, 1
    else:
        classes, frame = dataset_frame(config)
        void, channels = frame.void, frame.channels
        parts = {
            split: load_pairs(split_pairs(config, split, root), frame)
            for split in SPLITS
            if split in wanted
        }
    if isinstance(config, ListDataset) and "train" in wanted:
        check_named(config, parts["train"], [p.mask for p in split_pairs(config, "train", root)])
    nothing = empty_split(
        config.height, config.width, channels, one_class=isinstance(config, Mnist)
    )
    train, val, test = (parts.get(split, nothing) for split in SPLITS)
    return DataSet(config.kind, classes, void, train, val, test)


def dataset_digest(config: Dataset, root: Path | None = None) -> str:
    """Changes whenever :func:`load_dataset` would give other bytes; fast, decodes nothing.

    It doesn't depend on where the files lie: a moved data set is the same data set.

    Args:
        config: the ``dataset`` section of a design.
        root: folder that relative paths start from; None takes ``FCN_HW_DATA``.

    Returns:
        64 hexadecimal digits.

    Raises:
        DataError: a folder, list or file is missing.
    """
    settings = config.model_dump_json(exclude={"path", "mnist"}, exclude_defaults=True)
    if isinstance(config, DigitScenes):
        mnist = _mnist_folder(config, root)
        files = [] if mnist is None else [*mnist_files(mnist, "train"), *mnist_files(mnist, "t10k")]
        settings += f" generator {digit_scenes.VERSION}"
    elif isinstance(config, Mnist):
        folder = mnist_folder(config, root)
        files = [*mnist_files(folder, "train"), *mnist_files(folder, "t10k")]
    else:
        pairs = [pair for split in SPLITS for pair in split_pairs(config, split, root)]
        check_files(pairs)
        files = [path for pair in pairs for path in (pair.image, pair.mask)]
    return hashlib.sha256(f"{settings} {files_digest(files)}".encode()).hexdigest()


def dataset_frame(config: DigitScenes | FolderDataset) -> tuple[tuple[str, ...], Frame]:
    """The names of the classes, and what pairs of image and mask become."""
    if isinstance(config, DigitScenes):
        classes = digit_scenes.CLASSES
        return classes, Frame(config.height, config.width, 3, "resize", classes, None)
    classes, void, channels = _description(config)
    frame = Frame(config.height, config.width, channels, config.fit, classes, void)
    if isinstance(config, ListDataset):
        frame = replace(frame, own_masks=True, masks=config.masks)
    if isinstance(config, Voc):
        kept = tuple(classes.index(name) for name in config.classes)
        return config.classes, replace(frame, kept=kept)
    return classes, frame


def split_pairs(config: FolderDataset, split: str, root: Path | None = None) -> list[Pair]:
    """The pairs of a split, not more than the design's limit; none where it has no such split.

    Raises:
        DataError: the folder or a list is missing or malformed.
    """
    folder = dataset_folder(config, root)
    if isinstance(config, CamVid):
        pairs = camvid.camvid_pairs(folder, split, config.held_out)
    elif split == "test":
        return []
    elif isinstance(config, Voc):
        pairs = voc.voc_pairs(config, folder, split)
    else:
        assert isinstance(config, ListDataset)
        pairs = listed_pairs(config, folder, split)
    limits = {"train": config.train_limit, "val": config.val_limit, "test": None}
    return spread(pairs, limits[split])


def dataset_folder(config: FolderDataset, root: Path | None = None) -> Path:
    """The data set's folder: ``path``, or by default its name (for ``list``: the root itself).

    Raises:
        DataError: there is none.
    """
    assert isinstance(config, (CamVid, Voc, ListDataset))
    default = "." if isinstance(config, ListDataset) else config.kind
    path = default if config.path is None else config.path
    return existing_folder(_below_root(path, config.kind, root), config.kind)


def _description(config: FolderDataset) -> tuple[tuple[str, ...], int | None, int]:
    """Classes, void value and channels."""
    if isinstance(config, CamVid):
        return camvid.CLASSES, camvid.VOID, 3
    if isinstance(config, Voc):
        return voc.CLASSES, voc.VOID, 3
    assert isinstance(config, ListDataset)
    return config.classes, config.void, config.channels


def mnist_folder(config: Mnist, root: Path | None = None) -> Path:
    """The folder of the four idx files."""
    return existing_folder(_below_root(config.path or "mnist", "mnist", root), "mnist")


def _mnist_folder(config: DigitScenes, root: Path | None) -> Path | None:
    if config.mnist is None:
        return None
    return existing_folder(_below_root(config.mnist, "mnist", root), "mnist")


def _below_root(path: str, kind: str, root: Path | None) -> Path:
    """An absolute path as it is, a relative one below ``root`` or ``FCN_HW_DATA``.

    Raises:
        DataError: relative, and neither is given.
    """
    given = Path(path).expanduser()
    if given.is_absolute():
        return given
    base = str(root) if root is not None else os.environ.get("FCN_HW_DATA", "")
    if not base:
        raise DataError(
            f"data set '{kind}': '{path}' is relative, and FCN_HW_DATA is not set",
            hint="Set FCN_HW_DATA to the folder that holds it, or dataset.path to a full path.",
        )
    return Path(base).expanduser() / given
