"""Which classes the masks of a data set hold: what nobody labelled can't be learned or judged."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.design import ListDataset
from fcn_hw.errors import DataError
from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.datasets.encoding import line_to_write

Longs = npt.NDArray[np.int64]


UNEVEN = 50
"""From this ratio of the largest class to the smallest on, weights in the loss are suggested."""


def class_pixels(split: Split) -> Longs:
    """Pixels of each mask value, (256,); mask by mask, so that memory stays flat."""
    found = np.zeros(256, np.int64)
    for mask in split.masks:
        found += np.bincount(mask.ravel(), minlength=256)
    return found


def held_classes(split: Split, n_classes: int) -> npt.NDArray[np.bool_]:
    """Which classes some mask holds, (C,)."""
    return np.asarray(class_pixels(split)[:n_classes] > 0)


def check_named(config: ListDataset, train: Split, masks: Iterable[Path]) -> None:
    """Each class that the design names has a pixel to learn from.

    Args:
        train: the loaded split.
        masks: its files, of which the hint tells.

    Raises:
        DataError: with the classes that no training mask holds.
    """
    missing = ~held_classes(train, len(config.classes))
    if not missing.any():
        return
    hints = []
    if config.masks is None and config.void is not None and class_pixels(train)[config.void]:
        line = line_to_write(masks, config.classes, config.void)
        hints.append(f"if {config.void} is a class and not void, {line}")
    hints.append(f"take {'it' if missing.sum() == 1 else 'them'} out of dataset.classes")
    if config.train_limit is not None:
        hints.append("raise dataset.train_limit")
    raise DataError(
        f"data set 'list': no training mask has a pixel of {_named(config.classes, missing)}",
        hint="\n".join(hints),
    )


def class_shares(data: DataSet) -> str:
    """The share of each class in the pixels of the training masks, and that of void."""
    pixels = class_pixels(data.train)
    counted = pixels[: data.n_classes]
    total = int(counted.sum())
    shares = [
        f"{name} {_percent(count, total)}"
        for name, count in zip(data.classes, counted.tolist(), strict=True)
    ]
    void = 0 if data.void is None else int(pixels[data.void])
    ignored = f"; void are {_percent(void, total + void)} of all pixels" if void else ""
    return f"training pixels: {', '.join(shares)}{ignored}"


def uneven_classes(data: DataSet) -> str:
    """What to try where the largest class has :data:`UNEVEN` times the pixels of the smallest that
    is there, else ""."""
    counted = dict(zip(data.classes, class_pixels(data.train).tolist(), strict=False))
    there = {name: count for name, count in counted.items() if count}
    if not there:
        return ""
    largest, smallest = max(there, key=there.__getitem__), min(there, key=there.__getitem__)
    ratio = there[largest] / there[smallest]
    if ratio < UNEVEN:
        return ""
    return (
        f"'{largest}' has {ratio:.0f} times the pixels of '{smallest}'; where rare classes are "
        "missed, try training.class_weights: 0.5"
    )


def check_labels(data: DataSet) -> None:
    """Training and validation have something to learn and to judge by.

    Raises:
        DataError: a split is empty, or all of it is void.
    """
    for name in ("train", "val"):
        split = data.split(name)
        if len(split) == 0:
            raise DataError(f"data set '{data.name}': split '{name}' is empty")
        if not held_classes(split, data.n_classes).any():
            raise DataError(
                f"data set '{data.name}': every pixel of split '{name}' is void ({data.void})",
                hint="the masks hold no class: compare their values with dataset.void",
            )


def absent_classes(data: DataSet) -> tuple[str, ...]:
    """A line for what is missing; none where every class is there.

    Training goes on: a data set may have more classes than its part at hand, and the weights of
    what is there are learned all the same.
    """
    train, val = (held_classes(part, data.n_classes) for part in (data.train, data.val))
    found = (
        (val & ~train, "training mask", "not learned, but scored, as validation masks do"),
        (train & ~val, "validation mask", "learned, but not scored"),
        (~val & ~train, "mask", "not learned and not scored"),
    )
    return tuple(
        f"data set '{data.name}': no {where} holds {_named(data.classes, which)}: {so}"
        for which, where, so in found
        if which.any()
    )


def _named(classes: Iterable[str], which: Iterable[np.bool_]) -> str:
    names = [f"'{name}'" for name, chosen in zip(classes, which, strict=True) if chosen]
    return f"class{'es' if len(names) > 1 else ''} {', '.join(names)}"


def _percent(count: int, total: int) -> str:
    return f"{100 * count / max(1, total):.2f} %"
