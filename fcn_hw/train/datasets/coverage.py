"""Which classes the masks of a data set hold: what nobody labelled can't be learned or judged."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import DataError
from fcn_hw.train.datasets.base import DataSet, Split


def held_classes(split: Split, n_classes: int) -> npt.NDArray[np.bool_]:
    """Which classes some mask holds, (C,); mask by mask, so that memory stays flat."""
    found = np.zeros(256, bool)
    for mask in split.masks:
        found |= np.bincount(mask.ravel(), minlength=256) > 0
    return found[:n_classes]


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
        f"data set '{data.name}': no {where} holds {_named(data, which)}: {so}"
        for which, where, so in found
        if which.any()
    )


def _named(data: DataSet, which: Iterable[np.bool_]) -> str:
    names = [f"'{name}'" for name, chosen in zip(data.classes, which, strict=True) if chosen]
    return f"class{'es' if len(names) > 1 else ''} {', '.join(names)}"
