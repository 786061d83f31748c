"""``camvid``: CamVid in the 11 classes of SegNet.

Brostow, Shotton, Fauqueur, Cipolla, ECCV 2008; classes and lists as in Badrinarayanan, Kendall,
Cipolla, "SegNet" (folders ``train``, ``trainannot``, ``val``, ``valannot``, and a list for each
split). The licence of the data allows personal and research use only.
"""

from __future__ import annotations

from pathlib import Path

from fcn_hw.errors import DataError
from fcn_hw.train.datasets.listed import read_pairs
from fcn_hw.train.datasets.pairs import Pair

CLASSES = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "bicyclist",
)
VOID = 11


def camvid_pairs(folder: Path, split: str, held_out: tuple[str, ...] = ()) -> list[Pair]:
    """The pairs of a split.

    ``val.txt`` is a part of a drive of which ``train.txt`` holds the rest. Whole sequences (drives)
    of ``train.txt`` that are held out are the split ``"test"``.

    Args:
        held_out: sequences, as the names of images begin: ``0001TP``.

    Raises:
        DataError: the list is missing, empty or malformed; a sequence is not in it, or nothing
            else is.
    """
    if split == "val":
        return read_pairs(folder / "val.txt", folder)
    if split == "test" and not held_out:
        return []
    pairs = read_pairs(folder / "train.txt", folder)
    there = sorted({sequence_of(pair) for pair in pairs})
    for name in held_out:
        if name not in there:
            raise DataError(
                f"dataset.held_out: '{name}' is no sequence of {folder / 'train.txt'}",
                hint=f"it has {', '.join(there)}",
            )
    chosen = [pair for pair in pairs if (sequence_of(pair) in held_out) == (split == "test")]
    if not chosen:
        raise DataError("dataset.held_out: no sequence is left to train on")
    return chosen


def sequence_of(pair: Pair) -> str:
    """The drive that an image is of: ``0001TP`` of ``0001TP_006690``."""
    return pair.name.split("_")[0]
