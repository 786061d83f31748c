"""Images and masks batch by batch: what is evaluated need not fit in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.design import Dataset, FolderDataset, Mnist
from fcn_hw.errors import ConfigError, DataError
from fcn_hw.train.datasets import (
    SPLITS,
    DataSet,
    Split,
    dataset_digest,
    dataset_folder,
    dataset_frame,
    load_dataset,
    split_pairs,
)
from fcn_hw.train.datasets.base import Bytes, Metric
from fcn_hw.train.datasets.images import Fit
from fcn_hw.train.datasets.listed import read_pairs
from fcn_hw.train.datasets.pairs import (
    Frame,
    Pair,
    check_files,
    files_digest,
    load_pairs,
    own_mask,
)


@dataclass(frozen=True)
class Stream:
    """Images and masks of one size.

    Args:
        name: for messages and file names.
        classes: names; a mask value is an index into them.
        void: the mask value that does not count, or None.
        metric: what they are judged by.
        count: of images.
        frame_bytes: of an image.
        digest: changes with the bytes of the files that are read.
        batches: of at most so many images, from the first one.
        own_masks: of so many images from one on, each mask in its own size; None: they have no
            other.
        fit: how images are brought to the frame.
    """

    name: str
    classes: tuple[str, ...]
    void: int | None
    metric: Metric
    count: int
    frame_bytes: int
    digest: str
    batches: Callable[[int], Iterator[Split]]
    own_masks: Callable[[int, int], Iterator[Bytes]] | None = None
    fit: Fit = "resize"


def split_stream(config: Dataset, split: str, root: Path | None = None) -> Stream:
    """A split of a design's data set.

    Args:
        config: the ``dataset`` section of a design.
        split: of :data:`SPLITS`.
        root: folder that relative paths start from; None takes ``FCN_HW_DATA``.

    Raises:
        ConfigError: no such split.
        DataError: the data set has none of this name, or a file is missing or wrong.
    """
    if split not in SPLITS:
        raise ConfigError(f"'{split}' is no split of a data set: {', '.join(SPLITS)}")
    digest = hashlib.sha256(f"{dataset_digest(config, root)} {split}".encode()).hexdigest()
    if isinstance(config, FolderDataset):
        classes, frame = dataset_frame(config)
        pairs = split_pairs(config, split, root)
        _check_count(len(pairs), config.kind, split)
        return _of_pairs(split, classes, frame, pairs, digest)
    data = load_dataset(config, root=root, splits=(split,))
    _check_count(len(data.split(split)), config.kind, split)
    return _in_memory(data, split, digest)


def list_stream(config: Dataset, path: Path, root: Path | None = None) -> Stream:
    """The pairs of a text file, one "image mask" a line, fitted as the data set fits its own.

    Paths are relative to the list's folder; where its first image is not there, to the data set's,
    or else to ``FCN_HW_DATA``.

    Args:
        config: the ``dataset`` section of a design.
        path: of the list.
        root: folder that relative paths start from; None takes ``FCN_HW_DATA``.

    Raises:
        ConfigError: the data set has no masks.
        DataError: the list or a file of it is missing, empty or malformed.
    """
    if isinstance(config, Mnist):
        raise ConfigError(
            f"data set '{config.kind}' has one class for a whole image, a list has masks",
            hint="leave --list out, or use --split",
        )
    classes, frame = dataset_frame(config)
    pairs = _located(config, path, root)
    check_files(pairs)
    files = files_digest([file for pair in pairs for file in (pair.image, pair.mask)])
    digest = hashlib.sha256(f"{classes} {frame} {files}".encode()).hexdigest()
    return _of_pairs(f"list_{path.stem}", classes, frame, pairs, digest)


def _located(config: Dataset, path: Path, root: Path | None) -> list[Pair]:
    """The pairs of the list, below the first folder that holds its first image."""
    pairs = read_pairs(path, path.parent)
    if pairs[0].image.is_file():
        return pairs
    folders = [Path(given) for given in (root or os.environ.get("FCN_HW_DATA"),) if given]
    if isinstance(config, FolderDataset):
        with suppress(DataError):  # the list need not be of the data set
            folders.insert(0, dataset_folder(config, root))
    for folder in folders:
        elsewhere = read_pairs(path, folder)
        if elsewhere[0].image.is_file():
            return elsewhere
    return pairs


def _of_pairs(
    name: str, classes: tuple[str, ...], frame: Frame, pairs: list[Pair], digest: str
) -> Stream:
    def batches(size: int) -> Iterator[Split]:
        for first in range(0, len(pairs), size):
            yield load_pairs(pairs[first : first + size], frame)

    def own_masks(first: int, count: int) -> Iterator[Bytes]:
        for pair in pairs[first : first + count]:
            yield own_mask(pair, frame)

    frame_bytes = frame.height * frame.width * frame.channels
    return Stream(
        name, classes, frame.void, "mIoU", len(pairs), frame_bytes, digest, batches, own_masks,
        frame.fit,
    )  # fmt: skip


def _in_memory(data: DataSet, name: str, digest: str) -> Stream:
    split = data.split(name)

    def batches(size: int) -> Iterator[Split]:
        for first in range(0, len(split), size):
            part = slice(first, first + size)
            yield Split(split.images[part], split.masks[part], split.names[part])

    metric: Metric = "accuracy" if split.one_class else "mIoU"
    frame_bytes = split.images[0].size
    return Stream(name, data.classes, data.void, metric, len(split), frame_bytes, digest, batches)


def _check_count(count: int, kind: str, split: str) -> None:
    if not count:
        raise DataError(
            f"data set '{kind}' has no split '{split}'",
            hint="only mnist, and camvid with held_out, have a test split"
            if split == "test"
            else "",
        )
